"""What every fake registry holds: a few repositories, built here together with what a crawl must say of them."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
TAG_PAGE = 100
"""The page size of every registry here that documents one; `acme/web` has more tags, `crowded` more repositories."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as served, with what the table `manifests` must say of it."""

    media_type: str
    body: bytes
    kind: str
    architecture: str | None = None
    os: str | None = None
    size: int | None = None
    layer_count: int | None = None
    labels: dict[str, str] = field(default_factory=dict)
    children: tuple["Manifest", ...] = ()

    @property
    def digest(self) -> str:
        return sha256(self.body)

    @property
    def platforms(self) -> tuple[tuple[str, str], ...]:
        """(os, architecture) of each image, attestations (`unknown`, `unknown`) among them as registries list them."""
        if self.children:
            return tuple(platform for child in self.children for platform in child.platforms)
        return ((self.os or "unknown", self.architecture or "unknown"),)


@dataclass(frozen=True, slots=True)
class Tag:
    manifest: Manifest
    pushed_at: datetime

    @property
    def digest(self) -> str:
        return self.manifest.digest


@dataclass(slots=True)
class Repository:
    """`tags` stand in the order in which they were pushed."""

    name: str
    description: str = ""
    private: bool = False
    star_count: int = 0
    pull_count: int = 0
    created_at: datetime = BEGIN
    tags: dict[str, Tag] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return self.name.partition("/")[0]

    @property
    def updated_at(self) -> datetime:
        return max((tag.pushed_at for tag in self.tags.values()), default=self.created_at)

    def push(self, tag: str, manifest: Manifest, *, day: int) -> None:
        """Moves `tag` to the end of the order too, as a real push does."""
        self.tags.pop(tag, None)
        self.tags[tag] = Tag(manifest, BEGIN + timedelta(days=day))
        for part in (manifest, *manifest.children):
            self.manifests[part.digest] = part


@dataclass(slots=True)
class Corpus:
    repositories: dict[str, Repository] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, **about: Any) -> Repository:
        repository = self.repositories[name] = Repository(name, **about)
        return repository

    def of(self, namespace: str) -> list[Repository]:
        return [
            repository for name, repository in sorted(self.repositories.items()) if repository.namespace == namespace
        ]

    def store(self, document: object) -> tuple[str, int]:
        """The digest and size of a blob that is now there."""
        body = encode(document)
        self.blobs[sha256(body)] = body
        return sha256(body), len(body)

    def image(
        self,
        title: str,
        *,
        architecture: str = "amd64",
        layers: int = 2,
        labels: dict[str, str] | None = None,
        docker: bool = False,
    ) -> Manifest:
        """An image of `layers` layers, its config stored; no two titles share a digest."""
        config, config_size = self.store(
            {
                "architecture": architecture,
                "os": "linux",
                "created": "2026-02-01T00:00:00Z",
                "config": {"Labels": {"title": title, **(labels or {})}},
                "rootfs": {"type": "layers", "diff_ids": [sha256(f"{title}{i}".encode()) for i in range(layers)]},
                "history": [{"created_by": f"RUN step {i}"} for i in range(layers)],
            }
        )
        sizes = [1000 * (position + 1) for position in range(layers)]
        body = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
            "config": descriptor(DOCKER_CONFIG if docker else OCI_CONFIG, config, config_size),
            "layers": [
                descriptor(DOCKER_LAYER if docker else OCI_LAYER, sha256(f"layer {title}{i}".encode()), size)
                for i, size in enumerate(sizes)
            ],
        }
        return Manifest(
            media_type=DOCKER_MANIFEST if docker else OCI_MANIFEST,
            body=encode(body),
            kind="image",
            architecture=architecture,
            os="linux",
            size=config_size + sum(sizes),
            layer_count=layers,
            labels={"title": title, **(labels or {})},
        )

    def artifact(self, config_type: str, layer_type: str, title: str, kind: str = "artifact") -> Manifest:
        """A manifest that is no image: a Helm chart, an attestation, a signature."""
        config, config_size = self.store({"name": title})
        body = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config_type, config, config_size),
            "layers": [descriptor(layer_type, sha256(title.encode()), 500)],
        }
        return Manifest(OCI_MANIFEST, encode(body), kind, size=config_size + 500, layer_count=1)


def index(*children: Manifest) -> Manifest:
    """An OCI index; a child that is an attestation is annotated as buildx does it."""
    entries = []
    for child in children:
        entry = descriptor(child.media_type, child.digest, len(child.body))
        system, architecture = child.platforms[0]
        entry["platform"] = {"os": system, "architecture": architecture}
        if child.kind == "attestation":
            entry["annotations"] = {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": children[0].digest,
            }
        entries.append(entry)
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return Manifest(OCI_INDEX, encode(body), "index", children=tuple(children))


def build_corpus() -> Corpus:
    """Four repositories in two namespaces: more than a page of tags, shared digests, an index, an artifact, a signature."""
    corpus = Corpus()
    web = corpus.add("acme/web", description="The shop window", star_count=12, pull_count=3400)
    builds = [corpus.image(f"web {number}") for number in range(13)]
    for number in range(130):
        web.push(f"1.{number}", builds[number // 10], day=number)
    web.push("stable", builds[11], day=129)
    web.push("latest", builds[12], day=130)

    api = corpus.add("acme/api", description="Answers questions", star_count=3, pull_count=70)
    labels = {
        "org.opencontainers.image.source": "https://github.com/acme/api",
        "org.opencontainers.image.revision": "f00d",
    }
    api.push("1.0", corpus.image("api 1.0", docker=True, layers=3), day=1)
    platforms = [corpus.image("api 2.0", architecture=name, labels=labels) for name in ("amd64", "arm64")]
    attestation = corpus.artifact(OCI_CONFIG, IN_TOTO, "provenance of api 2.0", kind="attestation")
    multi = index(*platforms, attestation)
    api.push("2.0", multi, day=2)
    api.push("latest", multi, day=3)
    signature = corpus.artifact(OCI_CONFIG, SIMPLE_SIGNING, "signature of api 2.0", kind="signature")
    api.push(f"sha256-{multi.digest.removeprefix('sha256:')}.sig", signature, day=3)

    chart = corpus.add("acme/chart", description="Installs the shop", private=True)
    chart.push("0.1.0", corpus.artifact(HELM_CONFIG, HELM_LAYER, "chart 0.1.0"), day=5)

    base = corpus.add("partner/base", description="What the others build on")
    base.push("3", builds[0], day=7)
    return corpus


def crowd(corpus: Corpus, namespace: str = "crowd", count: int = TAG_PAGE + 3) -> None:
    """Adds more repositories than a page holds, all of one image."""
    image = corpus.image("crowd")
    for number in range(count):
        corpus.add(f"{namespace}/r{number:03}").push("latest", image, day=number)


def descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def encode(document: object) -> bytes:
    return json.dumps(document, indent=1).encode()


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
