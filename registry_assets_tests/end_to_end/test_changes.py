"""A registry that changes between crawls: pushed, moved and deleted tags, and what the history says of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry_assets_tests.end_to_end.world import SAMPLE, World, push_sample
from registry_assets_tests.servers.docker_registry import RunningRegistry
from registry_assets_tests.servers.token_server import TokenRegistry

API = SAMPLE / "acme" / "api"
HISTORY = """SELECT tag, start_reason, end_reason FROM tag_history
WHERE repository = 'acme/api' AND tag = '{tag}' ORDER BY valid_from"""


@pytest.fixture
def registry(empty_registry: Callable[[], RunningRegistry]) -> RunningRegistry:
    running = empty_registry()
    push_sample(running)
    return running


@pytest.fixture
def world(registry: RunningRegistry, tmp_path: Path) -> World:
    world = World(tmp_path / "world", {**registry.config, "selectors": [{"max_tags": 0}]})
    world.crawl()
    return world


def test_a_new_tag_is_added_and_its_known_content_is_not_read_again(world: World, registry: RunningRegistry) -> None:
    registry.push(API, "acme/api:2.0.0", source="1.3.2")
    crawled = world.crawl()
    assert crawled.applied.tables["tags"].added == 1
    assert {stage.stage: stage.requests for stage in crawled.crawl.stages}["manifests"] == 0
    assert world.rows(HISTORY.format(tag="2.0.0")) == [("2.0.0", "added", None)]


def test_a_moved_tag_has_both_digests_in_its_history(world: World, registry: RunningRegistry) -> None:
    ((before,),) = world.rows("SELECT digest FROM tags WHERE repository = 'acme/api' AND tag = 'stable'")
    registry.push(API, "acme/api:stable", source="1.3.2")
    world.crawl()
    ((after, moved),) = world.rows("SELECT digest, moved_at FROM tags WHERE repository = 'acme/api' AND tag = 'stable'")
    assert before != after
    assert moved is not None
    assert world.rows(HISTORY.format(tag="stable")) == [("stable", "added", "moved"), ("stable", "moved", None)]
    history = world.rows(
        "SELECT digest FROM tag_history WHERE repository = 'acme/api' AND tag = 'stable' ORDER BY valid_from"
    )
    assert history == [(before,), (after,)]


def test_a_deleted_manifest_takes_its_tags_along_and_stays_in_the_history(
    world: World, registry: RunningRegistry
) -> None:
    ((digest,),) = world.rows("SELECT digest FROM tags WHERE repository = 'acme/api' AND tag = '1.0.0'")
    registry.delete("acme/api", digest)
    world.crawl()
    assert world.rows("SELECT * FROM tags WHERE repository = 'acme/api' AND tag = '1.0.0'") == []
    assert world.rows(HISTORY.format(tag="1.0.0")) == [("1.0.0", "added", "removed")]
    ((unreferenced,),) = world.rows(
        f"SELECT unreferenced_since FROM manifests WHERE repository = 'acme/api' AND digest = '{digest}'"
    )
    assert unreferenced is not None
    assert world.rows("SELECT count(*) FROM entities WHERE name = 'acme-api-1-0-0'") == [(0,)]


def test_a_tag_that_comes_back_reappears_under_its_old_name(world: World, registry: RunningRegistry) -> None:
    ((digest,),) = world.rows("SELECT digest FROM tags WHERE repository = 'acme/api' AND tag = '1.0.0'")
    registry.delete("acme/api", digest)
    world.crawl()
    registry.push(API, "acme/api:1.0.0")
    world.crawl()
    assert world.rows(HISTORY.format(tag="1.0.0")) == [("1.0.0", "added", "removed"), ("1.0.0", "reappeared", None)]
    assert world.rows("SELECT count(*) FROM entities WHERE name = 'acme-api-1-0-0'") == [(1,)]


def test_every_tag_of_a_repository_can_go(world: World, registry: RunningRegistry) -> None:
    """After that docker-registry 2.8 answers `tags: null`."""
    for (digest,) in world.rows("SELECT DISTINCT digest FROM tags WHERE repository = 'acme/worker'"):
        registry.delete("acme/worker", digest)
    crawled = world.crawl()
    assert crawled.complete
    assert world.rows("SELECT tags_total FROM repositories WHERE repository = 'acme/worker'") == [(0,)]
    assert world.rows("SELECT count(*) FROM tags WHERE repository = 'acme/worker'") == [(0,)]


def test_narrower_selectors_deselect_and_wider_ones_reselect(world: World) -> None:
    world.config["selectors"] = [{"include_tags": ["latest"]}]
    world.write()
    world.crawl()
    assert world.rows(HISTORY.format(tag="1.0.0")) == [("1.0.0", "added", "deselected")]
    world.config["selectors"] = [{"max_tags": 0}]
    world.write()
    world.crawl()
    assert world.rows(HISTORY.format(tag="1.0.0"))[-1] == ("1.0.0", "reselected", None)


def test_the_key_columns_stay_unique_through_all_of_it(world: World, registry: RunningRegistry) -> None:
    for tag in ("1.0.0", "1.3.2"):
        registry.push(API, "acme/api:moving", source=tag)
        world.crawl()
    for table, key in {
        "repositories": "provider, repository",
        "tags": "provider, repository, tag",
        "tag_history": "provider, repository, tag, valid_from",
        "manifests": "provider, repository, digest",
        "manifest_children": "provider, repository, digest, position",
        "layers": "provider, repository, digest, position",
        "entities": "entity_namespace, kind, name",
    }.items():
        assert world.rows(f"SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1") == []


def test_tokens_that_expire_during_the_crawl_are_renewed(token_registry: TokenRegistry, tmp_path: Path) -> None:
    push_sample(token_registry)
    world = World(tmp_path / "tokens", {**token_registry.config, "selectors": [{"max_tags": 0}]})
    assert world.crawl().complete
    assert world.rows("SELECT count(*) FROM repositories") == [(5,)]
