"""Problems: open from when they are met until a crawl that looks at the same place does not meet them."""

from typing import Any

from registry_assets.warehouse import Warehouse
from registry_assets_tests.warehouse.crawls import Seen, at, crawl, digest, image, manifest, problem, rows


def problems(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows(
        warehouse, "SELECT stage, repository, first_at, resolved_at, message FROM crawl_problems ORDER BY 3, 1, 2"
    )


def test_a_problem_is_open_until_it_does_not_recur_and_then_a_new_one(warehouse: Warehouse) -> None:
    broken = Seen({"app": {}}, [problem("tags", "app")], listings={"app": "failed"}, complete=False)
    crawl(warehouse, broken, 0)
    assert not crawl(warehouse, broken, 1).changed
    crawl(warehouse, Seen({"app": {}}), 2)
    crawl(warehouse, broken, 3)
    assert problems(warehouse) == [
        ("tags", "app", at(0), at(2), "it broke"),
        ("tags", "app", at(3), None, "it broke"),
    ]


def test_a_problem_that_reads_differently_is_brought_up_to_date(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}}, [problem("tags", "app")]), 0)
    assert crawl(warehouse, Seen({"app": {}}, [problem("tags", "app", message="worse")]), 1, run_id="second").changed
    assert problems(warehouse) == [("tags", "app", at(0), None, "worse")]
    assert rows(warehouse, "SELECT last_run_id FROM crawl_problems") == [("second",)]


def test_a_crawl_that_did_not_go_there_resolves_nothing(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}, "web": {}}, [problem("tags", "app"), problem("tags", "web")]), 0)
    crawl(warehouse, Seen({"app": {}, "web": {}}, stages=("registries", "repositories")), 1)
    crawl(warehouse, Seen({"app": {}, "web": {}}, listings={"app": "skipped", "web": "failed"}, complete=False), 2)
    assert [resolved for *_, resolved, _ in problems(warehouse)] == [None, None]
    crawl(warehouse, Seen({"web": {}}), 3)
    assert [resolved for *_, resolved, _ in problems(warehouse)] == [at(3), at(3)]


def test_a_manifest_that_cannot_be_read_stays_a_problem_while_it_is_not_asked_for_again(warehouse: Warehouse) -> None:
    blank = manifest("one", kind="unreadable", config_digest=None)
    tags = {"app": {"v1": "one"}}
    crawl(warehouse, Seen(tags, [blank, problem("manifests", "app", digest("one"))], complete=False), 0)
    assert not crawl(warehouse, Seen(tags), 1).changed
    crawl(warehouse, Seen(tags, image("one")), 2)
    assert [resolved for *_, resolved, _ in problems(warehouse)] == [at(2)]


def test_an_image_without_its_config_stays_a_problem_until_its_tag_goes(warehouse: Warehouse) -> None:
    broken = [*image("one")[:1], problem("manifests", "app", digest("one"))]
    crawl(warehouse, Seen({"app": {"v1": "one"}}, broken, complete=False), 0)
    crawl(warehouse, Seen({"app": {"v1": "one"}}), 1)
    assert [resolved for *_, resolved, _ in problems(warehouse)] == [None]
    crawl(warehouse, Seen({"app": {"v1": "two"}}, image("two")), 2)
    assert [resolved for *_, resolved, _ in problems(warehouse)] == [at(2)]


def test_one_failing_manifest_does_not_keep_the_others_problems_open(warehouse: Warehouse) -> None:
    tags = {"app": {"v1": "one", "v2": "two", "v3": "three"}}
    failing = [problem("manifests", "app", digest(name)) for name in ("one", "two", "three")]
    crawl(warehouse, Seen(tags, failing, complete=False), 0)
    left = {"app": {"v1": "one", "v3": "three"}}
    crawl(warehouse, Seen(left, [failing[2], *image("one")], complete=False), 1)
    assert rows(warehouse, "SELECT reference FROM crawl_problems WHERE resolved_at IS NULL") == [(digest("three"),)]


def test_problems_of_another_provider_are_its_own(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}}, [problem("tags", "app")]), 0)
    crawl(warehouse, Seen({"app": {}}, provider="other"), 1)
    assert [resolved for *_, resolved, _ in problems(warehouse)] == [None]


def test_a_problem_met_twice_in_a_crawl_is_one_row(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}}, [problem("tags", "app", message=text) for text in ("b", "a", "b")]), 0)
    assert problems(warehouse) == [("tags", "app", at(0), None, "a")]
