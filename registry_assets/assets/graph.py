"""The assets derived from the crawled tables: entities and relationships."""

from collections.abc import Iterator

import dagster as dg

from registry_assets.assets.failures import failing_clearly
from registry_assets.assets.metadata import graph_metadata
from registry_assets.assets.tables import GRAPH_TABLES, table_spec
from registry_assets.assets.warehouse import WarehouseResource


def graph_asset(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The graph of one provider, derived anew where its tables changed."""

    @dg.multi_asset(
        name="derive_graph",
        specs=[table_spec(table, partitions) for table in GRAPH_TABLES],
        partitions_def=partitions,
        description="Derive one provider's entities and relationships from its tables.",
    )
    def derive_graph(
        context: dg.AssetExecutionContext, registry_warehouse: WarehouseResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        provider, warehouse = context.partition_key, registry_warehouse.open()
        with failing_clearly(provider):
            derived = warehouse.derive_graph(provider)
            for table in GRAPH_TABLES:
                yield dg.MaterializeResult(
                    asset_key=table, metadata=graph_metadata(table, derived, provider, warehouse)
                )

    return derive_graph
