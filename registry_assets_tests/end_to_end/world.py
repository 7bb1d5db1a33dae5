"""One provider on a real registry, and the tables that crawling it gives."""

import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from registry_assets.crawl import Crawled, crawl_provider
from registry_assets.providers.file import load_configuration, project_folder
from registry_assets.providers.models import Provider
from registry_assets.warehouse import Warehouse
from registry_assets_tests.servers.docker_registry import RunningRegistry

SAMPLE = project_folder() / "examples" / "sample-registry"


def layouts() -> dict[str, Path]:
    """The sample's repositories with the directories of their layouts."""
    return {str(file.parent.relative_to(SAMPLE)): file.parent for file in sorted(SAMPLE.rglob("oci-layout"))}


def layout_tags(layout: Path) -> list[str]:
    """The tags of a layout that are no referrer tags."""
    entries = json.loads((layout / "index.json").read_text())["manifests"]
    names = (entry.get("annotations", {}).get("org.opencontainers.image.ref.name") for entry in entries)
    return sorted(name for name in names if name and not name.startswith("sha256-"))


def push_sample(registry: RunningRegistry) -> dict[str, list[str]]:
    """Pushes the whole sample with skopeo; the tags that were pushed, by repository."""
    pushed = {}
    for repository, layout in layouts().items():
        tags = layout_tags(layout)
        for tag in tags:
            # skopeo does not find a Docker schema 2 image in a layout by its tag.
            source = f"oci:{layout}:{tag}" if len(tags) > 1 or "charts" in repository else f"oci:{layout}"
            registry.skopeo.copy(source, f"docker://{registry.host}/{repository}:{tag}")
        pushed[repository] = tags
    return pushed


@dataclass
class World:
    """A provider, its configuration file and its warehouse below `folder`."""

    folder: Path
    config: dict[str, Any]
    name: str = "company"
    every: int = 300
    warehouse: Warehouse = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.warehouse = Warehouse(self.folder / "data")
        self.write()

    def write(self) -> Path:
        """The providers file. JSON is YAML."""
        path = self.folder / "providers.yaml"
        path.write_text(json.dumps({"providers": [{"name": self.name, "every": self.every, "config": self.config}]}))
        return path

    @property
    def provider(self) -> Provider:
        return load_configuration(self.folder / "providers.yaml").provider(self.name)

    def crawl(self, **options: Any) -> Crawled:
        crawled = crawl_provider(self.provider, self.warehouse, run_id=str(uuid.uuid4()), **options)
        self.warehouse.derive_graph(self.name)
        return crawled

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        frame = self.query(sql)
        return [tuple(row) for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False)]

    def query(self, sql: str) -> pd.DataFrame:
        return self.warehouse.query(sql)
