"""GitHub's container registry: packages and versions from GitHub's REST API, content from the registry.

https://docs.github.com/en/rest/packages/packages
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import quote

import httpx

from registry_assets.errors import (
    BrokenAnswer,
    CredentialsRejected,
    NotAllowed,
    NothingThere,
    NotSupported,
    RateLimited,
    RegistryError,
)
from registry_assets.oci.digest import is_digest
from registry_assets.oci.reference import is_repository_name, is_tag
from registry_assets.oci.times import parse_time
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection, split_name
from registry_assets.registry.answers import Response
from registry_assets.registry.auth import Authenticator, Login
from registry_assets.registry.client import Client
from registry_assets.registry.distribution import Distribution, named
from registry_assets.registry.flavours.wrong_host import is_api_refusal, wrong_host
from registry_assets.registry.listing import ListedRepository, ListedTag
from registry_assets.registry.origin import parse_url, shown
from registry_assets.registry.pages import next_link
from registry_assets.registry.transport import Limits
from registry_assets.registry.trust import Trust

GHCR_HOST = "ghcr.io"
GITHUB_API = "https://api.github.com"
PAGE = 100
MOST_PAGES = 10_000
KINDS = ("orgs", "users")
FINE_GRAINED = "github_pat_"
CLASSIC_TOKEN = "Use a classic personal access token (not fine-grained) with the scope read:packages"  # noqa: S105
EXACT_NAMES = (
    "GHCR doesn't support the catalog endpoint: specify exact repositories, such as namespace_pattern `myorg` and "
    "repository_pattern `^(repo1|repo2)$`"
)
JSON = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}


class Ghcr(Distribution):
    """GHCR. Where the credentials may not use the REST API, named repositories are read by the specification alone."""

    title: ClassVar[str] = "GitHub Container Registry"
    public: ClassVar[bool | None] = True

    def __init__(self, provider: Provider, environment: Mapping[str, str], limits: Limits | None = None) -> None:
        super().__init__(provider, environment, limits)
        login = self.client.authenticator.login
        # The API takes the token alone, whoever it is said to belong to.
        api_login = Login("bearer", "", login.secret) if login.scheme in ("basic", "bearer") else Login()
        base = api_of(self.client.base)
        authenticator = GitHubAuthenticator(self.transport, Trust(base), api_login)
        self.github = Client(provider.name, self.transport, base, authenticator)
        self._kinds: dict[str, str] = {}
        self._api_refusal: NotAllowed | None = None
        self._first_content = asyncio.Lock()
        self._content_asked = False
        if api_login.scheme == "anonymous":
            self._api_refusal = NotAllowed("GitHub's package API takes no requests without a token")

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """What is named goes without asking; else the named namespaces' packages, else the credentials' own."""
        if selection.named_repositories:
            yield named(selection)
        if selection.fully_named:
            return
        missing: RegistryError | None = None
        for owner in sorted(selection.named_namespaces):
            try:
                async for page in self._list_packages(owner):
                    yield page
            except NothingThere as error:
                missing = error
        if not selection.namespaces_named:
            async for owner in self._own_namespaces():
                async for page in self._list_packages(owner):
                    yield page
        if missing:
            raise missing

    async def _own_namespaces(self) -> AsyncIterator[str]:
        self._need_api()
        user = await self._ask_json("/user")
        login = str(user.get("login", "")) if isinstance(user, dict) else ""
        self._kinds[login] = "users"
        yield login
        try:
            async for page in self._pages("/user/orgs"):
                for entry in page:
                    owner = str(entry.get("login", ""))
                    self._kinds[owner] = "orgs"
                    yield owner
        except NotAllowed as error:
            error.specific_advice = "Give the token the scope read:org as well, or name the namespaces."
            raise

    def _need_api(self) -> None:
        if self._api_refusal:
            raise NotSupported(
                f"no repositories can be found on GHCR without a token ({self._api_refusal.detail})",
                provider=self.provider.name,
                advice=f"{EXACT_NAMES}; or give a token. {CLASSIC_TOKEN}.",
            )

    async def _list_packages(self, owner: str) -> AsyncIterator[Sequence[ListedRepository]]:
        self._need_api()
        try:
            async for page in self._owned_pages(owner, "packages", package_type="container"):
                yield [
                    one
                    for one in (listed_package(entry, owner) for entry in page)
                    if is_repository_name(one.repository)
                ]
        except NothingThere as error:
            detail = f"GitHub has no organisation or user `{owner}` ({error.detail})"
            raise NothingThere(
                detail, method=error.method, url=error.url, status=404, advice="Check namespace_pattern."
            ) from error
        except CredentialsRejected:
            raise
        except NotAllowed as error:
            error.specific_advice = f"{CLASSIC_TOKEN}; or name what it can read: {EXACT_NAMES}."
            raise

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """Tags with digest and time from the versions; by the specification where the API does not show them."""
        if not self._api_refusal:
            begun = False
            try:
                async for page in self._list_versions(repository):
                    begun = True
                    yield page
            except CredentialsRejected:
                raise
            except (NotAllowed, NothingThere) as error:
                if begun:
                    raise
                if isinstance(error, NotAllowed):
                    self._api_refusal = error
            else:
                return
        with self._explained():
            async for page in super().list_tags(repository):
                yield page

    async def _list_versions(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        owner, name = split_name(repository)
        rest = f"packages/container/{quote(name, safe='')}/versions"
        pages = 0
        async for page in self._owned_pages(owner, rest):
            pages += 1
            yield [tag for entry in page for tag in version_tags(entry)]
        if pages > 1:
            # A tag that moved to a new version meanwhile was on no page: new versions come first.
            newest, _ = await self._ask_page(f"/{self._kinds[owner]}/{owner}/{rest}", 1)
            yield [tag for entry in newest for tag in version_tags(entry)]

    async def _owned_pages(self, owner: str, rest: str, **query: str) -> AsyncIterator[list[dict[str, Any]]]:
        """The pages of something that is an organisation's or a user's; which of the two is found out once."""
        kinds = [self._kinds[owner]] if owner in self._kinds else list(KINDS)
        for kind in kinds:
            try:
                async for page in self._pages(f"/{kind}/{quote(owner, safe='')}/{rest}", **query):
                    self._kinds[owner] = kind
                    yield page
            except NothingThere:
                if kind == kinds[-1]:
                    raise
            else:
                return

    async def _pages(self, path: str, **query: str) -> AsyncIterator[list[dict[str, Any]]]:
        for number in range(1, MOST_PAGES + 1):
            page, more = await self._ask_page(path, number, **query)
            yield page
            if not more:
                return
        raise BrokenAnswer(f"the list at {path} does not end after {MOST_PAGES} pages")

    async def _ask_page(self, path: str, number: int, **query: str) -> tuple[list[dict[str, Any]], bool]:
        url = self.github.url(path, per_page=PAGE, page=number, **query)
        response = await self.github.request("GET", url, headers=JSON)
        entries = response.json()
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise response.broken("the answer is no list of objects")
        return entries, next_link(response) is not None

    async def _ask_json(self, path: str) -> Any:
        return (await self.github.request("GET", path, headers=JSON)).json()

    async def _ask_manifest(self, method: str, repository: str, reference: str) -> Response:
        """The first goes alone: its answer tells all others how to authenticate."""
        with self._explained():
            async with self._first_content:
                if not self._content_asked:
                    response = await super()._ask_manifest(method, repository, reference)
                    self._content_asked = True
                    return response
            return await super()._ask_manifest(method, repository, reference)

    async def fetch_blob(self, repository: str, digest: str) -> bytes:
        with self._explained():
            return await super().fetch_blob(repository, digest)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """GHCR answers a wrong token, a missing scope and an unknown name alike: 403 `denied`."""
        try:
            yield
        except NotAllowed as error:
            error.specific_advice = (
                f"{self._token_advice()}; and check the name, and that the package is public or yours."
            )
            raise

    def _token_advice(self) -> str:
        secret = self.client.authenticator.login.secret.get_secret_value()
        return f"{CLASSIC_TOKEN}: this one is fine-grained" if secret.startswith(FINE_GRAINED) else CLASSIC_TOKEN


class GitHubAuthenticator(Authenticator):
    """Knows GitHub's refusals, https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api."""

    def explain(self, response: Response, used: str | None = None) -> RegistryError:
        error = super().explain(response, used)
        if response.status in (404, 405) and not is_api_refusal(response):
            return wrong_host(response, "GitHub", "ghcr")
        if response.status == 403 and "rate limit" in error.detail.lower():
            return RateLimited(error.detail, method=response.method, url=shown(response.url), status=403)
        if isinstance(error, NotAllowed):
            error.specific_advice = (
                f"{CLASSIC_TOKEN}, not expired, and authorised for the organisation's single sign-on."
            )
        return error


def api_of(registry: httpx.URL) -> httpx.URL:
    """Where the REST API of a registry is.

    `containers.HOST` is GitHub Enterprise's registry, `containers.NAME.ghe.com` the one with data residency; any other
    host is taken to serve the API on its own origin.
    """
    host = registry.host
    if host == GHCR_HOST:
        return parse_url(GITHUB_API)
    if not host.startswith("containers."):
        return registry
    owner = host.removeprefix("containers.")
    return parse_url(f"https://api.{owner}" if owner.endswith(".ghe.com") else f"https://{owner}/api/v3")


def listed_package(entry: dict[str, Any], owner: str) -> ListedRepository:
    return ListedRepository(
        repository=f"{owner}/{entry.get('name', '')}".lower(),
        created_at=parse_time(entry.get("created_at")),
        updated_at=parse_time(entry.get("updated_at")),
    )


def version_tags(entry: dict[str, Any]) -> Iterator[ListedTag]:
    """The tags of one version, whose name is its digest. Most versions have none: an index's images."""
    metadata = entry.get("metadata")
    container = metadata.get("container") if isinstance(metadata, dict) else None
    tags = container.get("tags") if isinstance(container, dict) else None
    digest = str(entry.get("name", ""))
    # A version changes when a tag is pushed to it again, so a tag moved back to an old image counts as new.
    pushed_at = parse_time(entry.get("updated_at")) or parse_time(entry.get("created_at"))
    for tag in tags if isinstance(tags, list) and is_digest(digest) else ():
        if is_tag(str(tag)):
            yield ListedTag(str(tag), digest=digest, pushed_at=pushed_at)
