"""A registry in memory, with a fault for anything on demand."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from registry_assets.errors import NothingThere, RegistryError
from registry_assets.oci.digest import sha256_digest
from registry_assets.oci.media_types import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from registry_assets.providers.selection import Selection
from registry_assets.registry.listing import (
    FetchedManifest,
    ListedRepository,
    ListedTag,
    RegistryDescription,
    Traffic,
)


@dataclass
class MemoryRegistry:
    """Repositories with tags in the order they were pushed. `faults` raises by operation and its arguments."""

    repositories: dict[str, dict[str, str]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    faults: dict[tuple[str, ...], RegistryError] = field(default_factory=dict)
    confirmed: bool = True
    digests_listed: bool = False
    tags_newest_first: bool = False
    page_size: int = 2
    concurrency: int = 3
    skipped: list[str] = field(default_factory=list)
    traffic: Traffic = field(default_factory=Traffic)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def store(self, document: dict[str, object], media_type: str) -> dict[str, object]:
        """A descriptor of `document`, now stored."""
        body = json.dumps(document).encode()
        digest = sha256_digest(body)
        self.blobs[digest], self.types[digest] = body, media_type
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    def image(self, text: str = "", *, architecture: str = "amd64") -> dict[str, object]:
        """A descriptor of an image that is unlike one of another text."""
        config = self.store(
            {"architecture": architecture, "os": "linux", "config": {"Labels": {"text": text}}, "rootfs": {}},
            OCI_CONFIG,
        )
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": sha256_digest(b"l"), "size": 10}
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
        return self.store(manifest, OCI_MANIFEST)

    def index(self, *children: dict[str, object]) -> dict[str, object]:
        return self.store({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(children)}, OCI_INDEX)

    def push(self, repository: str, tag: str, descriptor: dict[str, object] | None = None) -> str:
        """The digest that the tag now points at."""
        digest = str((descriptor or self.image(f"{repository}:{tag}"))["digest"])
        self.repositories.setdefault(repository, {})[tag] = digest
        return digest

    def _ask(self, *what: str) -> None:
        self.asked.append(what)
        self.traffic.count_request()
        if what in self.faults:
            raise self.faults[what]

    async def describe(self) -> RegistryDescription:
        self._ask("describe")
        return RegistryDescription("Memory", "https://memory.test", public=True)

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        names = list(self.repositories) if self.confirmed else sorted(selection.named_repositories)
        for start in range(0, max(len(names), 1), self.page_size):
            self._ask("repositories", str(start))
            yield [ListedRepository(name, self.confirmed) for name in names[start : start + self.page_size]]

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        if repository not in self.repositories:
            self._ask("tags", repository, "0")
            raise NothingThere("NAME_UNKNOWN", status=404)
        tags = list(self.repositories[repository].items())
        for start in range(0, max(len(tags), 1), self.page_size):
            self._ask("tags", repository, str(start))
            page = tags[start : start + self.page_size]
            yield [ListedTag(tag, digest if self.digests_listed else None) for tag, digest in page]

    async def fetch_digest(self, repository: str, tag: str) -> tuple[str, str | None]:
        self._ask("digest", repository, tag)
        digest = self.repositories[repository][tag]
        return digest, self.types.get(digest)

    async def fetch_manifest(self, repository: str, digest: str) -> FetchedManifest:
        self._ask("manifest", repository, digest)
        if digest not in self.blobs:
            raise NothingThere("MANIFEST_UNKNOWN", status=404)
        return FetchedManifest(digest, self.types.get(digest), self.blobs[digest])

    async def fetch_blob(self, repository: str, digest: str) -> bytes:
        self._ask("blob", repository, digest)
        return self.blobs[digest]

    async def close(self) -> None:
        self.asked.append(("close",))
