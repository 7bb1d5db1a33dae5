"""Quay: repositories and tags from its API, https://docs.projectquay.io/api_quay.html.

The API knows OAuth tokens only; to it a robot account or a password is nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote

from registry_assets.errors import BrokenAnswer, NotAllowed, NothingThere, NotSupported
from registry_assets.oci.digest import is_digest
from registry_assets.oci.reference import is_repository_name, is_tag
from registry_assets.providers.selection import Selection, split_name
from registry_assets.registry.auth import Authenticator, Login
from registry_assets.registry.challenge import Challenge
from registry_assets.registry.client import Client
from registry_assets.registry.distribution import Distribution
from registry_assets.registry.flavours.documents import number
from registry_assets.registry.listing import ListedRepository, ListedTag
from registry_assets.registry.trust import Trust

REALM = "/v2/auth"
API = "/api/v1/repository"
# The user name under which the registry takes an OAuth token for a password.
OAUTH_USER = "$oauthtoken"
PAGE = 100
MOST_PAGES = 10_000


class Quay:
    """Quay's listing, for an OAuth token, and for nobody what is public."""

    def __init__(self, registry: Distribution, oauth: Login) -> None:
        self.newest_first = True
        self._registry = registry
        asked = registry.client
        authenticator = Authenticator(registry.transport, Trust(asked.base), oauth)
        self._api = Client(asked.provider, registry.transport, asked.base, authenticator)

    @classmethod
    def recognise(cls, registry: Distribution, challenge: Challenge) -> Self | None:
        """By its token service, which knows scopes of repositories alone and takes none for the catalog."""
        if not challenge.realm.endswith(REALM):
            return None
        registry.catalog_scope = ""
        authenticator = registry.client.authenticator
        login = authenticator.login
        if login.scheme == "bearer":
            authenticator.login = Login("basic", OAUTH_USER, login.secret)
        elif login.scheme == "basic" and login.username == OAUTH_USER:
            login = Login("bearer", "", login.secret)
        return cls(registry, login) if login.scheme in ("anonymous", "bearer") else None

    async def prepare(self) -> None:
        """Nothing: the API refuses a wrong token."""

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """What is named one by one, then the named namespaces'. The API lists no others but all that are public."""
        if not selection.namespaces_named:
            raise NotSupported("Quay's API lists one namespace at a time")
        named, width = sorted(selection.named_repositories), self._registry.concurrency
        for start in range(0, len(named), width):
            yield await asyncio.gather(*map(self._fetch_repository, named[start : start + width]))
        for namespace in sorted(selection.named_namespaces):
            async for page in self._list_namespace(namespace):
                yield page

    async def _fetch_repository(self, repository: str) -> ListedRepository:
        """Unconfirmed where it cannot be seen: listing its tags then tells why."""
        try:
            url = self._api.url(repository_path(repository), includeTags="false")
            return listed_repository(await self._api.fetch_json(url))
        except (NotAllowed, NothingThere, BrokenAnswer):
            return ListedRepository(repository, confirmed=False)

    async def _list_namespace(self, namespace: str) -> AsyncIterator[Sequence[ListedRepository]]:
        query = {"namespace": namespace, "public": "true", "last_modified": "true"}
        for _ in range(MOST_PAGES):
            document = await self._ask(API, "repositories", **query)
            listed = [listed_repository(entry) for entry in document["repositories"]]
            self._registry.skipped.extend(one.repository for one in listed if not is_repository_name(one.repository))
            yield [one for one in listed if is_repository_name(one.repository)]
            following = document.get("next_page")
            if not isinstance(following, str) or not following:
                return
            if following == query.get("next_page"):
                break
            query["next_page"] = following
        raise BrokenAnswer(f"the repositories of {namespace} do not end")

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """The living tags, newest first. One that moved meanwhile is on the first page then."""
        path, oldest = f"{repository_path(repository)}/tag/", datetime.max.replace(tzinfo=UTC)
        for page in range(1, MOST_PAGES + 1):
            document = await self._ask_tags(path, page)
            tags = self._listed_tags(document)
            for tag in tags:
                # The order is read from Quay's source and not promised; where it is not kept, every page is read.
                sorted_so_far = (tag.pushed_at or oldest) <= oldest
                self._registry.tags_newest_first = self._registry.tags_newest_first and sorted_so_far
                oldest = tag.pushed_at or oldest
            yield tags
            if not document.get("has_additional"):
                break
        else:
            raise BrokenAnswer(f"the tags of {repository} do not end")
        if page > 1:
            yield self._listed_tags(await self._ask_tags(path, 1))

    async def _ask_tags(self, path: str, page: int) -> dict[str, Any]:
        return await self._ask(path, "tags", page=page, limit=PAGE, onlyActiveTags="true")

    def _listed_tags(self, document: dict[str, Any]) -> list[ListedTag]:
        return [listed_tag(entry) for entry in document["tags"] if is_tag(str(entry.get("name", "")))]

    async def _ask(self, path: str, key: str, **query: str | int) -> dict[str, Any]:
        """A document that has a list of objects under `key`."""
        response = await self._api.request("GET", self._api.url(path, **query), headers={"accept": "application/json"})
        document = response.json()
        entries = document.get(key) if isinstance(document, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise response.broken(f"the answer holds no `{key}`")
        return dict(document)


def repository_path(repository: str) -> str:
    """Where the API has a repository."""
    namespace, name = split_name(repository)
    if not is_repository_name(repository) or not namespace:
        raise NothingThere(f"Quay's repositories are `namespace/name`; `{repository}` cannot be one of them")
    return f"{API}/{quote(namespace, safe='')}/{quote(name, safe='/')}"


def listed_repository(entry: Any) -> ListedRepository:
    """`popularity` is a count of all actions and not of pulls, so it is left out."""
    if not isinstance(entry, dict) or not entry.get("name"):
        raise BrokenAnswer("Quay lists a repository without a name")
    return ListedRepository(
        repository=f"{entry.get('namespace', '')}/{entry['name']}",
        description=str(entry.get("description") or "") or None,
        updated_at=moment(entry.get("last_modified")),
    )


def listed_tag(entry: dict[str, Any]) -> ListedTag:
    """`start_ts` is when the tag was last set. The size of a list of manifests is not told."""
    digest = str(entry.get("manifest_digest") or "")
    return ListedTag(
        tag=str(entry["name"]),
        digest=digest if is_digest(digest) else None,
        pushed_at=moment(entry.get("start_ts")),
        size=number(entry.get("size")) or None,
    )


def moment(seconds: object) -> datetime | None:
    """The time of a Unix timestamp."""
    found = number(seconds)
    return datetime.fromtimestamp(found, UTC) if found and 0 < found < 253_402_300_800 else None
