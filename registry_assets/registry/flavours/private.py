"""A registry of one's own: by the specification, and by its product's API where it is Harbor, Quay or GitLab."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from registry_assets.errors import BrokenAnswer, CredentialsRejected, NotAllowed, NothingThere, NotSupported
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection
from registry_assets.registry.challenge import Challenge
from registry_assets.registry.distribution import Distribution
from registry_assets.registry.flavours.gitlab import GitLab
from registry_assets.registry.flavours.harbor import Harbor
from registry_assets.registry.flavours.quay import Quay
from registry_assets.registry.listing import ListedRepository, ListedTag, RegistryDescription
from registry_assets.registry.transport import Limits

# What keeps a product's API from telling what the specification may still tell.
NO_API = (NotAllowed, NothingThere, NotSupported, BrokenAnswer)


class Product(Protocol):
    """A product's own listing. What it leaves out, or may not show to these credentials, the specification tells."""

    newest_first: bool

    async def prepare(self) -> None:
        """Once, before anything is listed. Raises `CredentialsRejected` for what the listing would pass over."""
        ...

    def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]: ...

    def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]: ...


Recognise = Callable[[Distribution, Challenge], Product | None]
PRODUCTS: tuple[Recognise, ...] = (Harbor.recognise, Quay.recognise, GitLab.recognise)


class Private(Distribution):
    """Any registry. What it is shows in the challenge of its first answer, so that finding out costs no request."""

    def __init__(self, provider: Provider, environment: Mapping[str, str], limits: Limits | None = None) -> None:
        super().__init__(provider, environment, limits)
        self._product: Product | None = None
        self._recognised = False
        self._recognising = asyncio.Lock()

    async def describe(self) -> RegistryDescription:
        """The registry's own row; its answer tells the product too."""
        description = await super().describe()
        await self._recognise()
        return description

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """The product's repositories with what it knows of them; else the catalog, else what is named."""
        product, begun = await self._find_product(), False
        try:
            if product:
                async for page in product.list_repositories(selection):
                    begun = begun or bool(page)
                    yield page
        except NO_API:
            if begun:
                raise
        if not begun:
            async for page in super().list_repositories(selection):
                yield page

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """The product's tags; by the specification where it lists none, which also tells a missing repository."""
        product, begun = await self._find_product(), False
        try:
            if product:
                async for page in product.list_tags(repository):
                    begun = begun or bool(page)
                    yield page
        except NO_API as error:
            if begun:
                raise
            if isinstance(error, CredentialsRejected):
                self._product = None
        if not begun:
            async for page in super().list_tags(repository):
                yield page

    async def _find_product(self) -> Product | None:
        async with self._recognising:
            if not self._recognised:
                await self.client.answers_anonymously("/v2/")
                await self._recognise()
            return self._product

    async def _recognise(self) -> None:
        challenge = self.client.authenticator.asked_first
        self._recognised = True
        found = (recognise(self, challenge) for recognise in PRODUCTS) if challenge else ()
        self._product = next((product for product in found if product), None)
        if self._product:
            self.tags_newest_first = self._product.newest_first
            await self._product.prepare()
