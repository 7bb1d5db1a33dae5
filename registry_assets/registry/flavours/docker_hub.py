"""Docker Hub: repositories and tags from the Hub API, content from its registry within the pull budget.

https://docs.docker.com/reference/api/hub/latest/ and https://docs.docker.com/docker-hub/usage/pulls/
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from registry_assets.errors import (
    BrokenAnswer,
    BudgetSpent,
    CredentialsRejected,
    NotAllowed,
    NothingThere,
    NotSupported,
    RateLimited,
)
from registry_assets.oci.digest import is_digest
from registry_assets.oci.reference import is_repository_name, is_tag
from registry_assets.oci.times import parse_time
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection, split_name
from registry_assets.registry.answers import Response
from registry_assets.registry.auth import Login
from registry_assets.registry.client import Client
from registry_assets.registry.distribution import Distribution
from registry_assets.registry.flavours.documents import number, platform
from registry_assets.registry.flavours.hub_sign_in import HubAuthenticator
from registry_assets.registry.flavours.pull_budget import PullBudget
from registry_assets.registry.listing import ListedRepository, ListedTag
from registry_assets.registry.origin import parse_url, shown
from registry_assets.registry.transport import Limits

HUB_API = "https://hub.docker.com"
# Any other host is taken to serve the Hub API on the registry's own origin.
HUB_REGISTRIES = frozenset({"registry-1.docker.io", "index.docker.io", "registry.hub.docker.com"})
PAGE = 100
MOST_PAGES = 10_000
NEVER = datetime.max.replace(tzinfo=UTC)
ORGANIZATION_TOKEN = "dckr_oat_"  # noqa: S105 - what they begin with
UNSEEN_ADVICE = (
    "Check the name, and that the credentials may read it: Docker Hub shows private repositories as missing."
)
NAMING_ADVICE = "Name a namespace in `namespace_pattern` (official images are in `library`), or give credentials."


class DockerHub(Distribution):
    """Docker Hub. The pull budget is among its traffic's allowances."""

    title: ClassVar[str] = "Docker Hub"
    public: ClassVar[bool | None] = True
    realm_hosts: ClassVar[frozenset[str]] = frozenset({"auth.docker.io"})

    def __init__(self, provider: Provider, environment: Mapping[str, str], limits: Limits | None = None) -> None:
        super().__init__(provider, environment, limits)
        self.tags_newest_first = True
        self.budget = PullBudget(self.traffic.allowances)
        self._first_pull = asyncio.Lock()
        login = self.client.authenticator.login
        self._login = login if login.scheme == "basic" else Login()
        base = parse_url(HUB_API) if self.client.base.host in HUB_REGISTRIES else self.client.base
        self.hub = Client(provider.name, self.transport, base, HubAuthenticator(self.transport, base, self._login))

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """What is named is asked for by name; else the named namespaces are listed, else the credentials' own."""
        named = sorted(selection.named_repositories)
        for start in range(0, len(named), self.concurrency):
            yield await asyncio.gather(*map(self._fetch_repository, named[start : start + self.concurrency]))
        if selection.fully_named:
            return
        missing: NothingThere | None = None
        for namespace in sorted(selection.named_namespaces):
            try:
                async for page in self._list_namespace(namespace):
                    yield page
            except NothingThere as error:
                missing = error
        if not selection.namespaces_named:
            async for page in self._list_own():
                yield page
        if missing:
            raise missing

    async def _fetch_repository(self, repository: str) -> ListedRepository:
        """Unconfirmed where it cannot be seen: listing its tags then tells why."""
        try:
            entry = await self.hub.fetch_json(repository_path(repository))
        except CredentialsRejected:
            raise
        except (NothingThere, NotAllowed):
            return ListedRepository(repository, confirmed=False)
        return replace(listed_repository(entry, split_name(repository)[0]), repository=repository)

    async def _list_namespace(self, namespace: str) -> AsyncIterator[Sequence[ListedRepository]]:
        try:
            async for page in self._pages(f"/v2/namespaces/{quote(namespace, safe='')}/repositories"):
                repositories = [listed_repository(entry, namespace) for entry in page]
                self.skipped.extend(one.repository for one in repositories if not is_repository_name(one.repository))
                yield [one for one in repositories if is_repository_name(one.repository)]
        except NothingThere as error:
            detail = f"Docker Hub has no namespace `{namespace}` that these credentials can see ({error.detail})"
            raise NothingThere(
                detail, method=error.method, url=error.url, status=error.status, advice=NAMING_ADVICE
            ) from error

    async def _list_own(self) -> AsyncIterator[Sequence[ListedRepository]]:
        if self._login.scheme != "basic":
            raise NotSupported(
                "Docker Hub does not list all its repositories, and without credentials no namespace is one's own",
                provider=self.provider.name,
                advice=NAMING_ADVICE,
            )
        async for namespace in self._own_namespaces():
            try:
                async for page in self._list_namespace(namespace):
                    yield page
            except NothingThere:
                continue

    async def _own_namespaces(self) -> AsyncIterator[str]:
        """The user's own, then their organisations (which an organisation's token cannot have)."""
        yield self._login.username
        if self._login.secret.get_secret_value().startswith(ORGANIZATION_TOKEN):
            return
        # Not in the published reference; Docker's own tools ask so (docker/hub-tool, docker/hub-mcp).
        async for page in self._pages("/v2/user/orgs"):
            for entry in page:
                yield str(entry.get("orgname", ""))

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """All tags with digest, size, platforms and push time, newest first."""
        oldest = NEVER
        async for page in self._tag_pages(repository):
            for entry in page:
                moment = parse_time(entry.get("last_updated")) or oldest
                self.tags_newest_first = self.tags_newest_first and moment <= oldest
                oldest = moment
            yield [listed_tag(entry) for entry in page if is_tag(str(entry.get("name", "")))]

    async def _tag_pages(self, repository: str) -> AsyncIterator[list[dict[str, Any]]]:
        try:
            # `ordering` is not documented (read from Renovate); where it is not kept, every page is read.
            async for page in self._pages(f"{repository_path(repository)}/tags", ordering="last_updated"):
                yield page
        except NothingThere as error:
            error.specific_advice = UNSEEN_ADVICE
            raise

    async def _pages(self, path: str, **query: str) -> AsyncIterator[list[dict[str, Any]]]:
        """The `results` of each page. A list that changes so that entries slip between two pages is an error."""
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            url = self.hub.url(path, page=page, page_size=PAGE, **query)
            document = await self.hub.fetch_json(url)
            results = document.get("results") if isinstance(document, dict) else None
            if not isinstance(results, list) or not all(isinstance(entry, dict) for entry in results):
                raise BrokenAnswer("the answer holds no `results`", method="GET", url=shown(url), status=200)
            seen.update(str(entry.get("name") or entry.get("orgname")) for entry in results)
            yield results
            if not document.get("next"):
                if len(seen) < (number(document.get("count")) or 0):
                    break
                return
            if not results:
                break
        raise BrokenAnswer("the list changed while it was read", method="GET", url=shown(url), status=200)

    async def _ask_manifest(self, method: str, repository: str, reference: str) -> Response:
        """A GET is a pull. The first goes alone, since only an answer tells how many are left."""
        if method != "GET":
            return self.budget.learn(await super()._ask_manifest(method, repository, reference))
        async with self._first_pull:
            if not self.budget.asked:
                return await self._pull(repository, reference)
        return await self._pull(repository, reference)

    async def _pull(self, repository: str, reference: str) -> Response:
        self.budget.spend()
        try:
            return self.budget.learn(await super()._ask_manifest("GET", repository, reference))
        except BudgetSpent:
            raise
        except RateLimited as error:
            raise self.budget.end(f"no pull is left ({error.detail})", error.status) from error


def repository_path(repository: str) -> str:
    """Where the Hub API has a repository."""
    namespace, name = split_name(repository)
    if not is_repository_name(repository) or not namespace or "/" in name:
        raise NothingThere(f"Docker Hub's repositories are `namespace/name`; `{repository}` cannot be one of them")
    return f"/v2/namespaces/{namespace}/repositories/{name}"


def listed_repository(entry: dict[str, Any], namespace: str) -> ListedRepository:
    """https://docs.docker.com/reference/api/hub/latest/schemas/repository_list_entry/"""
    return ListedRepository(
        repository=f"{namespace}/{entry.get('name', '')}",
        description=str(entry.get("description") or "") or None,
        official=namespace == "library",
        star_count=number(entry.get("star_count")),
        pull_count=number(entry.get("pull_count")),
        created_at=parse_time(entry.get("date_registered")),
        updated_at=parse_time(entry.get("last_updated")),
    )


def listed_tag(entry: dict[str, Any]) -> ListedTag:
    """https://docs.docker.com/reference/api/hub/latest/schemas/tag/"""
    images = entry.get("images")
    platforms = [platform(image) for image in images if isinstance(image, dict)] if isinstance(images, list) else []
    return ListedTag(
        tag=str(entry["name"]),
        digest=digest if is_digest(digest := str(entry.get("digest") or "")) else None,
        media_type=str(entry.get("media_type") or "") or None,
        pushed_at=parse_time(entry.get("tag_last_pushed")) or parse_time(entry.get("last_updated")),
        last_pulled_at=parse_time(entry.get("tag_last_pulled")),
        size=number(entry.get("full_size")),
        platforms=tuple(dict.fromkeys(one for one in platforms if one)),
    )
