"""An inventory of container registries: repositories, tags and manifests in DuckDB, and the graph of how they relate.

For notebooks and scripts: `sql` asks the warehouse, `status` tells how fresh it is, `preview` what a crawl would take,
`crawl_now` crawls. Errors are those of `registry_assets.errors`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from registry_assets.crawl import Preview

__all__ = ["crawl_now", "preview", "sql", "status"]


def sql(statement: str, parameters: Mapping[str, Any] | None = None) -> "pd.DataFrame":
    """The rows of a SELECT over the published tables; `$name` in the statement stands for `parameters["name"]`."""
    from registry_assets.providers.file import data_dir
    from registry_assets.warehouse import Warehouse

    return Warehouse(data_dir()).query(statement, parameters)


def status() -> "pd.DataFrame":
    """One row per provider: last attempt, last complete crawl, stale or not, open problems."""
    return sql("SELECT * FROM provider_status ORDER BY provider")


def preview(provider: str) -> "Preview":
    """What a crawl of `provider` would take and cost; asks the registry, writes nothing."""
    from registry_assets.crawl import preview_provider
    from registry_assets.providers.file import load_configuration

    return preview_provider(load_configuration().provider(provider))


def crawl_now(*providers: str, full: bool = False) -> bool:
    """Whether `providers` (all when none are named), crawled now in Dagster runs, were read completely."""
    from registry_assets.cli.runs import run_providers

    return run_providers(providers, full=full)
