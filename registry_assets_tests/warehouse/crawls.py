"""Crawls made by hand: what a registry showed, written to a spool and applied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from registry_assets.records import (
    ConfigRecord,
    CrawlRecord,
    LayerRecord,
    ManifestRecord,
    OtherRepositoryRecord,
    ProblemRecord,
    Record,
    RegistryRecord,
    RepositoryRecord,
    StageRecord,
    TagRecord,
)
from registry_assets.warehouse import Applied, Warehouse
from registry_assets.warehouse.connection import open_published
from registry_assets.warehouse.spool import Spool

START = datetime(2026, 1, 1, tzinfo=UTC)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
URL = "https://registry.example.com"


def digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def repository(name: str, listing: str = "complete", **changes: Any) -> RepositoryRecord:
    namespace, _, rest = name.partition("/") if "/" in name else ("", "", name)
    values: dict[str, Any] = {
        "repository": name,
        "namespace": namespace,
        "name": rest,
        "description": None,
        "official": None,
        "star_count": None,
        "pull_count": None,
        "created_at": None,
        "updated_at": None,
        "tags_listing": listing,
        "tags_total": None,
        "tags_selected": None,
        "tags_truncated": None,
        "tag_order": None,
    }
    return RepositoryRecord(**{**values, **changes})


def manifest(name: str, **changes: Any) -> ManifestRecord:
    values: dict[str, Any] = {
        "digest": digest(name),
        "media_type": MANIFEST,
        "schema_version": 2,
        "kind": "image",
        "artifact_type": None,
        "config_digest": digest(f"config of {name}"),
        "architecture": None,
        "os": None,
        "variant": None,
        "os_version": None,
        "size": 1000,
        "layer_count": 2,
        "created_at": None,
    }
    return ManifestRecord(**{**values, **changes})


def config(name: str, **changes: Any) -> ConfigRecord:
    values: dict[str, Any] = {
        "config_digest": digest(f"config of {name}"),
        "architecture": "amd64",
        "os": "linux",
        "variant": None,
        "os_version": None,
        "created_at": at(-24),
        "labels": {},
        "diff_ids": [digest(f"{name} diff {layer}") for layer in range(2)],
        "chain_ids": [digest(f"{name} chain {layer}") for layer in range(2)],
        "created_by": [f"RUN {layer}" for layer in range(2)],
    }
    return ConfigRecord(**{**values, **changes})


def image(name: str, **facts: Any) -> list[Record]:
    """A whole image: manifest, config and two layers."""
    layers = [LayerRecord(digest(name), n, digest(f"{name} layer {n}"), "layer", 400 + n) for n in range(2)]
    return [manifest(name), config(name, **facts), *layers]


def problem(stage: str, repository: str = "", reference: str = "", message: str = "it broke") -> ProblemRecord:
    return ProblemRecord(stage, repository, reference, 500, "DidNotAnswer", message, "try again")


@dataclass
class Seen:
    """What one crawl saw. `tags` maps a repository to its tags and what each points at; None: not selected."""

    tags: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    records: Iterable[Record] = ()
    listings: Mapping[str, str] = field(default_factory=dict)
    others: Iterable[str] = ()
    stages: tuple[str, ...] = ("registries", "repositories", "tags", "manifests")
    complete: bool = True
    repositories_complete: bool = True
    full: bool = False
    accept_removals: bool = False
    provider: str = "acme"
    api_url: str = URL
    every: int = 300

    def rows(self) -> Iterable[Record]:
        yield RegistryRecord("Acme", self.api_url, public=False)
        given = {row.repository for row in self.records if isinstance(row, RepositoryRecord)}
        for name, tags in self.tags.items():
            if name not in given:
                yield repository(name, self.listings.get(name, "complete"))
            for tag, pointing_at in tags.items():
                known = digest(pointing_at) if pointing_at else None
                yield TagRecord(name, tag, selected=pointing_at is not None, digest=known)
        yield from (OtherRepositoryRecord(name) for name in self.others)
        yield from self.records

    def record(self, run_id: str, when: datetime) -> CrawlRecord:
        stages = (StageRecord(stage, when, when, self.complete, 1, 100, 1) for stage in self.stages)
        return CrawlRecord(
            run_id=run_id,
            provider=self.provider,
            registry_type="private",
            api_url=self.api_url,
            entity_namespace="default",
            every=self.every,
            full=self.full,
            accept_removals=self.accept_removals,
            repositories_complete=self.repositories_complete,
            stages=tuple(stages),
        )


def spooled(warehouse: Warehouse, seen: Seen, when: datetime, run_id: str | None = None) -> Spool:
    run = run_id or when.isoformat()
    spool = warehouse.new_spool(run, seen.provider)
    for row in seen.rows():
        spool.add(row)
    spool.finish(seen.record(run, when))
    return spool


def crawl(warehouse: Warehouse, seen: Seen, hours: float = 0, run_id: str | None = None) -> Applied:
    """Apply what a crawl saw `hours` after the start of time."""
    spool = spooled(warehouse, seen, at(hours), run_id)
    try:
        return warehouse.apply(spool)
    finally:
        spool.discard()


def rows(warehouse: Warehouse, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The answer of a statement on the database as committed, published or not."""
    with open_published(warehouse.published.parent / "private" / "registry.duckdb") as connection:
        return connection.execute(sql, parameters).fetchall()
