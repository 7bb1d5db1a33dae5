"""The tables: what crawls read enters them, and everything else reads from them. The only importer of duckdb."""

from registry_assets.warehouse.apply import Applied, Counts
from registry_assets.warehouse.graph import Derived
from registry_assets.warehouse.known import Known
from registry_assets.warehouse.spool import Spool
from registry_assets.warehouse.tables import Column, Table, describe_tables
from registry_assets.warehouse.warehouse import Warehouse

__all__ = ["Applied", "Column", "Counts", "Derived", "Known", "Spool", "Table", "Warehouse", "describe_tables"]
