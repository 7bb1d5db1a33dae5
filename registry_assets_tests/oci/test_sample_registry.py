"""The bundled sample is what its script writes, a set of valid OCI image layouts, and shows what it should."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from examples.make_sample_registry import SAMPLE, main, write_sample_registry
from registry_assets.oci.digest import matches
from registry_assets.oci.image_config import ImageConfig, parse_image_config
from registry_assets.oci.manifest import Manifest, parse_manifest
from registry_assets.oci.reference import is_referrer_tag, is_repository_name, is_tag

REF_NAME = "org.opencontainers.image.ref.name"
needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")


def blob(repository: str, digest: str) -> bytes:
    return (SAMPLE / repository / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()


@cache
def entries() -> dict[tuple[str, str], dict[str, Any]]:
    """Every tag's descriptor, by repository and tag."""
    found = {}
    for mark in sorted(SAMPLE.rglob("oci-layout")):
        repository = mark.parent.relative_to(SAMPLE).as_posix()
        for entry in json.loads((mark.parent / "index.json").read_bytes())["manifests"]:
            found[repository, entry["annotations"][REF_NAME]] = entry
    return found


def manifest(repository: str, digest: str) -> Manifest:
    return parse_manifest(blob(repository, digest), None)


def tagged(repository: str, tag: str) -> Manifest:
    return manifest(repository, entries()[repository, tag]["digest"])


def config(repository: str, image: Manifest) -> ImageConfig:
    assert image.config
    return parse_image_config(blob(repository, image.config.digest))


def chain(repository: str, image: Manifest) -> list[str | None]:
    return [layer.chain_id for layer in config(repository, image).layers]


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_committed_sample_is_what_the_script_writes(tmp_path: Path) -> None:
    write_sample_registry(tmp_path)
    assert contents(tmp_path) == contents(SAMPLE)


def test_the_sample_stays_small() -> None:
    files = contents(SAMPLE)
    assert len(files) <= 60
    assert sum(map(len, files.values())) < 150_000


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(SystemExit, match="is not empty"):
        main([str(tmp_path)])
    assert list(contents(tmp_path)) == ["mine"]


def test_every_layout_has_valid_names_versions_and_digests() -> None:
    for path in SAMPLE.rglob("oci-layout"):
        assert json.loads(path.read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    for path in SAMPLE.rglob("blobs/sha256/*"):
        assert matches(f"sha256:{path.name}", path.read_bytes())
    for repository, tag in entries():
        assert is_repository_name(repository)
        assert is_tag(tag)


def test_every_blob_is_reached_from_a_tag_and_has_the_size_that_its_descriptor_tells() -> None:
    reached = set()
    for (repository, _), entry in entries().items():
        waiting = [(entry["digest"], entry["size"])]
        while waiting:
            digest, size = waiting.pop()
            content = blob(repository, digest)
            assert len(content) == size
            reached.add((repository, digest))
            if content.startswith(b'{"schemaVersion"'):
                document = parse_manifest(content, None)
                parts = [*document.children, *document.layers, *filter(None, [document.config])]
                waiting += [(part.digest, part.size) for part in parts]
    assert len(reached) == len(list(SAMPLE.rglob("blobs/sha256/*")))


def test_several_tags_point_at_one_digest() -> None:
    tags = ["12", "12.5", "bookworm", "latest"]
    assert len({entries()["library/debian", tag]["digest"] for tag in tags}) == 1
    tags = ["1.4.0", "1.4", "1", "stable", "latest"]
    assert len({entries()["acme/api", tag]["digest"] for tag in tags}) == 1


def test_an_index_has_two_platforms_and_an_attestation_of_one_of_them() -> None:
    amd64, arm64, provenance = tagged("acme/api", "1.4.0").children
    assert amd64.platform
    assert arm64.platform
    assert (amd64.platform.architecture, arm64.platform.architecture, arm64.platform.variant) == (
        "amd64",
        "arm64",
        "v8",
    )
    assert provenance.annotations["vnd.docker.reference.digest"] == amd64.digest
    assert manifest("acme/api", provenance.digest).kind == "attestation"


@pytest.mark.parametrize(
    ("repository", "tag", "base_tag"),
    [
        ("acme/api", "1.0.0", "11"),
        ("acme/api", "1.3.2", "12.5"),
        ("acme/worker", "2.0.0", "11"),
        ("acme/worker", "2.1.0-rc.1", "12.5"),
    ],
)
def test_images_stand_on_a_base_of_the_sample(repository: str, tag: str, base_tag: str) -> None:
    base = tagged("library/debian", base_tag)
    base = manifest("library/debian", base.children[0].digest) if base.children else base
    image = tagged(repository, tag)
    depth = len(base.layers)
    assert image.layers[:depth] == base.layers
    assert chain(repository, image)[:depth] == chain("library/debian", base)
    assert len(image.layers) > depth


def test_the_named_base_is_in_the_sample() -> None:
    annotations = tagged("acme/api", "1.3.2").annotations
    assert annotations["org.opencontainers.image.base.name"] == "docker.io/library/debian:12.5"
    named = annotations["org.opencontainers.image.base.digest"]
    assert named == tagged("library/debian", "12.5").children[0].digest


def test_the_commands_stand_at_the_layers_they_made() -> None:
    image = config("acme/api", tagged("acme/api", "1.3.2"))
    assert [layer.created_by for layer in image.layers] == [
        "# debian.sh --arch 'amd64' out/ 'bookworm'",
        "COPY config/ /etc/api/ # buildkit",
        "COPY api /usr/local/bin/api # buildkit",
    ]


def test_an_artifact_refers_to_an_image() -> None:
    sbom = tagged("acme/api", "1.4.0-sbom")
    subject = tagged("acme/api", "1.4.0").children[0].digest
    assert (sbom.kind, sbom.subject) == ("sbom", subject)
    referrers = [tag for repository, tag in entries() if is_referrer_tag(tag)]
    assert referrers == [subject.replace(":", "-")]


def test_an_old_docker_image_and_a_chart_are_there() -> None:
    billing = tagged("acme/billing", "3.2")
    assert billing.media_type == "application/vnd.docker.distribution.manifest.v2+json"
    assert config("acme/billing", billing).labels["org.label-schema.vcs-url"] == "git@github.com:acme/billing.git"
    assert tagged("acme/charts/api", "0.9.1").kind == "artifact"


def test_images_are_years_apart() -> None:
    images = [("acme/billing", "3.2"), ("library/debian", "11"), ("acme/api", "1.0.0"), ("acme/worker", "2.1.0-rc.1")]
    times = [config(repository, tagged(repository, tag)).created_at for repository, tag in images]
    assert [time.year for time in times if time] == [2017, 2021, 2022, 2024]


def skopeo(*arguments: str) -> bytes:
    return subprocess.run(["skopeo", *arguments], check=True, capture_output=True, timeout=60).stdout


def address(repository: str, tag: str) -> str:
    """Skopeo passes over Docker's media type in a layout, unless it is the only entry and asked for without its tag."""
    alone = entries()[repository, tag]["mediaType"].startswith("application/vnd.docker.")
    return f"oci:{SAMPLE / repository}" + ("" if alone else f":{tag}")


@needs_skopeo
@pytest.mark.parametrize(("repository", "tag"), entries())
def test_skopeo_reads_every_tag(repository: str, tag: str) -> None:
    digest = entries()[repository, tag]["digest"]
    assert skopeo("inspect", "--raw", address(repository, tag)) == blob(repository, digest)


@needs_skopeo
@pytest.mark.parametrize(("repository", "tag"), [key for key in entries() if tagged(*key).has_image_config])
def test_skopeo_and_we_read_the_same_config(repository: str, tag: str) -> None:
    theirs = parse_image_config(skopeo("inspect", "--config", "--raw", address(repository, tag)))
    assert theirs == config(repository, tagged(repository, tag))


@needs_skopeo
@pytest.mark.parametrize(("architecture", "child"), [("amd64", 0), ("arm64", 1)])
def test_skopeo_finds_each_platform_in_an_index(architecture: str, child: int) -> None:
    read = ["inspect", "--config", "--raw", "--override-os", "linux", "--override-arch", architecture]
    theirs = parse_image_config(skopeo(*read, address("acme/api", "1.4.0")))
    ours = manifest("acme/api", tagged("acme/api", "1.4.0").children[child].digest)
    assert theirs == config("acme/api", ours)
