"""Housekeeping: old runs go with their files, the warehouse is compacted.

Dagster's SQLite storage writes a database of its own per run and keeps it for ever, also when the run is deleted.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from pydantic import Field

from registry_assets.assets.failures import failing_clearly
from registry_assets.assets.warehouse import WarehouseResource
from registry_assets.orphans import PARTITION

PAGE = 500


class HousekeepingConfig(dg.Config):
    """How much to keep."""

    keep_days: float = Field(default=2, description="Runs older than this many days are deleted.")
    keep_runs: int = Field(default=100, description="How many runs to keep of each job and provider, at most.")


@dg.op(description="Delete old runs with their files, keeping each provider's newest success.")
def delete_old_runs(context: dg.OpExecutionContext, config: HousekeepingConfig) -> None:
    before = disk_usage(context.instance)
    old = runs_to_delete(list_runs(context.instance), config)
    for run_id in old:
        delete_run(context.instance, run_id)
    delete_leftovers(context.instance, old)
    for database in shared_databases(context.instance):
        shrink(database)
    freed = (before - disk_usage(context.instance)) / 2**20
    context.log.info("deleted %d runs, freed %.1f MiB", len(old), freed)


@dg.op(description="Delete rows that are kept long enough and give the warehouse's free space back.")
def compact_warehouse(registry_warehouse: WarehouseResource) -> None:
    with failing_clearly("housekeeping"):
        registry_warehouse.open().compact()


@dg.job(
    executor_def=dg.in_process_executor,
    description="Delete old runs with their files and compact the warehouse.",
)
def housekeeping() -> None:
    """Both parts; neither waits for the other's success."""
    delete_old_runs()
    compact_warehouse()


def list_runs(instance: dg.DagsterInstance) -> Iterator[dg.RunRecord]:
    """All runs, newest first."""
    cursor: str | None = None
    while page := instance.get_run_records(limit=PAGE, cursor=cursor):
        yield from page
        cursor = page[-1].dagster_run.run_id


def runs_to_delete(newest_first: Iterable[dg.RunRecord], config: HousekeepingConfig) -> list[str]:
    """The finished runs that are too old or too many. Of each job and provider the newest success stays: it is what
    Dagster knows of the partition.
    """
    oldest = datetime.now(UTC) - timedelta(days=config.keep_days)
    seen: dict[tuple[str, str], int] = {}
    succeeded: set[tuple[str, str]] = set()
    old = []
    for record in newest_first:
        run = record.dagster_run
        kind = (run.job_name, run.tags.get(PARTITION, ""))
        seen[kind] = seen.get(kind, 0) + 1
        is_newest_success = run.is_success and kind not in succeeded
        if is_newest_success:
            succeeded.add(kind)
        too_many = seen[kind] > config.keep_runs
        if run.is_finished and not is_newest_success and (too_many or record.create_timestamp < oldest):
            old.append(run.run_id)
    return old


def delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete the run's record, its events, its database file and its logs."""
    instance.delete_run(run_id)
    for file in event_files(instance, run_id):
        file.unlink(missing_ok=True)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    shutil.rmtree(Path(instance.storage_directory(), run_id), ignore_errors=True)


def delete_leftovers(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> None:
    """Delete the rows that Dagster's SQLite storage leaves of deleted runs: their check evaluations and their tags."""
    ids = [(run_id,) for run_id in run_ids]
    for database in shared_databases(instance):
        with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
            for table in ("asset_check_executions", "run_tags"):
                if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone():
                    connection.executemany(f"DELETE FROM {table} WHERE run_id = ?", ids)  # noqa: S608 - names above


def event_files(instance: dg.DagsterInstance, shard: str) -> list[Path]:
    """The SQLite database of one run's events, with its write-ahead log; none where events are stored elsewhere."""
    path_for_shard = getattr(instance.event_log_storage, "path_for_shard", None)
    if path_for_shard is None:
        return []
    database = Path(path_for_shard(shard))
    return list(database.parent.glob(f"{database.name}*"))


def shared_databases(instance: dg.DagsterInstance) -> list[Path]:
    """The SQLite databases that all runs share: their index, their records, the ticks."""
    root = Path(instance.root_directory)
    return [file for folder in ("history", "schedules") for file in sorted((root / folder).glob("*.db"))] + [
        file for file in event_files(instance, "index") if file.suffix == ".db"
    ]


def shrink(database: Path) -> None:
    """Give free pages back to the disk where they are more than half of the file; leave a busy database alone."""
    try:
        with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as connection:
            free, pages = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
            )
            if free > pages / 2:
                connection.execute("VACUUM")
    except sqlite3.OperationalError:
        pass  # somebody is writing; the next day will do


def disk_usage(instance: dg.DagsterInstance) -> int:
    """Bytes of all files below the instance's directory."""
    return sum(file.stat().st_size for file in list(Path(instance.root_directory).rglob("*")) if file.is_file())
