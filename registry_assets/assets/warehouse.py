"""The warehouse as a Dagster resource, so that the UI shows where the data is."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from registry_assets.warehouse import Warehouse


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """Where the DuckDB files are."""

    data_dir: str = Field(description="The directory that holds registry.duckdb, the file to open for reading.")

    def open(self) -> Warehouse:
        """The warehouse in `data_dir`; no file is opened yet."""
        return Warehouse(Path(self.data_dir))
