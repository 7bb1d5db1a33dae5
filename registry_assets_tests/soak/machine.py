"""A registry with several versions of its content, and processes on one warehouse that may be killed."""

import json
import multiprocessing
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from registry_assets.crawl import crawl_provider
from registry_assets.providers.models import Provider, ProviderConfig
from registry_assets.warehouse import Warehouse, maintenance
from registry_assets_tests.dagster.layouts import write_layout

# Processes that have imported everything already: a kill hits a crawl, not an import.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])

Tags = set[tuple[str, str, str]]


class Changing:
    """A directory of image layouts that has one of several contents, changed at a stroke."""

    def __init__(self, folder: Path, versions: int = 2, repositories: int = 5, tags: int = 20) -> None:
        self.folder = folder
        self.path = folder / "registry"
        self.versions = versions
        for version in range(versions):
            for number in range(repositories):
                content = {f"v{tag}": f"{version} {number} {tag}" for tag in range(tags)}
                write_layout(folder / str(version) / "team" / f"app-{number}", content)
        self.show(0)

    def show(self, version: int) -> None:
        """Let the registry have the content of `version`."""
        unfinished = self.folder / "registry.new"
        unfinished.unlink(missing_ok=True)
        unfinished.symlink_to(self.folder / str(version % self.versions))
        unfinished.replace(self.path)

    def tags(self, version: int) -> Tags:
        """(repository, tag, digest) of everything in `version`."""
        root = self.folder / str(version % self.versions)
        return {
            (str(index.parent.relative_to(root)), name, entry["digest"])
            for index in root.rglob("index.json")
            for entry in json.loads(index.read_text())["manifests"]
            for name in entry["annotations"].values()
        }

    def provider(self, name: str = "company") -> Provider:
        """A provider that reads all tags."""
        options: dict[str, Any] = {"selectors": [{"max_tags": 0}]}
        config = ProviderConfig(registry_type="oci-layout", api_url=str(self.path), **options)
        return Provider(name=name, type="docker", every=300, config=config)


def crawl(provider: Provider, data: Path, run_id: str = "") -> None:
    """One crawl with its graph, as a run does it."""
    warehouse = Warehouse(data, lock_timeout=120)
    crawl_provider(provider, warehouse, run_id=run_id or str(uuid.uuid4()))
    warehouse.derive_graph(provider.name)


def work_for_ever(registry: Changing, data: Path) -> None:
    """Crawls of a registry that changes every time, the file rewritten after each."""
    maintenance.is_mostly_free = lambda connection: connection is not None
    for version in count(1):
        registry.show(version)
        crawl(registry.provider(), data)
        Warehouse(data).compact()


@contextmanager
def processes() -> Iterator[list[BaseProcess]]:
    """A list of processes; those still there at the end are killed."""
    started: list[BaseProcess] = []
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.join()
            process.close()
