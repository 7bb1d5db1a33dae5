"""A clock that steps backwards: nothing is lost, nothing waits until the old time comes again."""

import os
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from registry_assets.definitions import build_definitions
from registry_assets.providers.file import load_configuration
from registry_assets.sensors import reason_to_wait
from registry_assets.warehouse import Warehouse
from registry_assets_tests.dagster.conftest import write_providers
from registry_assets_tests.dagster.layouts import write_layout
from registry_assets_tests.warehouse.crawls import Seen, at, crawl, digest, image, rows

ONE_DAY = 24.0


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data", lock_timeout=20)


def from_now(hours: float) -> float:
    """The hours that `crawls.crawl` takes, for a time `hours` from now."""
    return (datetime.now(UTC) - at(0)) / timedelta(hours=1) + hours


@pytest.mark.parametrize("steps", [[10, 5, 7, 1, 12], [10, 9, 8, 7, 6], [10, 10, 10, 10, 10]])
def test_a_tags_history_stays_in_order_whatever_the_clock_says(warehouse: Warehouse, steps: list[int]) -> None:
    for number, hour in enumerate(steps):
        crawl(warehouse, Seen({"app": {"latest": f"{number}"}}, image(f"{number}")), hour, run_id=f"run {number}")
    intervals = rows(warehouse, "SELECT digest, valid_from, valid_to FROM tag_history ORDER BY valid_from")
    assert [found for found, _, _ in intervals] == [digest(f"{number}") for number in range(5)]
    for (_, start, end), (_, following, _) in pairwise(intervals):
        assert start < end <= following
    assert rows(warehouse, "SELECT digest FROM tags") == [(digest("4"),)]
    assert rows(warehouse, "SELECT count(DISTINCT run_id) FROM crawls") == [(5,)]


def test_a_tag_that_goes_and_comes_while_the_clock_steps_back_keeps_one_interval_each(warehouse: Warehouse) -> None:
    there, gone = Seen({"app": {"latest": "one", "other": "one"}}, image("one")), Seen({"app": {"other": "one"}})
    for number, (seen, hour) in enumerate([(there, 10), (gone, 5), (there, 3), (gone, 2), (there, 1)]):
        crawl(warehouse, seen, hour, run_id=f"run {number}")
    sql = "SELECT valid_from, valid_to FROM tag_history WHERE tag = 'latest' ORDER BY valid_from"
    intervals = rows(warehouse, sql)
    assert len(intervals) == 3
    assert [end is None for _, end in intervals] == [False, False, True]
    for (start, end), (following, _) in pairwise(intervals):
        assert start <= end <= following


def test_counts_are_due_after_the_clock_was_set_back_by_a_year(warehouse: Warehouse) -> None:
    seen = Seen({"app": {"latest": "one"}}, image("one"), full=True)
    crawl(warehouse, seen, from_now(365 * ONE_DAY))
    assert warehouse.known("acme").counts_due
    crawl(warehouse, seen, from_now(0))
    assert not warehouse.known("acme").counts_due


def test_the_spool_of_a_dead_crawl_goes_although_it_is_from_tomorrow(warehouse: Warehouse) -> None:
    spool = warehouse.new_spool("dead", "acme")
    spool._lock.release()
    tomorrow = time.time() + 86_400
    os.utime(spool.directory, (tomorrow, tomorrow))
    warehouse.compact()
    assert not spool.directory.exists()


def test_a_provider_is_due_although_its_last_crawl_was_tomorrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_layout(tmp_path / "registry" / "web", {"latest": "web"})
    configuration = load_configuration(write_providers(tmp_path / "providers.yaml", tmp_path / "registry"))
    provider = configuration.provider("sample")
    job = build_definitions(configuration, tmp_path / "data").resolve_job_def("inventory")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, partition_key="sample", run_config=quiet).success
        assert "due every 60 s" in reason_to_wait(instance, provider, configuration)
        yesterday = time.time() - 86_400
        monkeypatch.setattr(time, "time", lambda: yesterday)
        assert reason_to_wait(instance, provider, configuration) == ""
