"""One crawl in this process, recorded on the instance that the UI shows."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from registry_assets.assets import CRAWL, CrawlConfig, progress_listener
from registry_assets.crawl import STAGES, Progress
from registry_assets.definitions import build_definitions
from registry_assets.providers.file import Configuration, data_dir, project_folder
from registry_assets.schedules import INVENTORY

INTERRUPTS = ("KeyboardInterrupt", "DagsterExecutionInterruptedError")


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: `complete` when everything was read; `failure` is what stopped it, in one sentence or two."""

    provider: str
    complete: bool
    failure: str | None
    summary: str


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """The instance that `dagster dev` uses when it is started in the project's folder.

    That is DAGSTER_HOME where it is set, else what the folder's `dagster.yaml` says, else `dagster` below the data.
    """
    # The paths in dagster.yaml are relative to the working directory.
    with chdir(project_folder()):
        if os.environ.get("DAGSTER_HOME"):
            instance = dg.DagsterInstance.get()
        else:
            instance = dg.DagsterInstance.from_config(str(instance_folder()))
        with instance:
            yield instance


def instance_folder() -> Path:
    """Where the file is that says how Dagster keeps its history; made where there is none."""
    if Path("dagster.yaml").exists():
        return Path.cwd()
    folder = data_dir().absolute() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run_provider(
    configuration: Configuration,
    provider_name: str,
    instance: dg.DagsterInstance,
    *,
    full: bool = False,
    accept_removals: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> RunOutcome:
    """Run the inventory job for one provider here; `progress` is called several times a second while it crawls.

    `KeyboardInterrupt` ends the run and is raised again.
    """
    job = build_definitions(configuration, data_dir()).resolve_job_def(INVENTORY)
    token = progress_listener.set(progress)
    try:
        result = job.execute_in_process(
            instance=instance,
            partition_key=provider_name,
            run_config=dg.RunConfig(
                ops={CRAWL: CrawlConfig(full=full, accept_removals=accept_removals)},
                loggers={"console": {"config": {"log_level": "CRITICAL"}}},
            ),
            raise_on_error=False,
        )
    finally:
        progress_listener.reset(token)
    if was_interrupted(result):
        raise KeyboardInterrupt  # Dagster keeps it to itself where errors are not raised
    return outcome(provider_name, result)


def outcome(provider: str, result: dg.ExecuteInProcessResult) -> RunOutcome:
    """What the run's events tell."""
    tables = {table: materialized(result, table) for table in STAGES}
    held = next((metadata["removals_held"] for metadata in tables.values() if "removals_held" in metadata), "")
    complete = result.success and not held and all(metadata.get("complete") for metadata in tables.values())
    text = f"{summary(tables)}; {held}" if held else summary(tables)
    return RunOutcome(provider, complete, None if result.success else failure_of(result), text)


def was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether the run ended by Ctrl-C."""
    errors = [event.job_failure_data.error for event in result.all_events if event.is_job_failure]
    return any(error is not None and error.cls_name in INTERRUPTS for error in errors)


def materialized(result: dg.ExecuteInProcessResult, table: str) -> Mapping[str, Any]:
    """The values of the metadata that the run gave the table; empty where it did not come that far."""
    events = (event for event in result.get_asset_materialization_events() if event.asset_key == dg.AssetKey(table))
    return {
        key: value.value
        for event in events
        for key, value in event.step_materialization_data.materialization.metadata.items()
    }


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """What stopped the run: the failure's own words, or the first line of an error that nobody foresaw."""
    for event in result.all_node_events:
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data and data.user_failure_data.description:
                return data.user_failure_data.description
            return data.error_display_string.splitlines()[0]
    return "the run failed; the Dagster UI has its log"


def summary(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """`3 repositories, 12 tags, 14 manifests; 5 changes; 31 requests, 2 problems`."""
    counts = ", ".join(f"{tables[table].get('dagster/partition_row_count', 0):,} {table}" for table in STAGES[1:])

    def total(*keys: str) -> int:
        return sum(metadata.get(key, 0) for metadata in tables.values() for key in keys)

    changes, problems = total("added", "changed", "removed"), total("open_problems")
    cost = f"{changes:,} changes; {total('requests'):,} requests"
    return f"{counts}; {cost}, {problems:,} problems" if problems else f"{counts}; {cost}"
