"""Housekeeping frees the disk and forgets nothing that is needed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from registry_assets.housekeeping import (
    HousekeepingConfig,
    disk_usage,
    event_files,
    list_runs,
    runs_to_delete,
    shrink,
)

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
PROVIDERS = dg.StaticPartitionsDefinition(["sample", "other.one"])


@dg.asset(partitions_def=PROVIDERS)
def tags() -> None:
    """An asset that is quick to materialize."""


@dg.asset_check(asset=tags)
def well() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance on SQLite files, as users have it."""
    with dg.instance_for_test() as instance:
        yield instance


def materialize(instance: dg.DagsterInstance, provider: str = "sample") -> str:
    """The id of a run of the inventory job as far as housekeeping can tell."""
    inventory = dg.define_asset_job("inventory", [tags])
    job = dg.Definitions(assets=[tags], asset_checks=[well], jobs=[inventory]).resolve_job_def("inventory")
    return job.execute_in_process(instance=instance, partition_key=provider, run_config=QUIET).run_id


def keep_house(definitions: dg.Definitions, instance: dg.DagsterInstance, **config: float) -> None:
    run_config = {"ops": {"delete_old_runs": {"config": config}}, **QUIET}
    job = definitions.resolve_job_def("housekeeping")
    assert job.execute_in_process(instance=instance, run_config=run_config).success


def inventory_runs(instance: dg.DagsterInstance) -> list[str]:
    return [run.run_id for run in instance.get_runs(dg.RunsFilter(job_name="inventory"))]


def dumped(root: Path) -> list[bytes]:
    """All rows of all SQLite databases."""
    dumps = []
    for database in root.rglob("*.db"):
        with closing(sqlite3.connect(database)) as connection:
            dumps.append("\n".join(connection.iterdump()).encode())
    return dumps


def test_old_runs_go_with_their_files_and_the_newest_success_stays(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    runs = [materialize(instance) for _ in range(4)]
    root = Path(instance.root_directory)
    before = disk_usage(instance)
    keep_house(definitions, instance, keep_days=0)
    assert inventory_runs(instance) == [runs[-1]]
    assert disk_usage(instance) < before
    for gone in runs[:-1]:
        assert not event_files(instance, gone)
        assert not list(root.rglob(f"*{gone}*"))
        assert not any(gone.encode() in rows for rows in dumped(root))
    assert event_files(instance, runs[-1])


def test_dagster_still_knows_what_was_materialized(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    for provider in ("sample", "other.one", "sample"):
        materialize(instance, provider)
    keep_house(definitions, instance, keep_days=0)
    assert instance.get_materialized_partitions(dg.AssetKey("tags")) == {"sample", "other.one"}


def test_of_each_provider_only_so_many_runs_stay(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    runs = [materialize(instance) for _ in range(4)]
    other = materialize(instance, "other.one")
    keep_house(definitions, instance, keep_runs=2)
    assert set(inventory_runs(instance)) == {*runs[-2:], other}


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED])
def test_a_run_in_progress_stays(
    status: dg.DagsterRunStatus, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    run = instance.create_run_for_job(definitions.resolve_job_def("inventory"), status=status)
    keep_house(definitions, instance, keep_days=0)
    assert inventory_runs(instance) == [run.run_id]


def test_the_newest_success_stays_below_newer_failures(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    job, tags = definitions.resolve_job_def("inventory"), {"dagster/partition": "sample"}
    statuses = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    runs = [instance.create_run_for_job(job, status=status, tags=tags).run_id for status in statuses]
    old = runs_to_delete(list_runs(instance), HousekeepingConfig(keep_days=0))
    assert set(old) == {runs[0], runs[2]}


def test_runs_are_kept_by_default_for_two_days(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    instance.create_run_for_job(definitions.resolve_job_def("inventory"), status=dg.DagsterRunStatus.FAILURE)
    assert runs_to_delete(list_runs(instance), HousekeepingConfig()) == []
    assert datetime.now(UTC) - next(iter(list_runs(instance))).create_timestamp < timedelta(days=2)


def test_a_database_that_is_mostly_free_gives_its_pages_back(tmp_path: Path) -> None:
    database = tmp_path / "runs.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE runs (body TEXT)")
        connection.executemany("INSERT INTO runs VALUES (?)", [("x" * 1000,)] * 1000)
        connection.commit()
        connection.execute("DELETE FROM runs WHERE rowid > 1")
        connection.commit()
    before = database.stat().st_size
    shrink(database)
    assert database.stat().st_size < before / 10
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)
