"""Housekeeping: what goes after its time, what a forgotten provider leaves, and the file's size."""

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from registry_assets.warehouse import Warehouse, describe_tables
from registry_assets.warehouse.connection import open_private, statements
from registry_assets_tests.warehouse.crawls import Seen, at, crawl, digest, image, problem, rows

DAY = 24.0


def days_ago(days: float) -> float:
    return (datetime.now(UTC) - timedelta(days=days) - at(0)) / timedelta(hours=1)


def test_manifests_go_ninety_days_after_the_last_tag_left_them(warehouse: Warehouse) -> None:
    both = Seen({"app": {"v1": "one", "v2": "two", "v3": "three"}}, [*image("one"), *image("two"), *image("three")])
    crawl(warehouse, both, days_ago(200))
    crawl(warehouse, Seen({"app": {"v2": "two", "v3": "three"}}), days_ago(91))
    crawl(warehouse, Seen({"app": {"v3": "three"}}), days_ago(89))
    warehouse.compact()
    left = {(digest("two"),), (digest("three"),)}
    assert set(rows(warehouse, "SELECT digest FROM manifests")) == left
    assert set(rows(warehouse, "SELECT DISTINCT digest FROM layers")) == left
    assert len(warehouse.query("FROM manifests")) == 2
    warehouse.compact(manifest_days=10)
    assert rows(warehouse, "SELECT digest FROM manifests") == [(digest("three"),)]


def test_crawls_go_after_thirty_days_save_the_last_and_the_last_complete_one(warehouse: Warehouse) -> None:
    for days, complete in ((50, True), (40, True), (35, False), (31, False)):
        crawl(warehouse, Seen({"app": {}}, complete=complete), days_ago(days), run_id=f"{days}")
    warehouse.compact()
    assert rows(warehouse, "SELECT DISTINCT run_id FROM crawls ORDER BY 1") == [("31",), ("40",)]
    crawl(warehouse, Seen({"app": {}}), days_ago(1), run_id="1")
    warehouse.compact()
    assert rows(warehouse, "SELECT DISTINCT run_id FROM crawls ORDER BY 1") == [("1",), ("31",)]


def test_resolved_problems_go_and_open_ones_stay(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}, "web": {}}, [problem("tags", "app"), problem("tags", "web")]), days_ago(50))
    crawl(warehouse, Seen({"app": {}, "web": {}}, [problem("tags", "web")]), days_ago(40))
    warehouse.compact()
    assert rows(warehouse, "SELECT repository FROM crawl_problems") == [("web",)]


def test_a_forgotten_provider_leaves_nothing_and_no_other_loses_anything(warehouse: Warehouse) -> None:
    for provider in ("acme", "other"):
        crawl(warehouse, Seen({"app": {"v1": "one"}}, [*image("one"), problem("tags", "app")], provider=provider))
        warehouse.derive_graph(provider)
    with open_private(warehouse.published.parent / "private" / "registry.duckdb") as connection:
        kept = count_all(connection)
    assert warehouse.forget("acme")
    with open_private(warehouse.published.parent / "private" / "registry.duckdb") as connection:
        assert count_all(connection) == {table: count // 2 for table, count in kept.items()}
    assert warehouse.query("SELECT DISTINCT provider FROM images")["provider"].tolist() == ["other"]
    assert not warehouse.forget("acme")
    crawl(warehouse, Seen({}, api_url="https://elsewhere.example.com"), 1)


def count_all(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    tables = [name for name in describe_tables() if name not in ("images", "provider_status", "digest_tags")]
    tables += ["internal.providers", "internal.entity_names"]
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in tables}


def test_forgetting_names_every_table() -> None:
    forgotten = statements("maintenance/forget.sql")
    tables = [name for name in describe_tables() if name not in ("images", "provider_status", "digest_tags")]
    assert [table for table in tables if f"DELETE FROM {table} " not in forgotten] == []


def test_a_file_that_is_mostly_free_space_is_rewritten_with_everything_in_it(warehouse: Warehouse) -> None:
    private = warehouse.published.parent / "private" / "registry.duckdb"
    crawl(warehouse, Seen({"app": {"v1": "one"}}, image("one")), days_ago(1))
    with open_private(private) as connection:
        connection.execute("CREATE TABLE filler AS SELECT uuid()::VARCHAR AS x FROM range(1_500_000)")
        connection.execute("CHECKPOINT")
    crawl(warehouse, Seen({"app": {f"v{n}": f"image {n}" for n in range(3000)}}), days_ago(0.5))
    with open_private(private) as connection:
        connection.execute("DROP TABLE filler")
        connection.execute("CHECKPOINT")
        before = contents(connection)
    size = private.stat().st_size
    private.with_name("registry.duckdb.compact.wal").write_bytes(b"left by a killed process")
    warehouse.compact()
    assert private.stat().st_size < size / 4
    with open_private(private) as connection:
        assert contents(connection) == before
    assert len(warehouse.query("SELECT * FROM images")) == 3000
    crawl(warehouse, Seen({"app": {"v1": "two"}}, image("two"), accept_removals=True), days_ago(0))
    names = {file.name for file in private.parent.iterdir()}
    assert names <= {"registry.duckdb", "spill"}


def contents(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    tables = connection.execute(
        "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables() WHERE table_name <> 'publication'"
    ).fetchall()
    return {
        name: [comment, *sorted(map(repr, connection.execute(f"FROM {name}").fetchall()))] for name, comment in tables
    }


def test_a_quiet_provider_costs_no_space(warehouse: Warehouse) -> None:
    private = warehouse.published.parent / "private" / "registry.duckdb"
    seen = Seen({"app": {f"v{n}": "one" for n in range(50)}}, image("one"))
    crawl(warehouse, seen)
    for hour in range(1, 4):
        crawl(warehouse, seen, hour)
    size = private.stat().st_size
    for hour in range(4, 16):
        crawl(warehouse, seen, hour)
    assert private.stat().st_size <= size + 3 * 262_144
