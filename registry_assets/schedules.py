"""What happens by the clock: the daily full crawl, the staleness check, housekeeping."""

from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from registry_assets.assets import CRAWL, TABLES, CrawlConfig
from registry_assets.checks import NOT_STALE
from registry_assets.housekeeping import housekeeping
from registry_assets.providers.file import Configuration

INVENTORY = "inventory"
RUNNING = dg.DefaultScheduleStatus.RUNNING


def inventory_job() -> UnresolvedAssetJobDefinition:
    """Crawl one provider and derive its graph."""
    return dg.define_asset_job(
        INVENTORY,
        selection=dg.AssetSelection.assets(*TABLES),
        description="Crawl one provider, derive its graph, look at the result.",
        executor_def=dg.in_process_executor,
    )


def staleness_job() -> UnresolvedAssetJobDefinition:
    """Only the check that no provider is stale."""
    return dg.define_asset_job(
        "staleness",
        selection=dg.AssetSelection.checks(NOT_STALE),
        description="Look whether every provider is crawled as often as it should be.",
        executor_def=dg.in_process_executor,
    )


def daily_full_crawl(configuration: Configuration, job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Every provider once a day in full: every tag asked again, counts refreshed, unreadable manifests retried."""

    @dg.schedule(
        name="daily_full_crawl",
        job=job,
        cron_schedule="17 3 * * *",
        default_status=RUNNING,
        description="Asks for every tag again, refreshes counts and retries what was unreadable, once a day.",
    )
    def full_crawl(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        at = context.scheduled_execution_time.isoformat()
        for provider in configuration.providers:
            run_key = f"{provider.name} {at}"
            yield dg.RunRequest(run_key, partition_key=provider.name, run_config=crawl_config(full=True))

    return full_crawl


def crawl_config(*, full: bool = False, accept_removals: bool = False) -> dg.RunConfig:
    """The run configuration of one crawl."""
    return dg.RunConfig(ops={CRAWL: CrawlConfig(full=full, accept_removals=accept_removals)})


def staleness_schedule(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Hourly, so that a provider is missed even when its sensor is off. Every crawl looks as well."""
    return dg.ScheduleDefinition(
        name="hourly_staleness_check",
        job=job,
        cron_schedule="7 * * * *",
        default_status=RUNNING,
        description="Notices a provider that is no longer crawled, also when its sensor is off.",
    )


def housekeeping_schedule() -> dg.ScheduleDefinition:
    """Every six hours: the runs of one provider polled every five minutes take some 15 MB in that time."""
    return dg.ScheduleDefinition(
        name="housekeeping",
        job=housekeeping,
        cron_schedule="43 4/6 * * *",
        default_status=RUNNING,
        description="Deletes old runs with their files and compacts the warehouse, every six hours.",
    )
