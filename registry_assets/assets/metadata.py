"""What a materialization tells about itself: how many rows, what changed, what it cost, what could not be read."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from registry_assets.assets import markdown
from registry_assets.assets.tables import column_lineage
from registry_assets.crawl import Crawled
from registry_assets.records import ProblemRecord
from registry_assets.warehouse import Derived, Warehouse

Metadata = Mapping[str, Any]


def crawl_metadata(table: str, crawled: Crawled, warehouse: Warehouse) -> Metadata:
    """The metadata of one crawled table."""
    provider = crawled.crawl.provider
    return {
        **row_counts(table, crawled.applied.rows[table], warehouse),
        **cost(table, crawled),
        **difference(table, crawled),
        **problems(table, crawled.problems),
        **preview(table, provider, warehouse),
    }


def graph_metadata(table: str, derived: Derived, provider: str, warehouse: Warehouse) -> Metadata:
    """The metadata of one table of the graph, with a count for each kind or relation."""
    counts = derived.entities if table == "entities" else derived.relationships
    return {
        **row_counts(table, sum(counts.values()), warehouse),
        "changed": derived.changed,
        **dict(sorted(counts.items())),
        **preview(table, provider, warehouse),
    }


def row_counts(table: str, of_provider: int, warehouse: Warehouse) -> Metadata:
    """The provider's rows and everybody's, under the names that Dagster's UI plots."""
    return {"dagster/partition_row_count": of_provider, "dagster/row_count": warehouse.row_count(table)}


def cost(table: str, crawled: Crawled) -> Metadata:
    """What the stage asked of the registry, and what the registry says is left of its content."""
    stage = next(stage for stage in crawled.crawl.stages if stage.stage == table)
    return {
        "complete": stage.complete,
        "requests": stage.requests,
        "bytes_received": stage.bytes_received,
        "seen": stage.seen,
        **(crawled.allowances if table == "manifests" else {}),
    }


def difference(table: str, crawled: Crawled) -> Metadata:
    """What the crawl changed in the table, and what it would have removed but did not."""
    counts, held = crawled.applied.tables[table], crawled.applied.guard
    changes = {"added": counts.added, "changed": counts.changed, "removed": counts.removed}
    return changes | ({"removals_held": held} if held and table in ("repositories", "tags") else {})


def problems(stage: str, found: Sequence[ProblemRecord]) -> Metadata:
    """The stage's open problems, each with what to do; nothing where all was read."""
    rows = [
        (problem.repository, problem.reference, problem.status_code, problem.message, problem.advice)
        for problem in found
        if problem.stage == stage
    ]
    if not rows:
        return {}
    table = markdown.table(rows[:50], ["repository", "reference", "status", "problem", "what to do"])
    return {"open_problems": len(rows), "problems": dg.MetadataValue.md(table)}


def preview(table: str, provider: str, warehouse: Warehouse) -> Metadata:
    """Ten rows of this provider, the lineage of the columns, and the registry's address where the table has it."""
    rows = warehouse.preview(table, provider)
    metadata: dict[str, Any] = {
        "preview": dg.MetadataValue.md(markdown.frame_table(rows)),
        "dagster/column_lineage": column_lineage(table),
    }
    if table == "registries" and len(rows):
        metadata["registry"] = dg.MetadataValue.url(str(rows["url"].iloc[0]))
    return metadata
