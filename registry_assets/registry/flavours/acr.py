"""Azure Container Registry: repositories, tags and what manifests are of, from its own API.

https://learn.microsoft.com/rest/api/containerregistry/ (the data plane, `/acr/v1`)
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from registry_assets.errors import BrokenAnswer, NothingThere, NotSupported
from registry_assets.oci.digest import is_digest
from registry_assets.oci.reference import is_repository_name, is_tag
from registry_assets.oci.times import parse_time
from registry_assets.providers.credentials import explicit_credentials
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection
from registry_assets.registry.answers import Response
from registry_assets.registry.client import Client
from registry_assets.registry.distribution import Distribution
from registry_assets.registry.flavours.acr_tokens import AcrAuthenticator
from registry_assets.registry.flavours.azure import (
    AzureCredentials,
    has_azure_identity,
    is_configured,
    may_be_asked_for,
    missing_azure_identity,
)
from registry_assets.registry.flavours.documents import number, platform
from registry_assets.registry.listing import ListedRepository, ListedTag, RegistryDescription
from registry_assets.registry.origin import origin, parse_url
from registry_assets.registry.pages import Listing, next_link
from registry_assets.registry.transport import Limits
from registry_assets.registry.trust import Trust

API = "/acr/v1"
PAGE = 100
MOST_PAGES = 10_000
Entry = dict[str, Any]


class Acr(Distribution):
    """Given credentials win over Azure's default chain, that over Docker's configuration."""

    title: ClassVar[str] = "Azure Container Registry"

    def __init__(self, provider: Provider, environment: Mapping[str, str], limits: Limits | None = None) -> None:
        super().__init__(provider, environment, limits)
        base, login = self.client.base, self.client.authenticator.login
        self._asks_azure = explicit_credentials(provider) is None and may_be_asked_for(base, environment)
        if self._asks_azure and not has_azure_identity():
            self._asks_azure = False
            if is_configured(environment):
                raise missing_azure_identity()
        self.tags_newest_first = True
        self._authenticator = AcrAuthenticator(self.transport, Trust(base), login)
        self.client = Client(provider.name, self.transport, base, self._authenticator)
        self._opening = asyncio.Lock()

    async def _find_credentials(self) -> None:
        """The chain's credentials where it may be asked for some, looked for once."""
        async with self._opening:
            if self._asks_azure:
                self._authenticator.azure = await AzureCredentials.open(
                    self.client.base, self.provider, self.traffic, configured=is_configured(self.environment)
                )
                self._asks_azure = False

    async def describe(self) -> RegistryDescription:
        """The registry's own row. Public is one with anonymous pull, though its `/v2/` asks for a token."""
        described = await super().describe()
        public = described.public or await self._authenticator.is_public()
        return RegistryDescription(described.name, described.url, public)

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """The catalog; where there is none for us, the repositories that the configuration names."""
        await self._find_credentials()
        if selection.fully_named:
            yield [ListedRepository(name, confirmed=False) for name in sorted(selection.named_repositories)]
            return
        async for page in super().list_repositories(selection):
            yield page

    async def list_catalog(self) -> AsyncIterator[Sequence[ListedRepository]]:
        """`_catalog`: every repository by name."""
        listing = Listing(self.client, f"{API}/_catalog", "repositories", self.catalog_scope, PAGE)
        try:
            async for page in listing.pages():
                self.skipped.extend(name for name in page if not is_repository_name(name))
                yield [ListedRepository(name) for name in page if is_repository_name(name)]
        except NothingThere as error:
            raise NotSupported(
                "this host does not answer Azure Container Registry's API",
                method=error.method,
                url=error.url,
                status=error.status,
                advice="registry_type acr is for Azure itself; a mirror or another registry is private.",
            ) from error

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """`_tags`, the newest first, with what `_manifests` tells of them."""
        await self._find_credentials()
        contents = Contents(self._entries(repository, "_manifests", "manifests"))
        last = None
        async for page in self._entries(repository, "_tags", "tags"):
            tags = [listed_tag(entry, await contents.of(entry.get("digest"))) for entry in page]
            moments = [tag.pushed_at for tag in tags if tag.pushed_at]
            if moments != sorted(moments, reverse=True) or (last and moments and moments[0] > last):
                self.tags_newest_first = False
            last = moments[-1] if moments else last
            broken = next((tag.tag for tag in tags if not is_tag(tag.tag)), None)
            if broken is not None:
                raise BrokenAnswer(f"a tag breaks the specification: {broken[:100]!r}")
            yield tags

    async def _entries(self, repository: str, what: str, key: str) -> AsyncIterator[list[Entry]]:
        """The pages of one of a repository's lists, the latest update first."""
        scope = f"repository:{repository}:metadata_read"
        url = self.client.url(f"{API}/{quote(repository, safe='')}/{what}", n=PAGE, orderby="timedesc")
        visited: set[str] = set()
        for _ in range(MOST_PAGES):
            visited.add(str(url))
            response = await self._ask_list(url, scope)
            yield read_entries(response, key)
            link = next_link(response)
            if link is None:
                return
            url = parse_url(link, url)
            if str(url) in visited or origin(url) != origin(self.client.base):
                raise response.broken("the pages of this list go in circles, or elsewhere")
        raise BrokenAnswer(f"the list does not end after {MOST_PAGES} pages")

    async def _ask_list(self, url: Any, scope: str) -> Response:
        try:
            return await self.client.request("GET", url, headers={"accept": "application/json"}, scope=scope)
        except NothingThere as error:
            if error.code in self.unknown_codes:
                raise
            raise BrokenAnswer(
                f"a page that is not the registry's own says: {error.detail}",
                method=error.method,
                url=error.url,
                status=error.status,
            ) from error


class Contents:
    """What `_manifests` tells, read only as far as somebody asks."""

    def __init__(self, pages: AsyncIterator[list[Entry]]) -> None:
        self._pages, self._read = pages, dict[str, Entry]()

    async def of(self, digest: object) -> Entry:
        """The entry of a manifest; an empty one where the list has none."""
        while digest not in self._read:
            page = await anext(self._pages, None)
            if page is None:
                return {}
            self._read.update((str(entry.get("digest")), entry) for entry in page)
        return self._read[str(digest)]


def listed_tag(entry: Entry, content: Entry) -> ListedTag:
    """A tag with the media type, size and platform of its manifest; an index has neither size nor platform."""
    digest = str(entry.get("digest") or "")
    named = platform(content)
    return ListedTag(
        tag=str(entry.get("name") or ""),
        digest=digest if is_digest(digest) else None,
        media_type=str(content.get("mediaType") or "") or None,
        pushed_at=parse_time(entry.get("lastUpdateTime")),
        size=number(content.get("imageSize")) or None,
        platforms=(named,) if named else (),
    )


def read_entries(response: Response, key: str) -> list[Entry]:
    """The objects under `key`; null is an empty list, as is none at all. `BrokenAnswer` for anything else."""
    document = response.json()
    entries = document.get(key) if isinstance(document, dict) else ""
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise response.broken(f"`{key}` is no list of objects")
    return entries
