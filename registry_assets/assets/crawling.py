"""The assets that come from the registry, read in one crawl: registries, repositories, tags, manifests."""

import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import dagster as dg
from pydantic import Field

from registry_assets.assets.failures import failing_clearly
from registry_assets.assets.metadata import crawl_metadata
from registry_assets.assets.tables import table_spec
from registry_assets.assets.warehouse import WarehouseResource
from registry_assets.crawl import STAGES, Progress, crawl_provider
from registry_assets.orphans import sign
from registry_assets.providers.file import Configuration

CRAWL = "crawl"
SECONDS_BETWEEN_LINES = 5

# Who watches the crawls of this process besides Dagster's log: the command line's live display.
progress_listener: ContextVar[Callable[[Progress], None] | None] = ContextVar("progress_listener", default=None)


class CrawlConfig(dg.Config):
    """How to crawl."""

    full: bool = Field(
        default=False,
        description="The daily reconcile: ask for every tag again, refresh counts, retry unreadable ones.",
    )
    accept_removals: bool = Field(
        default=False, description="Remove what the registry no longer lists, even where that is most of it."
    )


def crawl_asset(configuration: Configuration, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The four assets of one crawl. Selecting fewer ends the crawl after the last one selected."""

    @dg.multi_asset(
        name=CRAWL,
        specs=[table_spec(table, partitions, skippable=True) for table in STAGES],
        can_subset=True,
        partitions_def=partitions,
        description="Crawl one provider's registry and write the difference to the warehouse.",
    )
    def crawl(
        context: dg.AssetExecutionContext, config: CrawlConfig, registry_warehouse: WarehouseResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        selected = [table for table in STAGES if dg.AssetKey(table) in context.selected_asset_keys]
        warehouse = registry_warehouse.open()
        sign(context.instance, context.run)
        with failing_clearly(context.partition_key):
            crawled = crawl_provider(
                configuration.provider(context.partition_key),
                warehouse,
                run_id=context.run.run_id,
                until=selected[-1],
                full=config.full,
                accept_removals=config.accept_removals,
                progress=reporter(context.log.info),
            )
            for table in selected:
                yield dg.MaterializeResult(asset_key=table, metadata=crawl_metadata(table, crawled, warehouse))

    return crawl


def reporter(write_line: Callable[[str], None]) -> Callable[[Progress], None]:
    """Passes progress on: to this process's listener at once, to the run's log a line every few seconds."""
    listener = progress_listener.get()
    due = time.monotonic() + SECONDS_BETWEEN_LINES

    def report(progress: Progress) -> None:
        nonlocal due
        if listener is not None:
            listener(progress)
        if time.monotonic() >= due:
            due = time.monotonic() + SECONDS_BETWEEN_LINES
            write_line(str(progress))

    return report
