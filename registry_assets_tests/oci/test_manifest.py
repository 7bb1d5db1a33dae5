from typing import Any

import pytest

from registry_assets.errors import MalformedDocument
from registry_assets.oci.manifest import Platform, parse_manifest
from registry_assets.oci.media_types import ACCEPT, IMAGE_MANIFESTS, INDEXES
from registry_assets_tests.oci.documents import (
    DOCKER_IMAGE,
    DOCKER_LIST,
    DOCKER_LIST_TYPE,
    DOCKER_MANIFEST_TYPE,
    HELM_CHART,
    OCI_IMAGE,
    OCI_INDEX,
    OCI_INDEX_TYPE,
    OCI_MANIFEST_TYPE,
    SBOM,
    SCHEMA_1,
    SCHEMA_1_SIGNED_TYPE,
    SCHEMA_1_TYPE,
    body,
    digest,
)


def test_every_manifest_type_is_asked_for() -> None:
    assert set(ACCEPT.split(", ")) == IMAGE_MANIFESTS | INDEXES


@pytest.mark.parametrize(
    ("document", "media_type", "size", "layers"),
    [(OCI_IMAGE, OCI_MANIFEST_TYPE, 29151990, 2), (DOCKER_IMAGE, DOCKER_MANIFEST_TYPE, 129510, 3)],
)
def test_an_image_has_config_layers_and_their_total_size(
    document: dict[str, Any], media_type: str, size: int, layers: int
) -> None:
    manifest = parse_manifest(body(document), None)
    assert (manifest.kind, manifest.media_type, manifest.schema_version) == ("image", media_type, 2)
    assert manifest.config
    assert manifest.config.digest == digest("c")
    assert (manifest.size, len(manifest.layers), manifest.children) == (size, layers, ())
    assert manifest.has_image_config
    assert manifest.embedded_config is None


def test_an_index_lists_its_platforms_in_order_and_has_no_size() -> None:
    index = parse_manifest(body(OCI_INDEX), OCI_INDEX_TYPE)
    assert (index.kind, index.size, index.layers, index.config, index.has_image_config) == (
        "index",
        None,
        (),
        None,
        False,
    )
    assert [child.platform for child in index.children] == [
        Platform("amd64", "linux", None, None),
        Platform("arm64", "linux", "v8", None),
        Platform("unknown", "unknown", None, None),
    ]
    assert index.children[2].annotations["vnd.docker.reference.digest"] == index.children[0].digest
    assert index.annotations == {"org.opencontainers.image.version": "1.4.0"}


def test_a_docker_list_tells_windows_versions_and_variants() -> None:
    index = parse_manifest(body(DOCKER_LIST), None)
    assert (index.kind, index.media_type) == ("index", DOCKER_LIST_TYPE)
    assert [child.platform for child in index.children] == [
        Platform("amd64", "windows", None, "10.0.20348.2340"),
        Platform("arm", "linux", "v7", None),
    ]


def test_an_artifact_tells_its_type_and_its_subject() -> None:
    sbom = parse_manifest(body(SBOM), None)
    assert (sbom.artifact_type, sbom.subject, sbom.has_image_config) == ("application/spdx+json", digest("a"), False)


def test_a_config_that_is_no_images_gives_the_artifact_type() -> None:
    """image-spec, manifest.md: artifactType falls back to the config's media type."""
    assert parse_manifest(body(HELM_CHART), None).artifact_type == "application/vnd.cncf.helm.config.v1+json"
    assert parse_manifest(body(OCI_IMAGE), None).artifact_type is None


def untyped(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "mediaType"} | changes


@pytest.mark.parametrize(
    ("document", "content_type", "media_type"),
    [
        pytest.param(OCI_IMAGE, DOCKER_MANIFEST_TYPE, OCI_MANIFEST_TYPE, id="the body's own type wins"),
        pytest.param(OCI_INDEX, OCI_MANIFEST_TYPE, OCI_INDEX_TYPE, id="also against another shape"),
        pytest.param(untyped(OCI_IMAGE), DOCKER_MANIFEST_TYPE, DOCKER_MANIFEST_TYPE, id="else the Content-Type"),
        pytest.param(
            untyped(OCI_IMAGE), OCI_MANIFEST_TYPE + "; charset=utf-8", OCI_MANIFEST_TYPE, id="without parameters"
        ),
        pytest.param(untyped(OCI_INDEX), "text/plain", OCI_INDEX_TYPE, id="else the shape of an index"),
        pytest.param(untyped(OCI_IMAGE), None, OCI_MANIFEST_TYPE, id="of a manifest"),
        pytest.param(untyped(DOCKER_IMAGE), "", DOCKER_MANIFEST_TYPE, id="of a Docker manifest"),
        pytest.param(SCHEMA_1, "application/json", SCHEMA_1_TYPE, id="of schema 1"),
        pytest.param({**SCHEMA_1, "signatures": []}, None, SCHEMA_1_SIGNED_TYPE, id="of signed schema 1"),
        pytest.param(
            untyped(OCI_INDEX, mediaType=OCI_MANIFEST_TYPE), None, OCI_INDEX_TYPE, id="a type that does not fit"
        ),
        pytest.param(
            untyped(OCI_IMAGE, mediaType="x/y"), DOCKER_MANIFEST_TYPE, DOCKER_MANIFEST_TYPE, id="an unknown type"
        ),
        pytest.param(untyped(OCI_IMAGE, mediaType=7), OCI_INDEX_TYPE, OCI_MANIFEST_TYPE, id="no type at all"),
    ],
)
def test_the_media_type_is_what_body_header_and_shape_agree_on(
    document: dict[str, Any], content_type: str | None, media_type: str
) -> None:
    assert parse_manifest(body(document), content_type).media_type == media_type


@pytest.mark.parametrize("empty", [None, []])
def test_an_empty_list_may_be_null(empty: object) -> None:
    """Go writes a list that was never filled as null."""
    assert parse_manifest(body({"schemaVersion": 2, "manifests": empty}), None).children == ()
    assert parse_manifest(body({**OCI_IMAGE, "layers": empty, "manifests": empty}), None).layers == ()


def with_size(size: object) -> dict[str, Any]:
    return {**OCI_IMAGE, "layers": [{**OCI_IMAGE["layers"][0], "size": size}]}


@pytest.mark.parametrize(
    ("size", "complaint"),
    [
        (-1, "is negative"),
        (2**63, "is beyond"),
        (10**400, "is beyond"),
        ("29150479", "is not a whole number: '29150479'"),
        (1.5, "is not a whole number"),
        (True, "is not a whole number"),
        ([], "is not a whole number: list"),
        (2**63 - 1, "add up to more than"),
    ],
)
def test_a_wrong_size_is_reported_since_totals_would_be_wrong(size: object, complaint: str) -> None:
    with pytest.raises(MalformedDocument, match=complaint):
        parse_manifest(body(with_size(size)), None)


@pytest.mark.parametrize("size", [None, 0])
def test_a_missing_size_is_unknown_and_no_zero(size: int | None) -> None:
    manifest = parse_manifest(body(with_size(size)), None)
    assert manifest.layers[0].size == size
    assert manifest.size == (None if size is None else 1470)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "the manifest is not JSON"),
        (b"<html>502 Bad Gateway</html>", "the manifest is not JSON"),
        (b'{"layers": [' + b"[" * 100_000, "nested too deeply"),
        (b"[]", "not an object"),
        (b"{}", "neither manifests, nor config and layers, nor fsLayers"),
        (b'{"errors": [{"code": "UNAUTHORIZED"}]}', "neither manifests"),
        (body({**OCI_IMAGE, "manifests": OCI_INDEX["manifests"]}), "ambiguous: index and manifest"),
        (body({**SCHEMA_1, **OCI_IMAGE}), "ambiguous: manifest and schema 1"),
        (b'{"manifests": [], "layers": []}', "ambiguous"),
        (b'{"manifests": {"a": 1}}', "manifests is not a list"),
        (b'{"manifests": ["x"]}', r"manifests\[0\] is not a descriptor"),
        (b'{"manifests": [{}]}', r"manifests\[0\]\.digest is no digest: None"),
        (b'{"config": {"digest": "sha256:../x"}}', r"config\.digest is no digest: 'sha256:\.\./x'"),
        (b'{"config": "x"}', "config is not a descriptor"),
        (body({**OCI_IMAGE, "subject": {"digest": 1}}), r"subject\.digest is no digest: 1"),
    ],
)
def test_what_is_no_manifest_is_reported_with_the_place(content: bytes, complaint: str) -> None:
    with pytest.raises(MalformedDocument, match=complaint):
        parse_manifest(content, None)


@pytest.mark.parametrize("depth", range(700, 1000, 7))
def test_a_value_as_deep_as_json_can_be_read_is_reported_too(depth: int) -> None:
    """Python prints containers recursively, so a message that showed one would fail where reading it did not."""
    deep = "[" * depth + "]" * depth
    with pytest.raises(MalformedDocument):
        parse_manifest(f'{{"config": {{"digest": {deep}}}}}'.encode(), None)


@pytest.mark.parametrize(
    ("version", "expected"), [(2, 2), (1, 1), (3, None), ("2", None), (True, None), ([], None), (2.0, None)]
)
def test_only_known_schema_versions_are_kept(version: object, expected: int | None) -> None:
    assert parse_manifest(body({**OCI_IMAGE, "schemaVersion": version}), None).schema_version == expected
