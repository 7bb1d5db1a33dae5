"""Tags and their history: what appears, moves, goes and comes back, and why."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from registry_assets.records import RepositoryRecord, TagRecord
from registry_assets.warehouse import Counts, Warehouse
from registry_assets_tests.warehouse.crawls import Seen, at, crawl, digest, image, repository, rows

FIRST = Seen({"app": {"latest": "one", "v1": "one"}}, image("one"))


def history(warehouse: Warehouse, tag: str = "latest") -> list[tuple[Any, ...]]:
    sql = "SELECT valid_from, valid_to, digest, start_reason, end_reason FROM tag_history WHERE tag = ? ORDER BY 1"
    return rows(warehouse, sql, tag)


def tags(warehouse: Warehouse) -> dict[str, str]:
    return dict(rows(warehouse, "SELECT repository || ':' || tag, digest FROM tags"))


def test_a_first_crawl_fills_the_tables(warehouse: Warehouse) -> None:
    applied = crawl(warehouse, FIRST)
    assert applied.changed
    assert applied.tables["tags"] == Counts(added=2)
    assert applied.rows["tags"] == 2
    assert tags(warehouse) == {"app:latest": digest("one"), "app:v1": digest("one")}
    assert history(warehouse) == [(at(0), None, digest("one"), "added", None)]


def test_a_tag_that_points_elsewhere_has_moved(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    applied = crawl(warehouse, Seen({"app": {"latest": "two", "v1": "one"}}, image("two")), 1)
    assert applied.tables["tags"] == Counts(changed=1)
    assert history(warehouse) == [
        (at(0), at(1), digest("one"), "added", "moved"),
        (at(1), None, digest("two"), "moved", None),
    ]
    assert rows(warehouse, "SELECT moved_at, first_seen FROM tags ORDER BY tag") == [(at(1), at(0)), (None, at(0))]


def test_a_tag_that_a_complete_list_lacks_is_removed_and_may_reappear(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    assert crawl(warehouse, Seen({"app": {"v1": "one"}}), 1).tables["tags"] == Counts(removed=1)
    assert tags(warehouse) == {"app:v1": digest("one")}
    crawl(warehouse, FIRST, 2)
    assert history(warehouse) == [
        (at(0), at(1), digest("one"), "added", "removed"),
        (at(2), None, digest("one"), "reappeared", None),
    ]
    assert rows(warehouse, "SELECT first_seen, moved_at FROM tags WHERE tag = 'latest'") == [(at(0), None)]


def test_a_tag_that_comes_back_elsewhere_has_moved(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    crawl(warehouse, Seen({"app": {"v1": "one"}}), 1)
    crawl(warehouse, Seen({"app": {"v1": "one", "latest": "two"}}, image("two")), 2)
    assert rows(warehouse, "SELECT first_seen, moved_at FROM tags WHERE tag = 'latest'") == [(at(0), at(2))]


def test_a_tag_that_is_listed_and_not_selected_is_deselected_now_and_may_be_reselected(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    crawl(warehouse, FIRST, 1)
    crawl(warehouse, Seen({"app": {"latest": None, "v1": "one"}}), 2)
    crawl(warehouse, FIRST, 3)
    assert history(warehouse) == [
        (at(0), at(2), digest("one"), "added", "deselected"),
        (at(3), None, digest("one"), "reselected", None),
    ]


def test_a_tag_beyond_an_early_stop_is_deselected_as_of_when_it_was_last_seen(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    crawl(warehouse, FIRST, 1)
    crawl(warehouse, replace(FIRST, listings={"app": "failed"}, complete=False, tags={"app": {}}), 2)
    crawl(warehouse, Seen({"app": {"v1": "one"}}, listings={"app": "stopped"}), 3)
    assert history(warehouse) == [(at(0), at(1), digest("one"), "added", "deselected")]


@pytest.mark.parametrize("listing", ["failed", "skipped"])
def test_a_list_that_was_not_read_removes_nothing_and_adds_what_it_had(warehouse: Warehouse, listing: str) -> None:
    crawl(warehouse, FIRST)
    crawl(warehouse, Seen({"app": {"new": "one", "v1": None}}, listings={"app": listing}, complete=False), 1)
    assert set(tags(warehouse)) == {"app:latest", "app:v1", "app:new"}


def test_an_empty_complete_list_removes_every_tag_and_keeps_the_repository(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    crawl(warehouse, Seen({"app": {}}), 1)
    assert tags(warehouse) == {}
    assert rows(warehouse, "SELECT repository FROM repositories") == [("app",)]


def test_a_tag_whose_digest_could_not_be_read_keeps_its_row_and_adds_none(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    unread = [TagRecord("app", "latest", selected=True), TagRecord("app", "other", selected=True)]
    applied = crawl(warehouse, Seen({"app": {"v1": "one"}}, unread), 1)
    assert not applied.changed
    assert set(tags(warehouse)) == {"app:latest", "app:v1"}


def test_a_repository_that_the_complete_list_lacks_is_removed_with_its_tags(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"latest": "one"}, "web": {"latest": "one"}}, image("one")))
    applied = crawl(warehouse, Seen({"web": {"latest": "one"}}), 1)
    assert applied.tables["repositories"] == Counts(removed=1)
    assert tags(warehouse) == {"web:latest": digest("one")}
    assert rows(warehouse, "SELECT repository, end_reason, valid_to FROM tag_history ORDER BY 1") == [
        ("app", "removed", at(1)),
        ("web", None, None),
    ]


def test_a_repository_that_is_no_longer_selected_is_deselected(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    crawl(warehouse, FIRST, 1)
    crawl(warehouse, Seen({"web": {"latest": "one"}}, others=["app"]), 2)
    assert set(tags(warehouse)) == {"web:latest"}
    assert history(warehouse, "v1") == [(at(0), at(1), digest("one"), "added", "deselected")]
    crawl(warehouse, FIRST, 3)
    assert history(warehouse, "v1")[1][3] == "reselected"


def test_an_incomplete_list_of_repositories_removes_none(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    applied = crawl(warehouse, Seen({}, others=["app"], repositories_complete=False, complete=False), 1)
    assert applied.tables["repositories"] == Counts()
    assert len(tags(warehouse)) == 2


def test_history_stays_in_order_when_the_clock_steps_backwards(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST, 10)
    crawl(warehouse, Seen({"app": {"latest": "two", "v1": None}}, image("two")), 5)
    crawl(warehouse, Seen({"app": {"latest": "three", "v1": "one"}}, image("three")), 4)
    crawl(warehouse, Seen({"app": {"v1": "two"}}), 3)
    crawl(warehouse, Seen({"app": {"latest": "two", "v1": "two"}}), 2)
    for tag in ("latest", "v1"):
        intervals = history(warehouse, tag)
        assert all(start <= end for start, end, *_ in intervals if end)
        assert all(before[1] <= after[0] for before, after in pairwise(intervals))
        assert len({start for start, *_ in intervals}) == len(intervals)


def test_a_tag_listed_twice_is_one_tag(warehouse: Warehouse) -> None:
    twice = [TagRecord("app", "latest", selected=False), TagRecord("app", "latest", selected=True)]
    crawl(warehouse, Seen({"app": {"latest": "one"}}, [*image("one"), *twice, repository("app", "complete")]))
    assert tags(warehouse) == {"app:latest": digest("one")}
    assert rows(warehouse, "SELECT count(*) FROM repositories") == [(1,)]


def test_what_a_listing_leaves_out_of_a_tag_that_stays_is_kept(warehouse: Warehouse) -> None:
    full = TagRecord("app", "v1", True, digest("one"), "type", at(-1), at(-2), 500, ("linux/amd64",))
    crawl(warehouse, Seen({"app": {}}, [full, *image("one")]))
    assert not crawl(warehouse, Seen({"app": {"v1": "one"}}), 1).changed
    sql = "SELECT media_type, pushed_at, last_pulled_at, listed_size, listed_platforms FROM tags"
    assert rows(warehouse, sql) == [("type", at(-1), at(-2), 500, ["linux/amd64"])]
    crawl(warehouse, Seen({"app": {"v1": "two"}}, image("two")), 2)
    assert rows(warehouse, sql) == [(None, None, at(-2), None, None)]


def test_a_push_time_alone_is_a_change(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    pushed = TagRecord("app", "v1", selected=True, digest=digest("one"), pushed_at=at(0))
    applied = crawl(warehouse, Seen({"app": {"latest": "one"}}, [pushed]), 1)
    assert applied.tables["tags"] == Counts(changed=1)
    assert history(warehouse, "v1") == [(at(0), None, digest("one"), "added", None)]


def counted(stars: int, pulled: float) -> list[RepositoryRecord | TagRecord]:
    tag = TagRecord("app", "latest", selected=True, digest=digest("one"), last_pulled_at=at(pulled))
    return [repository("app", star_count=stars, pull_count=stars * 10), tag]


def test_counts_are_refreshed_daily_and_make_no_poll_changed(warehouse: Warehouse) -> None:
    sql = "SELECT star_count, pull_count, last_pulled_at FROM repositories JOIN tags USING (provider, repository)"
    seen = Seen({"app": {}})
    crawl(warehouse, replace(seen, records=[*counted(1, -9), *image("one")]))
    assert rows(warehouse, sql) == [(1, 10, at(-9))]
    assert not crawl(warehouse, replace(seen, records=counted(2, 0)), 1).changed
    assert rows(warehouse, sql) == [(1, 10, at(-9))]
    assert not crawl(warehouse, replace(seen, records=counted(3, 1)), 25).changed
    assert rows(warehouse, sql) == [(3, 30, at(1))]
    assert not crawl(warehouse, replace(seen, records=counted(4, 2), full=True), 26).changed
    assert rows(warehouse, sql) == [(4, 40, at(2))]
    assert rows(warehouse, "SELECT generation FROM internal.providers") == [(3,)]


def test_a_new_description_is_a_change_and_a_missing_one_is_not(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}}, [repository("app", description="old", tags_total=3)]))
    assert not crawl(warehouse, Seen({"app": {}}, [repository("app", "skipped")]), 1).changed
    applied = crawl(warehouse, Seen({"app": {}}, [repository("app", "skipped", description="new")]), 2)
    assert applied.tables["repositories"] == Counts(changed=1)
    assert rows(warehouse, "SELECT description, tags_total FROM repositories") == [("new", 3)]


def test_a_poll_without_news_writes_only_its_rows_in_crawls(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    before = contents(warehouse)
    applied = crawl(warehouse, FIRST, 1)
    assert not applied.changed
    assert set(applied.tables.values()) == {Counts()}
    after = contents(warehouse)
    assert {name for name in before if before[name] != after[name]} == {"crawls"}
    assert applied.rows["crawls"] == 8


def contents(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    names = rows(
        warehouse,
        "SELECT schema_name || '.' || table_name, table_name FROM duckdb_tables()"
        " WHERE database_name = 'registry' AND table_name <> 'publication'",
    )
    return {table: sorted(rows(warehouse, f"SELECT * FROM {name}"), key=repr) for name, table in names}


def test_a_crawl_applied_twice_has_one_row_a_stage(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST, run_id="run")
    assert crawl(warehouse, FIRST, run_id="run").rows["crawls"] == 4


def test_crawls_say_what_each_stage_changed(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    crawl(warehouse, Seen({"app": {"latest": "two"}}, image("two")), 1, run_id="second")
    sql = "SELECT stage, added, changed, removed FROM crawls WHERE run_id = 'second' ORDER BY stage"
    assert rows(warehouse, sql) == [
        ("manifests", 1, 1, 0),
        ("registries", 0, 0, 0),
        ("repositories", 0, 0, 0),
        ("tags", 0, 1, 1),
    ]
