"""Google Container Registry and Artifact Registry: the specification, with an answer of `tags/list` that tells more.

The answer has the digests, times and sizes of all manifests (`manifest`) and the repositories below (`child`), as
https://pkg.go.dev/github.com/google/go-containerregistry/pkg/v1/google#Tags describes it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar

import httpx

from registry_assets.errors import (
    BrokenAnswer,
    CredentialsRejected,
    NotAllowed,
    NothingThere,
    NotSupported,
    RegistryError,
)
from registry_assets.oci.reference import is_repository_name
from registry_assets.providers.credentials import explicit_credentials
from registry_assets.providers.models import Provider
from registry_assets.providers.patterns import literal_names
from registry_assets.providers.selection import Selection
from registry_assets.registry.answers import Response
from registry_assets.registry.auth import Authenticator, Login, Token
from registry_assets.registry.challenge import choose, parse_challenges
from registry_assets.registry.client import Client
from registry_assets.registry.distribution import Distribution, named, path, pull, without_catalog
from registry_assets.registry.flavours.google import (
    KEY_FILE,
    MISSING,
    TOKEN_USER,
    GoogleCredentials,
    has_google_auth,
    may_be_asked_for,
    missing_google_auth,
)
from registry_assets.registry.flavours.google_tags import Node, read_node
from registry_assets.registry.flavours.wrong_host import wrong_host
from registry_assets.registry.listing import ListedRepository, ListedTag
from registry_assets.registry.transport import Limits, Transport
from registry_assets.registry.trust import Trust

REALM = "/v2/token"
MOST_NODES = 100_000
# Tags that the walk has seen are kept for `list_tags` up to so many; others are asked for again.
MOST_KEPT = 200_000
READER_ADVICE = "Grant the account roles/artifactregistry.reader on the repository or its project, and check the name."
TOKEN_ADVICE = (
    "Get a new token with `gcloud auth print-access-token`: it is good for an hour; or leave it out, "  # noqa: S105
    "so that Application Default Credentials renew it."
)
NAMING_ADVICE = (
    "Name a project in `namespace_pattern`; on Artifact Registry also its repository, as in repository_pattern "
    "`my-repository/.*`; or name the repositories in `repositories`."
)
_FIRST_PART = re.compile(r"\^?(?P<part>[a-z0-9-]+)/(?![?*+{])", re.IGNORECASE)


class Gcr(Distribution):
    """Both products. Given credentials win over Application Default Credentials, those over Docker's configuration."""

    title: ClassVar[str] = "Google Container Registry"
    public: ClassVar[bool | None] = True

    def __init__(self, provider: Provider, environment: Mapping[str, str], limits: Limits | None = None) -> None:
        super().__init__(provider, environment, limits)
        base, login = self.client.base, self.client.authenticator.login
        self._asks_google = explicit_credentials(provider) is None and may_be_asked_for(base, environment)
        if self._asks_google and not has_google_auth():
            self._asks_google = False
            if environment.get(KEY_FILE):
                raise missing_google_auth()
        self._opening = asyncio.Lock()
        self._kept: dict[str, tuple[ListedTag, ...]] = {}
        self._authenticator = GoogleAuthenticator(self.transport, Trust(base), login)
        self.client = Client(provider.name, self.transport, base, self._authenticator)

    async def _find_credentials(self) -> None:
        """Application Default Credentials where they may be asked for, looked for once."""
        async with self._opening:
            if self._asks_google:
                self._authenticator.google = await GoogleCredentials.open(self.provider, self.traffic)
                self._asks_google = False

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """What is named goes without asking; named projects are walked, others listed by the catalog."""
        await self._find_credentials()
        if selection.named_repositories:
            yield named(selection)
        if selection.fully_named:
            return
        unseen: dict[str, RegistryError | None] = {}
        for root in walk_roots(self.provider, selection):
            async for page in self._walk(root, unseen):
                yield page
        roots = None if not selection.namespaces_named else list(unseen)
        if roots is None or roots:
            async for page in self._list_by_catalog(roots, unseen):
                yield page

    async def _walk(
        self, root: str, unseen: dict[str, RegistryError | None]
    ) -> AsyncIterator[Sequence[ListedRepository]]:
        """The repositories at and below `root`. Where it shows nothing at all, it is noted in `unseen`."""
        level, count, refusal, found = [root], 0, None, False
        while level:
            batch, level = level[: self.concurrency], level[self.concurrency :]
            count += len(batch)
            if count > MOST_NODES:
                raise BrokenAnswer(f"the repositories below {root} do not end")
            page = []
            for name, seen in zip(batch, await asyncio.gather(*map(self._look, batch)), strict=True):
                if isinstance(seen, Node):
                    level += [f"{name}/{child}" for child in seen.children]
                    page += [self._keep(name, seen)] if seen.is_repository else []
                elif name == root or isinstance(seen, NotAllowed):
                    refusal = refusal or seen
            found = found or bool(page) or (refusal is not None and count > 1)
            yield page
        if not found:
            unseen[root] = refusal
        elif refusal:
            # What is below it was not seen, so this listing is not complete.
            raise refusal

    async def _look(self, name: str) -> Node | NotAllowed | NothingThere:
        try:
            return await self._ask_tags(name)
        except CredentialsRejected:
            raise
        except (NotAllowed, NothingThere) as error:
            return error

    def _keep(self, name: str, node: Node) -> ListedRepository:
        if node.complete and sum(map(len, self._kept.values())) + len(node.tags) <= MOST_KEPT:
            self._kept[name] = node.tags
        return ListedRepository(name)

    async def _list_by_catalog(
        self, roots: list[str] | None, unseen: dict[str, RegistryError | None]
    ) -> AsyncIterator[Sequence[ListedRepository]]:
        """The catalog: what these credentials may browse, which may be nothing, and is never taken for all then."""
        found: set[str] = set()
        missing: dict[str, RegistryError | None] = dict(unseen) if roots is not None else {"": None}
        try:
            async for page in self.list_catalog():
                above = {one: next((root for root in missing if is_below(one.repository, root)), None) for one in page}
                found.update(root for root in above.values() if root is not None)
                yield [one for one, root in above.items() if root is not None]
        except (NotAllowed, NothingThere, NotSupported) as error:
            if found or isinstance(error, CredentialsRejected):
                raise
            raise next(filter(None, missing.values()), None) or without_catalog(error) from error
        for root in sorted(missing.keys() - found):
            raise unlisted(root, missing[root])

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """Tags with digest, time and size; names alone, by the specification, where the answer does not tell more."""
        await self._find_credentials()
        kept = self._kept.pop(repository, None)
        if kept is not None:
            yield kept
            return
        node = await self._ask_tags(repository)
        yield node.tags
        if not node.complete:
            known = {one.tag for one in node.tags}
            async for page in super().list_tags(repository):
                yield [one for one in page if one.tag not in known]

    async def _ask_tags(self, name: str) -> Node:
        url = path(name, "tags/list")
        return read_node(
            await self.client.request("GET", url, headers={"accept": "application/json"}, scope=pull(name)), name
        )

    async def _ask_manifest(self, method: str, repository: str, reference: str) -> Response:
        await self._find_credentials()
        return await super()._ask_manifest(method, repository, reference)

    async def fetch_blob(self, repository: str, digest: str) -> bytes:
        """A config blob, verified; `TooLarge` beyond 8 MiB."""
        await self._find_credentials()
        return await super().fetch_blob(repository, digest)


class GoogleAuthenticator(Authenticator):
    """Bearer tokens of the registry's own token server, in exchange for what `google` gives, where there is any."""

    def __init__(self, transport: Transport, trust: Trust, login: Login) -> None:
        super().__init__(transport, trust, login)
        self.google: GoogleCredentials | None = None

    async def answer(self, response: Response, scope: str, used: str | None) -> str | None:
        """As any Bearer challenge. One that is not Google's gets no credentials."""
        challenges = choose(parse_challenges(response.headers.get_list("www-authenticate")))
        if challenges and not any(challenge.realm.endswith(REALM) for challenge in challenges):
            raise wrong_host(response, "Google", "gcr")
        return await super().answer(response, scope, used)

    async def _exchange(self, realm: httpx.URL, service: str, scope: str) -> Token:
        if self.google is None or realm.host in self._rejected:
            return await super()._exchange(realm, service, scope)
        login = self.login = await self.google.login()
        try:
            return await super()._exchange(realm, service, scope)
        except CredentialsRejected:
            self._rejected.pop(realm.host, None)
        self.login = await self.google.login(refused=login)
        return await super()._exchange(realm, service, scope)

    def _reject(self, realm: httpx.URL, response: Response) -> CredentialsRejected:
        error = super()._reject(realm, response)
        if self.login.username == TOKEN_USER and self.google is None:
            error.specific_advice = TOKEN_ADVICE
        return error

    def explain(self, response: Response, used: str | None = None) -> RegistryError:
        error = super().explain(response, used)
        if isinstance(error, NotAllowed) and not isinstance(error, CredentialsRejected):
            hint = "" if self.login.scheme != "anonymous" or has_google_auth() else f" {MISSING}."
            given = f"{error.specific_advice} " if error.specific_advice else ""
            error.specific_advice = f"{given}{READER_ADVICE}{hint}"
        return error


def walk_roots(provider: Provider, selection: Selection) -> list[str]:
    """Where to walk from: the named projects, or what the patterns say is below them (`my-repository/.*`)."""
    roots: set[str] = set()
    for namespace in selection.named_namespaces:
        parts = {
            first_part(selector.repository_pattern)
            for selector in provider.config.selectors
            if namespace in literal_names(selector.namespace_pattern) and not literal_names(selector.repository_pattern)
        }
        whole = "" in parts or namespace in parts
        roots |= {namespace} if whole else {f"{namespace}/{part}" for part in parts}
    return sorted(root for root in roots if is_repository_name(root))


def first_part(pattern: str) -> str:
    """The first part of every name that the pattern can match, as far as it is plain text; else ''."""
    found = _FIRST_PART.match(pattern)
    return found["part"].lower() if found and "|" not in pattern else ""


def unlisted(root: str, refusal: RegistryError | None) -> RegistryError:
    """The error for repositories that neither a walk nor the catalog shows."""
    if refusal is None:
        where = f" below {root}" if root else ""
        return NotSupported(f"the registry lists no repositories to us{where}", advice=NAMING_ADVICE)
    refusal.specific_advice = f"{refusal.specific_advice or refusal.advice} {NAMING_ADVICE}"
    return refusal


def is_below(repository: str, root: str) -> bool:
    return not root or repository == root or repository.startswith(f"{root}/")
