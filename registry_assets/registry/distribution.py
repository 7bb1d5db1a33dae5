"""A registry as the OCI distribution specification has it; each registry type departs from here.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from registry_assets.errors import (
    BrokenAnswer,
    CredentialsRejected,
    DigestMismatch,
    NotAllowed,
    NothingThere,
    NotSupported,
    RegistryError,
)
from registry_assets.oci.digest import is_digest, is_verifiable, matches, sha256_digest
from registry_assets.oci.manifest import manifest_digest, manifest_matches
from registry_assets.oci.media_types import ACCEPT, without_parameters
from registry_assets.oci.reference import is_repository_name, is_tag
from registry_assets.providers.credentials import ANONYMOUS, explicit_credentials
from registry_assets.providers.docker_config import docker_credentials
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection
from registry_assets.registry.answers import Response, one_line
from registry_assets.registry.auth import Authenticator, Login
from registry_assets.registry.client import Client
from registry_assets.registry.listing import FetchedManifest, ListedRepository, ListedTag, RegistryDescription
from registry_assets.registry.origin import authority, parse_url, shown
from registry_assets.registry.pages import Listing
from registry_assets.registry.transport import Limits, Transport, trust_store
from registry_assets.registry.trust import TOKEN_HOSTS_VARIABLE, Trust, named_hosts

MANIFEST_LIMIT = 4 * 1024 * 1024
BLOB_LIMIT = 8 * 1024 * 1024
CATALOG_SCOPE = "registry:catalog:*"
# The digest is that of the bytes as they are: no compression on the way.
AS_IT_IS = {"accept-encoding": "identity"}


class Distribution:
    """The specification over HTTP.

    What a registry type departs in, it overrides: `title` (its display name; else the provider's), `public` (where it
    is known without asking), `default_concurrency`, `page_size`, `realm_hosts` (token servers besides the registry's
    own), `tags_newest_first`, `catalog_scope`, `unknown_codes` (its codes for a repository that does not exist),
    `find_login`, `list_repositories`, `list_tags`. `self.client` asks the registry; an API elsewhere gets a client of
    its own from `client_for`.
    """

    title: ClassVar[str] = ""
    public: ClassVar[bool | None] = None
    default_concurrency: ClassVar[int] = 16
    page_size: ClassVar[int] = 1000
    realm_hosts: ClassVar[frozenset[str]] = frozenset()
    tags_newest_first: bool = False
    catalog_scope: str = CATALOG_SCOPE
    unknown_codes: frozenset[str] = frozenset({"NAME_UNKNOWN"})

    def __init__(self, provider: Provider, environment: Mapping[str, str], limits: Limits | None = None) -> None:
        config = provider.config
        self.provider, self.environment = provider, environment
        self.concurrency = config.concurrency or self.default_concurrency
        self.skipped: list[str] = []
        limits = replace(limits or Limits(), timeout=config.timeout, concurrency=self.concurrency)
        bundle = provider.folder / config.ca_bundle if config.ca_bundle else None
        self.transport = Transport(limits, trust_store(bundle, verify=config.verify_tls))
        self.traffic = self.transport.traffic
        self.client = self.client_for(config.api_url, self.find_login())
        self._serves_head = True

    def find_login(self) -> Login:
        """How to authenticate, from the provider's options, else from Docker's own configuration."""
        host = authority(parse_url(self.provider.config.api_url))
        return Login.of(explicit_credentials(self.provider) or docker_credentials(host, self.environment) or ANONYMOUS)

    def client_for(self, url: str, login: Login | None = None) -> Client:
        """A client for another base URL over the same connections, pace and count of traffic; by default anonymous."""
        base = parse_url(url)
        hosts = self.realm_hosts | frozenset(named_hosts(self.environment.get(TOKEN_HOSTS_VARIABLE, "")))
        authenticator = Authenticator(self.transport, Trust(base, hosts), login or Login())
        return Client(self.provider.name, self.transport, base, authenticator)

    async def close(self) -> None:
        """Closes all connections."""
        await self.transport.close()

    async def describe(self) -> RegistryDescription:
        """The registry's own row. Public is a registry that answers a request without credentials."""
        public = self.public if self.public is not None else await self.client.answers_anonymously("/v2/")
        return RegistryDescription(self.title or self.provider.name, self.provider.config.api_url, public)

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """The catalog; where there is none for us, the repositories that the configuration names."""
        if self.provider.config.repositories:
            yield named(selection)
            return
        begun = False
        try:
            async for page in self.list_catalog():
                begun = True
                yield page
        except (NotAllowed, NothingThere, NotSupported) as error:
            if begun:
                raise
            if selection.named_repositories:
                yield named(selection)
            if not selection.fully_named:
                raise without_catalog(error) from error

    async def list_catalog(self) -> AsyncIterator[Sequence[ListedRepository]]:
        """Every repository that the registry lists to us; names that break the specification go to `skipped`."""
        async for page in Listing(
            self.client, "/v2/_catalog", "repositories", self.catalog_scope, self.page_size
        ).pages():
            self.skipped.extend(name for name in page if not is_repository_name(name))
            yield [ListedRepository(name) for name in page if is_repository_name(name)]

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """All tags by name. `NothingThere` only where the registry itself says that it knows no such repository."""
        listing = Listing(self.client, path(repository, "tags/list"), "tags", pull(repository), self.page_size)
        broken: list[str] = []
        try:
            async for page in listing.pages():
                # Nexus lists digests among the tags; they are none.
                broken.extend(name for name in page if not is_tag(name) and not is_digest(name))
                yield [ListedTag(name) for name in page if is_tag(name)]
        except NothingThere as error:
            if error.code in self.unknown_codes:
                raise
            raise BrokenAnswer(
                f"a page that is not the registry's own says: {error.detail}",
                method=error.method,
                url=error.url,
                status=error.status,
            ) from error
        if broken:
            raise BrokenAnswer(f"{len(broken)} tags break the specification, such as {one_line(broken[0])[:100]!r}")

    async def fetch_digest(self, repository: str, tag: str) -> tuple[str, str | None]:
        """The digest and media type that `tag` has now: one HEAD, or a GET where HEAD does not tell."""
        if self._serves_head:
            try:
                response = await self._ask_manifest("HEAD", repository, tag)
            except (NotSupported, BrokenAnswer) as error:
                if error.status not in (400, 405, 501):
                    raise
            else:
                digest = response.headers.get("docker-content-digest", "")
                if is_verifiable(digest):
                    return digest, media_type(response)
            self._serves_head = False
        response = await self._ask_manifest("GET", repository, tag)
        return manifest_digest(response.body), media_type(response)

    async def fetch_manifest(self, repository: str, digest: str) -> FetchedManifest:
        """The manifest of that digest, verified. `DigestMismatch` where the content is another."""
        response = await self._ask_manifest("GET", repository, checked(digest))
        if not manifest_matches(digest, response.body):
            raise mismatch(response, digest)
        return FetchedManifest(digest, media_type(response), response.body)

    async def fetch_blob(self, repository: str, digest: str) -> bytes:
        """A config blob, verified; `TooLarge` beyond 8 MiB."""
        url = path(repository, f"blobs/{checked(digest)}")
        response = await self.client.request("GET", url, headers=AS_IT_IS, scope=pull(repository), limit=BLOB_LIMIT)
        if not matches(digest, response.body):
            raise mismatch(response, digest)
        return response.body

    async def _ask_manifest(self, method: str, repository: str, reference: str) -> Response:
        if not is_tag(reference):
            checked(reference)
        headers = {"accept": ACCEPT, **AS_IT_IS}
        url = path(repository, f"manifests/{reference}")
        return await self.client.request(method, url, headers=headers, scope=pull(repository), limit=MANIFEST_LIMIT)


def path(repository: str, rest: str) -> str:
    """The path of something of a repository. A name that could lead elsewhere is refused."""
    if not is_repository_name(repository):
        raise BrokenAnswer(f"not the name of a repository: {one_line(repository)!r}")
    return f"/v2/{repository}/{rest}"


def pull(repository: str) -> str:
    """The scope of a token to read a repository with."""
    return f"repository:{repository}:pull"


def checked(digest: str) -> str:
    """The digest, if it is one."""
    if not is_digest(digest):
        raise BrokenAnswer(f"not a digest: {one_line(digest)!r}")
    return digest


def media_type(response: Response) -> str | None:
    """The media type as the answer's header says."""
    return without_parameters(response.headers.get("content-type"))


def named(selection: Selection) -> list[ListedRepository]:
    """The repositories that the configuration names."""
    return [ListedRepository(name, confirmed=False) for name in sorted(selection.named_repositories)]


def mismatch(response: Response, digest: str) -> DigestMismatch:
    """The error for content that is not that of the digest."""
    found = sha256_digest(response.body)
    return DigestMismatch(
        f"asked for {digest}, but the content is {found}",
        method=response.method,
        url=shown(response.url),
        status=response.status,
    )


def without_catalog(error: RegistryError) -> RegistryError:
    """The same refusal, with the way out; a missing catalog is nothing that was deleted."""
    if isinstance(error, CredentialsRejected):
        return error
    kind = NotSupported if isinstance(error, NothingThere) else type(error)
    return kind(
        f"the registry does not list its repositories to us ({error.detail})",
        provider=error.provider,
        method=error.method,
        url=error.url,
        status=error.status,
        code=error.code,
        advice=" ".join(filter(None, (error.specific_advice, NotSupported.advice))),
    )
