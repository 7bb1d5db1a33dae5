"""One sensor per provider: it asks for a crawl at the provider's own interval."""

import time
from collections.abc import Mapping

import dagster as dg

from registry_assets.orphans import PARTITION, report_orphans
from registry_assets.providers.file import Configuration
from registry_assets.providers.models import Provider

IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
LAST_TABLE = dg.AssetKey("manifests")
# A run is created a little after its tick: asking for the whole interval would skip every other tick.
DUE = 0.9


def poll_sensor(provider: Provider, configuration: Configuration, job_name: str) -> dg.SensorDefinition:
    """The sensor `poll_NAME` of one provider."""

    @dg.sensor(
        name=f"poll_{provider.slug}",
        job_name=job_name,
        minimum_interval_seconds=provider.every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Crawls {provider.name} every {provider.every} seconds, unless a run of it is in progress.",
        tags={"provider": provider.name},
    )
    def poll(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        reason = reason_to_wait(context.instance, provider, configuration)
        return dg.SkipReason(reason) if reason else dg.RunRequest(partition_key=provider.name)

    return poll


def reason_to_wait(instance: dg.DagsterInstance, provider: Provider, configuration: Configuration) -> str:
    """Why no crawl is asked for now; '' where one is due."""
    if not configuration.is_current():
        return f"configuration changed: {configuration.path} is not what was loaded; reload the code location"
    running = in_progress(instance, provider.name)
    if running:
        return f"run {running.run_id} of {provider.name} is in progress"
    elapsed = time.time() - last_crawl(instance, provider.name)
    if 0 <= elapsed < DUE * provider.every:  # a clock that was set back holds nothing up
        return f"crawled {elapsed:.0f} s ago; due every {provider.every} s"
    return ""


def in_progress(instance: dg.DagsterInstance, provider: str) -> dg.DagsterRun | None:
    """A run of the provider that is queued or running; one whose process is gone is reported failed first."""
    runs = instance.get_runs(dg.RunsFilter(tags=of_provider(provider), statuses=IN_PROGRESS))
    return next(iter(report_orphans(instance, runs)), None)


def of_provider(provider: str) -> Mapping[str, str]:
    return {PARTITION: provider}


def last_crawl(instance: dg.DagsterInstance, provider: str) -> float:
    """When the provider's last full pipeline was asked for, in seconds since the epoch; 0 for never."""
    wanted = dg.AssetRecordsFilter(asset_key=LAST_TABLE, asset_partitions=[provider])
    records = instance.fetch_materializations(wanted, limit=1).records
    if not records:
        return 0.0
    run = instance.get_run_record_by_id(records[0].run_id)
    return run.create_timestamp.timestamp() if run else records[0].timestamp
