"""Many runs and readers of one warehouse at once."""

import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from registry_assets.warehouse import Warehouse
from registry_assets.warehouse.connection import connect
from registry_assets_tests.soak.machine import PROCESSES, Changing, crawl, processes
from registry_assets_tests.soak.test_kills import TAGS, TWICE
from registry_assets_tests.warehouse.crawls import Seen, digest, image, rows
from registry_assets_tests.warehouse.crawls import crawl as apply

WRITER = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
input()
connection.execute("UPDATE tags SET tag = 'mine'")
print("written", flush=True)
input()
"""


@pytest.fixture
def crowd() -> Iterator[list[BaseProcess]]:
    with processes() as started:
        yield started


@pytest.fixture
def registry(tmp_path: Path) -> Changing:
    return Changing(tmp_path)


def run(crowd: list[BaseProcess], registry: Changing, data: Path, *names: str) -> None:
    """Crawl all of these providers at the same time."""
    together = [PROCESSES.Process(target=crawl, args=(registry.provider(name), data)) for name in names]
    crowd.extend(together)
    for process in together:
        process.start()
    for process in together:
        process.join(120)
        assert process.exitcode == 0


def test_two_runs_of_one_provider_at_once_both_land(
    registry: Changing, tmp_path: Path, crowd: list[BaseProcess]
) -> None:
    data = tmp_path / "data"
    for version in range(3):
        registry.show(version)
        run(crowd, registry, data, "company", "company")
        assert set(rows(Warehouse(data), TAGS)) == registry.tags(version)
        assert rows(Warehouse(data), TWICE) == []
    assert rows(Warehouse(data), "SELECT count(DISTINCT run_id) FROM crawls") == [(6,)]
    sql = "SELECT start_reason, count(*) FROM tag_history GROUP BY 1 ORDER BY 1"
    assert rows(Warehouse(data), sql) == [("added", 100), ("moved", 200)]


def test_eight_providers_at_once_all_land_while_readers_hold_the_published_file(
    registry: Changing, tmp_path: Path, crowd: list[BaseProcess]
) -> None:
    """Each reader goes on seeing what it opened, to the end."""
    data, names = tmp_path / "data", [f"provider-{number}" for number in range(8)]
    crawl(registry.provider(names[0]), data)
    warehouse = Warehouse(data)
    readers = [connect() for _ in range(3)]
    for reader in readers:
        reader.execute(f"ATTACH '{warehouse.published}' AS registry (READ_ONLY)")
    registry.show(1)
    run(crowd, registry, data, *names)
    for reader in readers:
        assert set(reader.execute(TAGS.replace("tags", "registry.tags")).fetchall()) == registry.tags(0)
        reader.close()
    counts = warehouse.query("SELECT provider, count(*) FROM tags GROUP BY 1 ORDER BY 1")
    assert counts.to_numpy().tolist() == [[name, 100] for name in names]
    assert set(warehouse.query(TAGS).itertuples(index=False, name=None)) == registry.tags(1)
    assert warehouse.query(TWICE).to_numpy().tolist() == []


@pytest.fixture
def writing_reader(tmp_path: Path) -> Iterator[Popen[str]]:
    """Somebody who opened the published file to write in it, which root can."""
    if os.geteuid() != 0:
        pytest.skip("the published file is read-only: only root can open it to write")
    warehouse = Warehouse(tmp_path / "data")
    apply(warehouse, Seen({"app": {"latest": "one"}}, image("one")))
    command = [sys.executable, "-c", WRITER, str(warehouse.published)]
    process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.communicate()


def write_and_die(process: Popen[str]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "written\n"
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_somebody_who_has_the_published_file_open_to_write_holds_no_crawl_up(
    writing_reader: Popen[str], tmp_path: Path
) -> None:
    warehouse = Warehouse(tmp_path / "data", lock_timeout=20)
    warehouse.check_identity("acme", "https://registry.example.com")
    assert warehouse.known("acme").manifests == {digest("one")}
    apply(warehouse, Seen({"app": {"latest": "two"}}, image("two")), 1)
    assert warehouse.query(TAGS).to_numpy().tolist() == [["app", "latest", digest("two")]]


@pytest.mark.parametrize("published_before", [True, False])
def test_the_log_of_a_writing_reader_that_was_killed_does_not_reach_what_is_published_next(
    writing_reader: Popen[str], tmp_path: Path, published_before: bool
) -> None:
    """Also where the log belongs to a file that has been replaced since it was opened."""
    warehouse = Warehouse(tmp_path / "data", lock_timeout=20)
    if published_before:
        warehouse.publish(force=True)
    write_and_die(writing_reader)
    log = warehouse.published.with_name("registry.duckdb.wal")
    assert log.exists()
    apply(warehouse, Seen({"app": {"latest": "two"}}, image("two")), 1)
    assert warehouse.query(TAGS).to_numpy().tolist() == [["app", "latest", digest("two")]]
    assert not log.exists()


def test_a_log_that_does_not_fit_the_published_file_holds_no_crawl_up(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "data", lock_timeout=20)
    apply(warehouse, Seen({"app": {"latest": "one"}}, image("one")))
    warehouse.published.with_name("registry.duckdb.wal").write_bytes(b"\x01 no log at all " * 100)
    warehouse.check_identity("acme", "https://registry.example.com")
    assert warehouse.known("acme").manifests == {digest("one")}
