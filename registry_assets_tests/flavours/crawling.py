"""Crawls of a fake into a warehouse, and what is in its tables afterwards."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry_assets.crawl import Crawled, crawl_provider
from registry_assets.errors import RegistryError, advice_for
from registry_assets.providers.models import Provider
from registry_assets.warehouse import Warehouse
from registry_assets_tests.flavours.corpus import Corpus, Manifest

ALL = [{"namespace_pattern": "acme|partner", "max_tags": 0}]


@dataclass(frozen=True, slots=True)
class Failure:
    """One line about what went wrong, and one about what to do."""

    error: str
    message: str
    advice: str
    repository: str = ""


class Crawler:
    """One provider with a warehouse of its own."""

    def __init__(self, folder: Path, config: dict[str, Any], name: str = "tested") -> None:
        self.warehouse = Warehouse(folder)
        self.provider = Provider.model_validate({"name": name, "config": {"selectors": ALL, **config}})

    def crawl(self, **options: Any) -> Crawled:
        return crawl_provider(self.provider, self.warehouse, run_id=str(uuid.uuid4()), **options)

    def failures(self) -> list[Failure]:
        """Everything that a crawl has to complain about, be it raised or recorded."""
        try:
            crawled = self.crawl()
        except RegistryError as error:
            return [Failure(type(error).__name__, str(error), advice_for(error))]
        return [
            Failure(problem.error, problem.message, problem.advice, problem.repository) for problem in crawled.problems
        ]

    def rows(self, statement: str) -> set[tuple[Any, ...]]:
        frame = self.warehouse.query(statement)
        return {tuple(row) for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False)}

    def tables(self) -> dict[str, set[tuple[Any, ...]]]:
        """What every registry type must tell alike."""
        return {
            "repositories": self.rows("SELECT repository, namespace, name FROM repositories"),
            "tags": self.rows("SELECT repository, tag, digest FROM tags"),
            "manifests": self.rows(
                "SELECT repository, digest, media_type, kind, architecture, os, size, layer_count,"
                " list_sort(map_entries(labels))::VARCHAR FROM manifests"
            ),
            "manifest_children": self.rows(
                "SELECT repository, digest, position, child_digest, kind FROM manifest_children"
            ),
            "layers": self.rows(
                "SELECT repository, digest, position, created_by FROM layers WHERE diff_id IS NOT NULL"
            ),
        }


def expected_tables(crawler: Crawler, corpus: Corpus) -> dict[str, set[tuple[Any, ...]]]:
    """The tables as the corpus has it, without the tags that belong to referrers."""
    names = [name for name in corpus.repositories if name.partition("/")[0] in ("acme", "partner")]
    tags = {
        (name, tag, found.digest): found.manifest
        for name in names
        for tag, found in corpus.repositories[name].tags.items()
        if not tag.startswith("sha256-")
    }
    reached = {(name, part) for (name, _, _), top in tags.items() for part in (top.digest, *_digests(top))}
    manifests = {key: corpus.repositories[key[0]].manifests[key[1]] for key in reached}
    return {
        "repositories": {(name, *name.split("/")) for name in names},
        "tags": set(tags),
        "manifests": {(*key, *_manifest_row(crawler, manifest)) for key, manifest in manifests.items()},
        "manifest_children": {
            (*key, position, child.digest, child.kind)
            for key, manifest in manifests.items()
            for position, child in enumerate(manifest.children)
        },
        "layers": {
            (*key, position, f"RUN step {position}")
            for key, manifest in manifests.items()
            if manifest.kind == "image"
            for position in range(manifest.layer_count or 0)
        },
    }


def _digests(manifest: Manifest) -> list[str]:
    return [child.digest for child in manifest.children]


def _manifest_row(crawler: Crawler, manifest: Manifest) -> tuple[Any, ...]:
    ((labels,),) = crawler.rows(f"SELECT list_sort(map_entries(MAP {manifest.labels}))::VARCHAR")
    return (
        manifest.media_type,
        manifest.kind,
        manifest.architecture,
        manifest.os,
        manifest.size,
        manifest.layer_count,
        labels,
    )
