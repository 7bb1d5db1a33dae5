"""The sample in a real registry, behind each kind of access, crawled and compared with what skopeo sees."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry_assets.errors import CredentialsRejected, DidNotAnswer, RegistryError
from registry_assets.oci.media_types import OCI_MANIFEST
from registry_assets_tests.end_to_end.world import World, push_sample
from registry_assets_tests.servers.docker_registry import RunningRegistry


@pytest.fixture(params=["registry", "htpasswd_registry", "tls_registry"])
def sampled(request: pytest.FixtureRequest) -> RunningRegistry:
    """A registry that holds the sample: open, with Basic authentication, and that behind TLS."""
    running: RunningRegistry = request.getfixturevalue(request.param)
    push_sample(running)
    return running


@pytest.fixture
def world(sampled: RunningRegistry, tmp_path: Path) -> World:
    selectors = [{"namespace_pattern": "acme|library", "max_tags": 0}]
    return World(tmp_path / "world", {**sampled.config, "selectors": selectors})


def test_the_tables_are_what_skopeo_sees(world: World, sampled: RunningRegistry) -> None:
    crawled = world.crawl()
    assert crawled.complete
    repositories = [name for (name,) in world.rows("SELECT repository FROM repositories ORDER BY 1")]
    assert repositories == ["acme/api", "acme/billing", "acme/charts/api", "acme/worker", "library/debian"]
    for repository in repositories:
        tags = dict(world.rows(f"SELECT tag, digest FROM tags WHERE repository = '{repository}'"))
        assert sorted(tags) == sorted(sampled.tags(repository))
        for tag, digest in tags.items():
            raw = sampled.raw(f"{repository}:{tag}")
            assert digest == f"sha256:{hashlib.sha256(raw).hexdigest()}"
            compare_manifest(world, repository, digest, json.loads(raw), sampled)


def compare_manifest(
    world: World, repository: str, digest: str, raw: dict[str, Any], registry: RunningRegistry
) -> None:
    """The manifest's row, its layers or children, and its config against the document."""
    where = f"repository = '{repository}' AND digest = '{digest}'"
    ((media_type, kind, config, size),) = world.rows(
        f"SELECT media_type, kind, config_digest, size FROM manifests WHERE {where}"
    )
    assert media_type == raw.get("mediaType", OCI_MANIFEST)
    if kind == "index":
        children = world.rows(f"SELECT child_digest FROM manifest_children WHERE {where} ORDER BY position")
        assert [child for (child,) in children] == [entry["digest"] for entry in raw["manifests"]]
        for entry in raw["manifests"]:
            child = json.loads(registry.raw(f"{repository}@{entry['digest']}"))
            compare_manifest(world, repository, entry["digest"], child, registry)
        return
    assert config == raw["config"]["digest"]
    assert size == raw["config"]["size"] + sum(layer["size"] for layer in raw["layers"])
    layers = world.rows(f"SELECT layer_digest, size, media_type FROM layers WHERE {where} ORDER BY position")
    assert layers == [(layer["digest"], layer["size"], layer["mediaType"]) for layer in raw["layers"]]


def test_image_configs_are_what_skopeo_reads(world: World, sampled: RunningRegistry) -> None:
    world.crawl()
    ((architecture, os, labels, diff_ids),) = world.rows(
        "SELECT m.architecture, m.os, m.labels, list(l.diff_id ORDER BY l.position) FROM tags AS t"
        " JOIN manifests AS m USING (provider, repository, digest) JOIN layers AS l USING (provider, repository, digest)"
        " WHERE repository = 'acme/api' AND tag = '1.0.0' GROUP BY ALL"
    )
    config = sampled.skopeo.inspect_config(f"docker://{sampled.host}/acme/api:1.0.0")
    assert (architecture, os) == (config["architecture"], config["os"])
    assert dict(labels) == config["config"]["Labels"]
    assert list(diff_ids) == config["rootfs"]["diff_ids"]


def test_a_second_crawl_writes_only_its_own_rows(world: World) -> None:
    world.crawl()
    before = world.query("SELECT * FROM tags ORDER BY ALL"), world.query("SELECT * FROM manifests ORDER BY ALL")
    crawled = world.crawl()
    world.warehouse.publish(force=True)
    assert not crawled.applied.changed
    assert {stage.stage: stage.requests for stage in crawled.crawl.stages}["manifests"] == 0
    assert before[0].equals(world.query("SELECT * FROM tags ORDER BY ALL"))
    assert before[1].equals(world.query("SELECT * FROM manifests ORDER BY ALL"))
    assert world.rows("SELECT count(DISTINCT run_id) FROM crawls") == [(2,)]


def test_a_wrong_password_fails_with_advice_and_keeps_what_is_known(
    htpasswd_registry: RunningRegistry, tmp_path: Path
) -> None:
    push_sample(htpasswd_registry)
    world = World(tmp_path / "world", dict(htpasswd_registry.config))
    world.crawl()
    before = world.query("SELECT * FROM tags ORDER BY ALL")
    world.config["password"] = "wrong-and-secret"
    world.write()
    with pytest.raises(CredentialsRejected) as refused:
        world.crawl()
    assert "wrong-and-secret" not in str(refused.value)
    assert before.equals(world.query("SELECT * FROM tags ORDER BY ALL"))
    ((error, resolved),) = world.rows("SELECT error, resolved_at FROM crawl_problems")
    assert (error, resolved) == ("CredentialsRejected", None)
    world.config["password"] = htpasswd_registry.password
    world.write()
    world.crawl()
    assert world.rows("SELECT count(*) FROM crawl_problems WHERE resolved_at IS NULL") == [(0,)]


def test_a_registry_behind_an_unknown_authority_is_not_asked(tls_registry: RunningRegistry, tmp_path: Path) -> None:
    config = {name: value for name, value in tls_registry.config.items() if name != "ca_bundle"}
    world = World(tmp_path / "world", config)
    with pytest.raises(RegistryError):
        world.crawl()
    world.config["verify_tls"] = False
    world.write()
    assert world.crawl().crawl.repositories_complete


def test_a_registry_that_went_away_keeps_its_rows(
    empty_registry: Callable[[], RunningRegistry], tmp_path: Path
) -> None:
    registry = empty_registry()
    push_sample(registry)
    world = World(tmp_path / "world", {**registry.config, "timeout": 1})
    world.crawl()
    world.config["api_url"] = "http://127.0.0.1:9"
    world.write()
    with pytest.raises(Exception, match="forget company"):
        world.crawl()
    assert world.rows("SELECT count(*) > 0 FROM tags") == [(True,)]


def test_nothing_listening_is_said_as_such(tmp_path: Path) -> None:
    world = World(tmp_path / "world", {"registry_type": "private", "api_url": "http://127.0.0.1:9", "timeout": 1})
    with pytest.raises(DidNotAnswer):
        world.crawl()
