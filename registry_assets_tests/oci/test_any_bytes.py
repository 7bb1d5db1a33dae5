"""Whatever bytes a registry serves, they give a document or a `MalformedDocument`, and never another exception."""

import json

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.errors import MalformedDocument
from registry_assets.oci.image_config import ImageConfig, parse_image_config
from registry_assets.oci.manifest import (
    Descriptor,
    Manifest,
    child_kind,
    manifest_digest,
    manifest_matches,
    parse_manifest,
)
from registry_assets_tests.oci.documents import bent_documents, json_values, signed_schema_1

KINDS = {"image", "index", "attestation", "signature", "sbom", "artifact"}
bodies = st.binary() | json_values.map(lambda value: json.dumps(value).encode()) | bent_documents()
content_types = st.none() | st.text() | st.sampled_from(["application/vnd.oci.image.index.v1+json; a=b", "text/html"])


def assert_storable(texts: list[str | None], sizes: list[int | None]) -> None:
    """Arrow takes the values, and none holds what a table could not."""
    pa.array(texts, pa.string())
    pa.array(sizes, pa.int64())
    assert not any("\0" in text for text in texts if text)


def assert_sound_descriptor(descriptor: Descriptor) -> None:
    annotations = [text for pair in descriptor.annotations.items() for text in pair]
    assert_storable(
        [descriptor.digest, descriptor.media_type, descriptor.artifact_type, *annotations], [descriptor.size]
    )
    assert list(descriptor.annotations) == sorted(descriptor.annotations)
    assert child_kind(descriptor) in {*KINDS, None}


def assert_sound_manifest(manifest: Manifest) -> None:
    assert manifest.kind in KINDS
    for descriptor in (*manifest.layers, *manifest.children, *filter(None, [manifest.config])):
        assert_sound_descriptor(descriptor)
    annotations = [text for pair in manifest.annotations.items() for text in pair]
    assert_storable([manifest.media_type, manifest.artifact_type, manifest.subject, *annotations], [manifest.size])
    if manifest.embedded_config:
        assert_sound_config(manifest.embedded_config)


def assert_sound_config(config: ImageConfig) -> None:
    told = [(layer.diff_id, layer.chain_id, layer.created_by) for layer in config.layers]
    labels = [text for pair in config.labels.items() for text in pair]
    platform = [config.architecture, config.os, config.variant, config.os_version]
    assert_storable([*platform, *labels, *(text for texts in told for text in texts)], [])
    pa.array([config.created_at], pa.timestamp("us", "UTC"))


@given(bodies, content_types)
def test_any_bytes_are_a_manifest_or_reported(content: bytes, content_type: str | None) -> None:
    try:
        manifest = parse_manifest(content, content_type)
    except MalformedDocument as error:
        str(error).encode()
    else:
        assert_sound_manifest(manifest)


@given(bodies)
def test_any_bytes_are_an_image_config_or_reported(content: bytes) -> None:
    try:
        config = parse_image_config(content)
    except MalformedDocument as error:
        str(error).encode()
    else:
        assert_sound_config(config)


@given(bodies, st.integers(0, 4000), st.binary(max_size=4))
def test_any_bytes_have_one_digest_that_they_match(content: bytes, place: int, damage: bytes) -> None:
    signed, _ = signed_schema_1()
    for candidate in (content, signed[:place] + damage + signed[place + len(damage) :]):
        assert manifest_matches(manifest_digest(candidate), candidate)
