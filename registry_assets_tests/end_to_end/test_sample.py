"""The bundled sample as image layouts gives the same tables as the same images in a registry."""

from pathlib import Path

from registry_assets_tests.end_to_end.world import SAMPLE, World, push_sample
from registry_assets_tests.servers.docker_registry import RunningRegistry

SAME = {
    "tags": "SELECT repository, tag, digest FROM tags",
    "manifests": "SELECT repository, digest, kind, size, architecture, os, variant, layer_count, labels FROM manifests",
    "layers": "SELECT repository, digest, position, layer_digest, diff_id, chain_id, created_by FROM layers",
    "children": "SELECT repository, digest, position, child_digest, kind FROM manifest_children",
    "images": "SELECT repository, tag, size, architecture, platforms, source, revision, layers FROM images",
    "entities": "SELECT kind, name FROM entities WHERE kind <> 'DockerRegistry'",
}


def test_a_layout_and_a_registry_give_the_same_tables(registry: RunningRegistry, tmp_path: Path) -> None:
    push_sample(registry)
    selectors = [{"namespace_pattern": "acme|library", "max_tags": 0}]
    layout = World(tmp_path / "layout", {"registry_type": "oci-layout", "api_url": str(SAMPLE), "selectors": selectors})
    remote = World(tmp_path / "remote", {**registry.config, "selectors": selectors})
    layout.crawl()
    remote.crawl()
    for name, sql in SAME.items():
        assert layout.query(f"{sql} ORDER BY ALL").equals(remote.query(f"{sql} ORDER BY ALL")), name
