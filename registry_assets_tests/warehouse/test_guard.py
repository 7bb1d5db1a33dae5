"""Removals of more than half are held until somebody confirms them."""

from dataclasses import replace

import pytest

from registry_assets.warehouse import Counts, Warehouse
from registry_assets_tests.warehouse.crawls import Seen, crawl, image, rows


def repositories(count: int, *, start: int = 0) -> Seen:
    return Seen({f"r{n}": {"latest": "one"} for n in range(start, start + count)}, image("one"))


def tags(count: int) -> Seen:
    return Seen({"app": {f"v{n}": "one" for n in range(count)}}, image("one"))


def count(warehouse: Warehouse, table: str) -> int:
    return int(rows(warehouse, f"SELECT count(*) FROM {table}")[0][0])


@pytest.mark.parametrize(("before", "after", "held"), [(20, 9, True), (20, 10, False), (19, 1, False), (50, 24, True)])
def test_more_than_half_of_the_repositories_are_held(warehouse: Warehouse, before: int, after: int, held: bool) -> None:
    crawl(warehouse, repositories(before))
    applied = crawl(warehouse, repositories(after), 1)
    assert (applied.guard is not None) is held
    assert count(warehouse, "repositories") == (before if held else after)
    assert count(warehouse, "tags") == (before if held else after)


@pytest.mark.parametrize(("before", "after", "held"), [(20, 9, True), (20, 10, False), (19, 1, False)])
def test_more_than_half_of_the_tags_are_held(warehouse: Warehouse, before: int, after: int, held: bool) -> None:
    crawl(warehouse, tags(before))
    assert (crawl(warehouse, tags(after), 1).guard is not None) is held
    assert count(warehouse, "tags") == (before if held else after)


def test_the_guard_says_what_it_holds_and_how_to_confirm(warehouse: Warehouse) -> None:
    crawl(warehouse, repositories(30))
    guard = crawl(warehouse, repositories(5), 1).guard
    assert guard
    assert "25 of 30 repositories and 25 of 30 tags" in guard
    assert "registry-assets crawl acme --accept-removals" in guard
    sql = "SELECT stage, error, resolved_at IS NULL FROM crawl_problems"
    assert rows(warehouse, sql) == [("repositories", "RemovalsHeld", True)]
    assert not crawl(warehouse, repositories(5), 2).changed


def test_accepted_removals_land_and_settle_the_problem(warehouse: Warehouse) -> None:
    crawl(warehouse, repositories(30))
    crawl(warehouse, repositories(5), 1)
    applied = crawl(warehouse, replace(repositories(5), accept_removals=True), 2)
    assert applied.guard is None
    assert applied.tables["repositories"] == Counts(removed=25)
    assert count(warehouse, "repositories") == 5
    assert rows(warehouse, "SELECT resolved_at IS NOT NULL FROM crawl_problems") == [(True,)]


def test_additions_land_while_removals_are_held(warehouse: Warehouse) -> None:
    crawl(warehouse, repositories(20))
    applied = crawl(warehouse, repositories(5, start=100), 1)
    assert applied.guard
    assert applied.tables["tags"] == Counts(added=5)
    assert count(warehouse, "repositories") == 25


def test_an_empty_catalog_where_there_was_one_repository_is_held(warehouse: Warehouse) -> None:
    crawl(warehouse, repositories(1))
    assert crawl(warehouse, Seen(), 1).guard
    assert count(warehouse, "tags") == 1
    assert crawl(warehouse, Seen(accept_removals=True), 2).guard is None
    assert count(warehouse, "tags") == 0


def test_an_empty_catalog_from_the_start_is_no_matter(warehouse: Warehouse) -> None:
    assert crawl(warehouse, Seen()).guard is None


def test_deselections_by_configuration_are_not_held(warehouse: Warehouse) -> None:
    crawl(warehouse, repositories(30))
    applied = crawl(warehouse, Seen({}, others=[f"r{n}" for n in range(30)]), 1)
    assert applied.guard is None
    assert count(warehouse, "repositories") == 0
    assert rows(warehouse, "SELECT DISTINCT end_reason FROM tag_history") == [("deselected",)]
