"""A registry of two repositories, two providers that read it, and a Dagster instance of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from registry_assets.definitions import build_definitions
from registry_assets.providers.file import Configuration, load_configuration
from registry_assets.warehouse import Warehouse
from registry_assets_tests.dagster.layouts import write_layout

Materialize = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Layouts: `team/api` with two tags on two images, `web` with two tags on one."""
    folder = tmp_path / "registry"
    write_layout(folder / "team" / "api", {"1.0": "api 1.0", "1.1": "api 1.1"})
    write_layout(folder / "web", {"latest": "web", "stable": "web"}, {"maintainer": "<b>web|team</b>"})
    return folder


def write_providers(path: Path, registry: Path, **config: Any) -> Path:
    """A providers file with the providers `sample` and `other.one`."""
    options = {"registry_type": "oci-layout", "api_url": str(registry), **config}
    providers = [{"name": name, "every": 60, "config": options} for name in ("sample", "other.one")]
    path.write_text(yaml.safe_dump({"providers": providers}))
    return path


@pytest.fixture
def configuration(tmp_path: Path, registry: Path) -> Configuration:
    return load_configuration(write_providers(tmp_path / "providers.yaml", registry))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def warehouse(data: Path) -> Warehouse:
    return Warehouse(data)


@pytest.fixture
def definitions(configuration: Configuration, data: Path) -> dg.Definitions:
    return build_definitions(configuration, data)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance in memory."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def materialize(definitions: dg.Definitions, instance: dg.DagsterInstance) -> Materialize:
    """Runs the inventory job for one provider, in whole or for some of its tables."""

    def run(*tables: str, provider: str = "sample", **config: Any) -> dg.ExecuteInProcessResult:
        return definitions.resolve_job_def("inventory").execute_in_process(
            instance=instance,
            partition_key=provider,
            asset_selection=[dg.AssetKey(table) for table in tables] or None,
            run_config={
                "ops": {"crawl": {"config": config}} if config else {},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            raise_on_error=False,
        )

    return run
