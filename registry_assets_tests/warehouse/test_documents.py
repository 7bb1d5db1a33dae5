"""Manifests, indexes, configs and layers: read once by digest, attached wherever a tag reaches them."""

from typing import Any

from registry_assets.records import ChildRecord, LayerRecord, Record
from registry_assets.warehouse import Warehouse
from registry_assets_tests.warehouse.crawls import (
    INDEX,
    MANIFEST,
    Seen,
    at,
    config,
    crawl,
    digest,
    image,
    manifest,
    problem,
    rows,
)


def index(name: str, *children: str, kind: str = "image") -> list[Record]:
    entries = [
        ChildRecord(digest(name), n, digest(child), MANIFEST, 500, None, "amd64", "linux", None, kind, {})
        for n, child in enumerate(children)
    ]
    own = manifest(name, kind="index", media_type=INDEX, config_digest=None, size=None, layer_count=None)
    return [own, *entries]


def held(warehouse: Warehouse) -> set[tuple[Any, ...]]:
    return set(rows(warehouse, "SELECT repository, digest FROM manifests WHERE unreferenced_since IS NULL"))


def test_a_manifest_takes_what_its_config_tells(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"latest": "one"}}, image("one", labels={"b": "2", "a": "1"}, variant="v8")))
    sql = "SELECT kind, architecture, os, variant, created_at, map_keys(labels), labels['b'] FROM manifests"
    assert rows(warehouse, sql) == [("image", "amd64", "linux", "v8", at(-24), ["a", "b"], "2")]
    sql = "SELECT position, layer_digest, diff_id, chain_id, created_by, size FROM layers ORDER BY position"
    assert rows(warehouse, sql) == [
        (n, digest(f"one layer {n}"), digest(f"one diff {n}"), digest(f"one chain {n}"), f"RUN {n}", 400 + n)
        for n in range(2)
    ]


def test_a_digest_read_once_is_attached_to_every_repository_that_reaches_it(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"latest": "all"}}, [*index("all", "one", "two"), *image("one"), *image("two")]))
    crawl(warehouse, Seen({"app": {"latest": "all"}, "copy": {"v1": "all"}}), 1)
    for table, per_repository in (("manifests", 3), ("manifest_children", 2), ("layers", 4)):
        assert rows(warehouse, f"SELECT repository, count(*) FROM {table} GROUP BY 1 ORDER BY 1") == [
            ("app", per_repository),
            ("copy", per_repository),
        ]
    sql = "SELECT DISTINCT first_seen FROM manifests WHERE repository = 'copy'"
    assert rows(warehouse, sql) == [(at(1),)]


def test_providers_share_nothing(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"latest": "one"}}, image("one")))
    crawl(warehouse, Seen({"app": {"latest": "one"}}, provider="other"), 1)
    assert rows(warehouse, "SELECT provider FROM manifests") == [("acme",)]
    assert warehouse.known("other").manifests == frozenset()


def test_a_digest_nobody_has_read_has_no_row_until_it_is(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"latest": "one"}}, [problem("manifests", "app", digest("one"))], complete=False))
    assert held(warehouse) == set()
    crawl(warehouse, Seen({"app": {"latest": "one"}}, image("one")), 1)
    assert held(warehouse) == {("app", digest("one"))}


def test_a_child_that_could_not_be_read_is_told_to_the_next_crawl(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"latest": "all"}}, [*index("all", "one", "two"), *image("two")]))
    assert warehouse.known("acme").missing == (("app", digest("one")),)
    crawl(warehouse, Seen({"app": {"latest": "all"}}, image("one")), 1)
    assert warehouse.known("acme").missing == ()
    assert ("app", digest("one")) in held(warehouse)


def test_indexes_nest_and_a_cycle_ends(warehouse: Warehouse) -> None:
    nested = [*index("outer", "inner", kind="index"), *index("inner", "one", "outer"), *image("one")]
    crawl(warehouse, Seen({"app": {"latest": "outer"}}, nested))
    assert held(warehouse) == {("app", digest(name)) for name in ("outer", "inner", "one")}
    assert rows(warehouse, "SELECT architecture FROM images") == [("amd64",)]


def test_an_unreadable_manifest_is_replaced_when_it_can_be_read(warehouse: Warehouse) -> None:
    tags = {"app": {"latest": "one"}, "web": {"latest": "one"}}
    blank = manifest("one", kind="unreadable", media_type=None, config_digest=None, size=None, layer_count=None)
    crawl(warehouse, Seen(tags, [blank]))
    assert warehouse.known("acme").unreadable == {digest("one")}
    crawl(warehouse, Seen(tags, image("one")), 1)
    assert rows(warehouse, "SELECT kind, architecture, first_seen FROM manifests") == [("image", "amd64", at(0))] * 2
    assert rows(warehouse, "SELECT count(*) FROM layers") == [(4,)]
    crawl(warehouse, Seen(tags, [blank]), 2)
    assert rows(warehouse, "SELECT DISTINCT kind FROM manifests") == [("image",)]


def test_a_config_known_from_another_manifest_serves_a_new_one(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"v1": "one"}}, image("one", labels={"a": "1"})))
    assert warehouse.known("acme").configs == {digest("config of one")}
    again = manifest("repacked", config_digest=digest("config of one"))
    layers = [LayerRecord(digest("repacked"), n, digest(f"zstd {n}"), "zstd", 300) for n in range(2)]
    crawl(warehouse, Seen({"app": {"v1": "one", "v2": "repacked"}}, [again, *layers]), 1)
    sql = "SELECT architecture, labels['a'] FROM manifests WHERE digest = ?"
    assert rows(warehouse, sql, digest("repacked")) == [("amd64", "1")]
    sql = "SELECT layer_digest, diff_id FROM layers WHERE digest = ? ORDER BY position"
    assert rows(warehouse, sql, digest("repacked")) == [
        (digest(f"zstd {n}"), digest(f"one diff {n}")) for n in range(2)
    ]


def test_a_config_that_comes_later_completes_the_manifest(warehouse: Warehouse) -> None:
    without = [record for record in image("one") if record != config("one")]
    crawl(warehouse, Seen({"app": {"v1": "one"}}, without))
    applied = crawl(warehouse, Seen({"app": {"v1": "one"}}, [config("one")]), 1)
    assert applied.tables["manifests"].changed == 1
    assert rows(warehouse, "SELECT architecture FROM manifests") == [("amd64",)]
    assert rows(warehouse, "SELECT diff_id FROM layers ORDER BY position")[1] == (digest("one diff 1"),)


def test_what_no_tag_reaches_is_marked_and_unmarked(warehouse: Warehouse) -> None:
    crawl(
        warehouse,
        Seen({"app": {"v1": "all", "v2": "one"}}, [*index("all", "one", "two"), *image("one"), *image("two")]),
    )
    crawl(warehouse, Seen({"app": {"v2": "one"}}), 1)
    sql = "SELECT digest, unreferenced_since FROM manifests"
    marked = {digest("all"): at(1), digest("two"): at(1), digest("one"): None}
    assert dict(rows(warehouse, sql)) == marked
    crawl(warehouse, Seen({"app": {"v2": "one"}}), 2)
    assert dict(rows(warehouse, sql)) == marked
    crawl(warehouse, Seen({"app": {"v1": "all"}}), 3)
    assert {since for _, since in rows(warehouse, sql)} == {None}


def test_a_removed_repository_leaves_its_manifests_for_a_while(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"v1": "one"}, "web": {"v1": "one"}}, image("one")))
    crawl(warehouse, Seen({"web": {"v1": "one"}}), 1)
    sql = "SELECT repository, unreferenced_since FROM manifests ORDER BY 1"
    assert rows(warehouse, sql) == [("app", at(1)), ("web", None)]
    crawl(warehouse, Seen({"app": {"v1": "one"}, "web": {"v1": "one"}}), 2)
    assert rows(warehouse, "SELECT DISTINCT first_seen FROM repositories") == [(at(0),)]


def test_text_that_is_no_unicode_and_numbers_beyond_bounds_are_stored_as_well_as_can_be(warehouse: Warehouse) -> None:
    odd = [
        manifest("one", size=2**70, schema_version=2**40, annotations={"k\ud800": "v\udfff", "nul": "a\0b"}),
        *image("one")[1:],
    ]
    crawl(warehouse, Seen({"app": {"v1": "one"}}, odd))
    sql = "SELECT size, schema_version, map_entries(annotations) FROM manifests"
    entries = [{"key": "k?", "value": "v?"}, {"key": "nul", "value": "a\0b"}]
    assert rows(warehouse, sql) == [(None, None, entries)]


def test_the_source_repository_is_the_newest_images_as_an_https_address(warehouse: Warehouse) -> None:
    old = image("old", labels={"org.opencontainers.image.source": "https://example.com/old"}, created_at=at(-48))
    new = image("new", labels={"org.label-schema.vcs-url": "git@GitHub.com:acme/app.git"})
    crawl(warehouse, Seen({"app": {"v1": "old", "v2": "new"}}, [*old, *new]))
    sql = "SELECT source_repository FROM repositories"
    assert rows(warehouse, sql) == [("https://github.com/acme/app",)]
    applied = crawl(warehouse, Seen({"app": {"v1": "old"}}), 1)
    assert applied.tables["repositories"].changed == 1
    assert rows(warehouse, sql) == [("https://example.com/old",)]
