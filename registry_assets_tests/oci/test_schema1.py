"""Docker's manifests of before 2016, which registries still serve."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from registry_assets.errors import MalformedDocument
from registry_assets.oci.manifest import manifest_digest, manifest_matches, parse_manifest
from registry_assets_tests.oci.documents import (
    OCI_IMAGE,
    SCHEMA_1,
    SCHEMA_1_SIGNED_TYPE,
    SCHEMA_1_TYPE,
    body,
    digest,
    signed_schema_1,
    unpadded,
)


def test_layers_come_base_first_with_the_command_that_made_each() -> None:
    manifest = parse_manifest(body(SCHEMA_1), SCHEMA_1_TYPE)
    assert [layer.digest for layer in manifest.layers] == [digest("1"), digest("2"), digest("2")]
    assert manifest.embedded_config
    assert [layer.created_by for layer in manifest.embedded_config.layers] == [
        None,
        "/bin/sh -c make install",
        "/bin/sh -c #(nop) CMD [/hello]",
    ]


def test_the_newest_history_entry_describes_the_image() -> None:
    config = parse_manifest(body(SCHEMA_1), None).embedded_config
    assert config
    assert (config.architecture, config.os) == ("arm", "linux")
    assert config.created_at == datetime(2014, 12, 31, 22, 57, 59, 178729, tzinfo=UTC)
    assert config.labels == {"a": "1", "maintainer": "acme"}


def test_sizes_and_a_config_blob_are_unknown() -> None:
    manifest = parse_manifest(body(SCHEMA_1), None)
    assert (manifest.kind, manifest.schema_version, manifest.media_type) == ("image", 1, SCHEMA_1_TYPE)
    assert manifest.size is None
    assert not manifest.has_image_config


def test_without_history_the_document_still_tells_the_architecture() -> None:
    config = parse_manifest(body({**SCHEMA_1, "history": None}), None).embedded_config
    assert config
    assert (config.architecture, config.layers) == ("amd64", ())


def test_a_signed_manifest_has_the_digest_of_its_payload() -> None:
    signed, payload = signed_schema_1()
    known_as = "sha256:" + hashlib.sha256(payload).hexdigest()
    assert manifest_digest(signed) == known_as
    assert manifest_matches(known_as, signed)
    assert manifest_matches("sha256:" + hashlib.sha256(signed).hexdigest(), signed)
    assert not manifest_matches(digest("0"), signed)


@pytest.mark.parametrize("content_type", [SCHEMA_1_SIGNED_TYPE, "application/json; charset=utf-8", None])
def test_a_signed_manifest_says_the_same_as_an_unsigned_one(content_type: str | None) -> None:
    signed, _ = signed_schema_1()
    manifest = parse_manifest(signed, content_type)
    assert manifest.media_type == SCHEMA_1_SIGNED_TYPE
    assert manifest.layers == parse_manifest(body(SCHEMA_1), None).layers


def test_text_beside_the_signed_payload_is_not_believed() -> None:
    """A duplicate key after the payload would keep the digest and change what a parser reads."""
    signed, payload = signed_schema_1()
    forged = signed.replace(b',\n   "signatures"', b', "architecture": "forged", "history": [], "signatures"')
    assert manifest_digest(forged) == "sha256:" + hashlib.sha256(payload).hexdigest()
    assert parse_manifest(forged, None).embedded_config == parse_manifest(payload, None).embedded_config


def test_an_ordinary_manifest_has_the_digest_of_its_bytes() -> None:
    content = body(OCI_IMAGE)
    assert manifest_digest(content) == "sha256:" + hashlib.sha256(content).hexdigest()
    assert manifest_matches(manifest_digest(content), content)


@pytest.mark.parametrize(
    "signatures",
    [
        [],
        {},
        [3],
        [{"protected": 3}],
        [{"protected": "*"}],
        [{"protected": "é"}],
        [{"protected": unpadded(b"{}")}],
        [{"protected": unpadded(b"[]")}],
        [{"protected": unpadded(b'{"formatLength": 99999999, "formatTail": "Cn0"}')}],
        [{"protected": unpadded(b'{"formatLength": -1, "formatTail": "Cn0"}')}],
    ],
)
def test_a_broken_signature_leaves_the_bytes_to_speak_for_themselves(signatures: object) -> None:
    content = body({**SCHEMA_1, "signatures": signatures})
    assert manifest_digest(content) == "sha256:" + hashlib.sha256(content).hexdigest()
    assert parse_manifest(content, None).media_type == SCHEMA_1_SIGNED_TYPE


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"fsLayers": [{"blobSum": "sha256:1"}]}, r"fsLayers\[0\]\.blobSum is no digest: 'sha256:1'"),
        ({"fsLayers": [[]]}, r"fsLayers\[0\]\.blobSum is no digest"),
        ({"fsLayers": {"a": 1}}, "fsLayers is not a list"),
        ({"history": SCHEMA_1["history"][:2]}, "history has 2 entries for 3 fsLayers"),
        ({"history": [{}] * 3}, r"history\[0\]\.v1Compatibility is not text"),
        ({"history": [{"v1Compatibility": "{"}] * 3}, r"history\[0\]\.v1Compatibility is not JSON"),
        ({"history": [{"v1Compatibility": "[" * 100_000}] * 3}, r"history\[0\]\.v1Compatibility is nested too deeply"),
    ],
)
def test_a_damaged_manifest_is_reported_with_the_place(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(MalformedDocument, match=complaint):
        parse_manifest(json.dumps({**SCHEMA_1, **change}).encode(), SCHEMA_1_TYPE)
