"""GitLab's container registry: repositories from GitLab's API, https://docs.gitlab.com/api/container_registry/.

Its tags come by the specification: the API tells names alone, and one tag at a time more.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Self
from urllib.parse import quote

from registry_assets.errors import BrokenAnswer, NotAllowed, NothingThere, RegistryError
from registry_assets.oci.reference import is_repository_name
from registry_assets.oci.times import parse_time
from registry_assets.providers.selection import Selection
from registry_assets.registry.auth import Login
from registry_assets.registry.challenge import Challenge
from registry_assets.registry.distribution import Distribution, named
from registry_assets.registry.flavours.documents import objects
from registry_assets.registry.listing import ListedRepository, ListedTag
from registry_assets.registry.origin import parse_url
from registry_assets.registry.pages import next_link

SERVICE = "container_registry"
REALM = "/jwt/auth"
API = "/api/v4"
PAGE = 100
MOST_PAGES = 10_000


class GitLab:
    """GitLab's listing. The API is where the token service is; the registry's password there is a token here."""

    newest_first = False

    def __init__(self, registry: Distribution, gitlab: str) -> None:
        self._registry = registry
        secret = registry.client.authenticator.login.secret
        self._api = registry.client_for(gitlab, Login("bearer", "", secret))

    @classmethod
    def recognise(cls, registry: Distribution, challenge: Challenge) -> Self | None:
        """By its token service. Without credentials the API shows no registry."""
        if challenge.service != SERVICE or not challenge.realm.endswith(REALM):
            return None
        if registry.client.authenticator.login.scheme != "basic":
            return None
        realm = str(parse_url(challenge.realm, registry.client.base))
        return cls(registry, realm.removesuffix(REALM))

    async def prepare(self) -> None:
        """Signs in at the token service: that GitLab may be given the password at all is decided there."""
        await self._registry.client.authenticator.prepare("")

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """What is named as it is; the repositories of the named groups, else of all groups of the token's user."""
        if selection.named_repositories:
            yield named(selection)
        if selection.fully_named:
            return
        refused: RegistryError | None = None
        async for group in self._groups(selection):
            try:
                async for page in self._pages(f"/groups/{quote(group, safe='')}/registry/repositories"):
                    listed = [listed_repository(entry) for entry in page]
                    self._registry.skipped.extend(
                        one.repository for one in listed if not is_repository_name(one.repository)
                    )
                    yield [one for one in listed if is_repository_name(one.repository)]
            except (NotAllowed, NothingThere) as error:
                refused = error
        if refused:
            refused.specific_advice = (
                "Give a personal or group access token with the scopes read_api and read_registry; repositories outside"
                " of groups have to be named."
            )
            raise refused

    async def _groups(self, selection: Selection) -> AsyncIterator[str]:
        for group in sorted(selection.named_namespaces):
            yield group
        if not selection.namespaces_named:
            async for page in self._pages("/groups", top_level_only="true"):
                for entry in page:
                    if entry.get("full_path") not in selection.named_namespaces:
                        yield str(entry.get("full_path", ""))

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:  # noqa: ARG002 - as other products
        """None: the specification tells as much, and its `HEAD` the digest."""
        nothing: tuple[list[ListedTag], ...] = ()
        for page in nothing:
            yield page

    async def _pages(self, path: str, **query: str) -> AsyncIterator[list[dict[str, Any]]]:
        """Each page's objects, https://docs.gitlab.com/api/rest/#pagination."""
        for page in range(1, MOST_PAGES + 1):
            url = self._api.url(f"{API}{path}", page=page, per_page=PAGE, **query)
            response = await self._api.request("GET", url, headers={"accept": "application/json"})
            yield objects(response)
            if next_link(response) is None:
                return
        raise BrokenAnswer(f"the list at {path} does not end after {MOST_PAGES} pages")


def listed_repository(entry: dict[str, Any]) -> ListedRepository:
    """`path` is the full name; `name` what is below the project."""
    return ListedRepository(str(entry.get("path", "")), created_at=parse_time(entry.get("created_at")))
