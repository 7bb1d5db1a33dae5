"""One asset per table: what it holds, its columns with their comments, and where each column comes from."""

from collections.abc import Sequence

import dagster as dg

from registry_assets.crawl import STAGES
from registry_assets.warehouse import describe_tables

REGISTRY = dg.AssetKey("container_registry")
GRAPH_TABLES = ("entities", "relationships")
TABLES = (*STAGES, *GRAPH_TABLES)

OWNERS = ("team:platform",)

UPSTREAM: dict[str, Sequence[dg.AssetKey | str]] = {
    "registries": [REGISTRY],
    "repositories": ["registries"],
    "tags": ["repositories"],
    "manifests": ["tags"],
    "entities": STAGES,
    "relationships": ["entities"],
}

KINDS = {table: {"duckdb", "docker"} for table in STAGES} | {table: {"duckdb", "sql"} for table in GRAPH_TABLES}

DESCRIPTIONS = {
    "registries": (
        "One row per provider: its registry's name, address and whether anyone may read it.\n\n"
        "What each crawl did is in `crawls`, what it could not read in `crawl_problems`; "
        "the view `provider_status` sums both up."
    ),
    "repositories": "One row per repository that a selector of the provider takes.",
    "tags": (
        "One row per selected tag, with the digest it points at now.\n\n"
        "What a tag pointed at before, and since when, is in `tag_history`; "
        "the view `images` joins tags with their manifests."
    ),
    "manifests": (
        "One row per manifest that was read: images, indexes, attestations, signatures and other artifacts.\n\n"
        "`manifest_children` holds the platforms of an index, `layers` the layers of an image."
    ),
    "entities": "The graph's nodes: registries, repositories, images (tags) and manifests, named uniquely.",
    "relationships": "The graph's edges: `BELONGS_TO`, `USES` and `CONTAINS`, from one entity to another.",
}

# column: the columns of upstream tables that its value is taken from
LINEAGE: dict[str, dict[str, Sequence[tuple[str, str]]]] = {
    "repositories": {"provider": [("registries", "provider")]},
    "tags": {column: [("repositories", column)] for column in ("provider", "repository")},
    "manifests": {column: [("tags", column)] for column in ("provider", "repository", "digest")},
    "entities": {
        "entity_namespace": [("registries", "entity_namespace")],
        "provider": [(table, "provider") for table in STAGES],
        "identity": [
            ("registries", "provider"),
            ("repositories", "repository"),
            ("tags", "tag"),
            ("manifests", "digest"),
        ],
        "name": [("registries", "provider"), ("repositories", "repository"), ("tags", "tag"), ("manifests", "digest")],
        "labels": [("registries", "registry_type"), ("repositories", "namespace"), ("manifests", "architecture")],
        "spec": [
            ("registries", "url"),
            ("repositories", "description"),
            ("tags", "digest"),
            ("manifests", "media_type"),
            ("manifests", "size"),
            ("manifests", "labels"),
        ],
        "first_seen": [(table, "first_seen") for table in STAGES[1:]],
    },
    "relationships": {
        "provider": [("entities", "provider")],
        "source_kind": [("entities", "kind")],
        "source_namespace": [("entities", "entity_namespace")],
        "source_name": [("entities", "name")],
        "target_kind": [("entities", "kind")],
        "target_namespace": [("entities", "entity_namespace")],
        "target_name": [("entities", "name")],
    },
}


def registry_spec(partitions: dg.PartitionsDefinition[str]) -> dg.AssetSpec:
    """The registry itself, which others fill: the external asset that everything starts from."""
    return dg.AssetSpec(
        REGISTRY,
        description="The container registry that a provider points at. It is filled by whoever pushes to it.",
        group_name="sources",
        kinds={"docker"},
        owners=OWNERS,
        partitions_def=partitions,
    )


def table_spec(table: str, partitions: dg.PartitionsDefinition[str], *, skippable: bool = False) -> dg.AssetSpec:
    """The asset of one table of the warehouse."""
    return dg.AssetSpec(
        table,
        deps=UPSTREAM[table],
        description=DESCRIPTIONS[table],
        group_name="graph" if table in GRAPH_TABLES else "inventory",
        kinds=KINDS[table],
        owners=OWNERS,
        skippable=skippable,
        partitions_def=partitions,
        metadata={"dagster/table_name": f"registry.main.{table}", "dagster/column_schema": column_schema(table)},
    )


def column_schema(table: str) -> dg.TableSchema:
    """The table's columns, each with its type and its comment from the warehouse."""
    description = describe_tables()[table]
    columns = [dg.TableColumn(column.name, column.type, column.comment) for column in description.columns]
    return dg.TableSchema(columns=columns)


def column_lineage(table: str) -> dg.TableColumnLineage:
    """Which upstream columns each column is taken from; a column that the registry itself tells has none."""
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(upstream), column_name=name) for upstream, name in sources]
            for column, sources in LINEAGE.get(table, {}).items()
        }
    )
