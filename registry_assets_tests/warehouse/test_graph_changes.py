"""What a derivation writes: the difference, and nothing where there is none."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest

from registry_assets.warehouse import Derived, Warehouse
from registry_assets.warehouse.graph import derive
from registry_assets_tests.warehouse.crawls import Seen, crawl, image, rows
from registry_assets_tests.warehouse.graphs import Tables, empty_tables, index_of_two


@pytest.fixture
def tables() -> Iterator[Tables]:
    with empty_tables() as tables:
        yield tables


def contents(tables: Tables) -> list[tuple[Any, ...]]:
    """Every row of the graph with the place where it is stored."""
    return [
        *tables.rows("SELECT rowid, entities FROM entities ORDER BY rowid"),
        *tables.rows("SELECT rowid, relationships FROM relationships ORDER BY rowid"),
    ]


def test_a_derivation_tells_how_much_there_is(tables: Tables) -> None:
    index_of_two(tables)
    entities = {"DockerImage": 1, "DockerManifest": 4, "DockerRegistry": 1, "DockerRepository": 1}
    relationships = {"BELONGS_TO": 6, "CONTAINS": 3, "USES": 1}
    assert derive(tables.connection, "acme") == Derived(True, entities, relationships)
    assert derive(tables.connection, "acme") == Derived(False, entities, relationships)


def test_nothing_is_looked_at_while_no_crawl_has_changed_anything(tables: Tables) -> None:
    index_of_two(tables)
    derive(tables.connection, "acme")
    tables.connection.execute("UPDATE tags SET tag = 'changed behind its back'")
    assert not derive(tables.connection, "acme").changed
    assert "app v1" in tables.names("DockerImage")
    assert tables.derive().changed


def test_a_derivation_that_comes_to_the_same_writes_nothing(tables: Tables) -> None:
    index_of_two(tables)
    tables.derive()
    before = contents(tables)
    revision = tables.rows("SELECT revision FROM internal.publication")
    assert not tables.derive().changed
    assert contents(tables) == before
    assert tables.rows("SELECT revision FROM internal.publication") == revision


def places(tables: Tables) -> dict[str, tuple[int, datetime]]:
    sql = "SELECT identity, rowid, first_seen FROM entities"
    return {identity: (row, first_seen) for identity, row, first_seen in tables.rows(sql)}


def test_only_what_differs_is_written(tables: Tables) -> None:
    index_of_two(tables)
    tables.repository("web")
    tables.tag("web", "v1", "sha256:d")
    tables.manifest("web", "sha256:d")
    tables.derive()
    before = places(tables)
    tables.connection.execute("UPDATE repositories SET star_count = 5 WHERE repository = 'web'")
    assert tables.derive().changed
    after = places(tables)
    assert {identity for identity in after if after[identity] != before[identity]} == {"acme DockerRepository web"}
    assert after["acme DockerRepository web"][1] == before["acme DockerRepository web"][1]


def test_a_moved_tag_uses_its_new_manifest(tables: Tables) -> None:
    index_of_two(tables)
    tables.derive()
    tables.connection.execute("UPDATE tags SET digest = 'sha256:b1'")
    tables.connection.execute("UPDATE manifests SET unreferenced_since = now() WHERE digest <> 'sha256:b1'")
    derived = tables.derive()
    assert derived.entities["DockerManifest"] == 1
    assert tables.edges() == {
        ("app", "BELONGS_TO", "acme"),
        ("app-v1", "BELONGS_TO", "app"),
        ("app-manifest-b1", "BELONGS_TO", "app"),
        ("app-v1", "USES", "app-manifest-b1"),
    }


def test_another_entity_namespace_moves_the_whole_graph(tables: Tables) -> None:
    index_of_two(tables)
    before = tables.derive()
    tables.connection.execute("UPDATE registries SET entity_namespace = 'platform'")
    assert tables.derive() == before
    assert tables.rows("SELECT DISTINCT entity_namespace FROM entities") == [("platform",)]
    assert tables.rows("SELECT DISTINCT source_namespace, target_namespace FROM relationships") == [("platform",) * 2]
    tables.check()


def test_a_removed_repository_leaves_the_graph_and_other_providers_stay(tables: Tables) -> None:
    index_of_two(tables)
    tables.provider("other")
    tables.repository("app", "other")
    tables.derive("other")
    others = tables.rows("SELECT * FROM entities WHERE provider = 'other'")
    tables.derive()
    for table in ("repositories", "tags"):
        tables.connection.execute(f"DELETE FROM {table} WHERE provider = 'acme'")
    tables.connection.execute("UPDATE manifests SET unreferenced_since = now()")
    assert tables.derive() == Derived(True, {"DockerRegistry": 1}, {})
    assert tables.rows("SELECT * FROM entities WHERE provider = 'other'") == others
    tables.check()


def test_a_registry_is_known_since_its_first_crawl(tables: Tables) -> None:
    tables.provider()
    tables.derive()
    before = tables.rows("SELECT first_seen FROM entities")
    tables.repository("app")
    tables.derive()
    assert tables.rows("SELECT first_seen FROM entities WHERE kind = 'DockerRegistry'") == before


def test_a_provider_that_was_never_crawled_has_no_graph(tables: Tables) -> None:
    assert tables.derive("nobody") == Derived(False, {}, {})


def test_a_derivation_that_fails_leaves_the_graph_as_it_was(tables: Tables) -> None:
    index_of_two(tables)
    tables.connection.execute("ALTER TABLE relationships RENAME TO elsewhere")
    with pytest.raises(duckdb.CatalogException):
        tables.derive()
    tables.connection.execute("ALTER TABLE elsewhere RENAME TO relationships")
    assert tables.rows("SELECT count(*) FROM entities") == [(0,)]
    assert tables.rows("SELECT count(*) FROM internal.entity_names") == [(0,)]
    assert derive(tables.connection, "acme").changed


def test_a_graph_follows_the_crawls(warehouse: Warehouse) -> None:
    """Derived from what crawls applied, and published."""
    crawl(warehouse, Seen({"app": {"v1": "one"}, "web": {"v1": "one"}}, image("one")))
    derived = warehouse.derive_graph("acme")
    assert derived.entities == {"DockerImage": 2, "DockerManifest": 2, "DockerRegistry": 1, "DockerRepository": 2}
    assert list(warehouse.query("SELECT entity_name FROM images ORDER BY 1")["entity_name"]) == ["app-v1", "web-v1"]
    crawl(warehouse, Seen({"app": {"v1": "one"}, "web": {"v1": "one"}}), 1)
    assert not warehouse.derive_graph("acme").changed
    crawl(warehouse, Seen({"app": {"v1": "one"}}), 2)
    assert warehouse.derive_graph("acme").entities["DockerManifest"] == 1
    assert rows(warehouse, "SELECT name FROM entities WHERE kind = 'DockerRepository'") == [("app",)]
