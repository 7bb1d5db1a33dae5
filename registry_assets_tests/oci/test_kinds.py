"""What a manifest is for. The media types are those that the tools named in the ids really push."""

from typing import Any

import pytest

from registry_assets.oci.manifest import Descriptor, Platform, child_kind, parse_manifest
from registry_assets_tests.oci.documents import (
    BUILDKIT_ATTESTATION,
    COSIGN_SIGNATURE,
    DOCKER_CONFIG_TYPE,
    DOCKER_IMAGE,
    DOCKER_LIST,
    DOCKER_LIST_TYPE,
    DOCKER_MANIFEST_TYPE,
    EMPTY_TYPE,
    HELM_CHART,
    OCI_CONFIG_TYPE,
    OCI_IMAGE,
    OCI_INDEX,
    OCI_INDEX_TYPE,
    OCI_MANIFEST_TYPE,
    SBOM,
    SCHEMA_1,
    body,
    descriptor,
    digest,
)

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def manifest(config: str, *layers: str, **more: Any) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "config": descriptor("c", config, 2),
        "layers": [descriptor("1", layer, 10) for layer in layers],
        **more,
    }


def bundle(predicate: str) -> dict[str, Any]:
    annotations = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": predicate}
    return manifest(EMPTY_TYPE, BUNDLE, artifactType=BUNDLE, annotations=annotations)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        pytest.param(OCI_IMAGE, "image", id="OCI image"),
        pytest.param(DOCKER_IMAGE, "image", id="Docker image"),
        pytest.param(SCHEMA_1, "image", id="Docker schema 1"),
        pytest.param(manifest(OCI_CONFIG_TYPE), "image", id="an image without layers"),
        pytest.param(
            manifest("application/octet-stream", mediaType=DOCKER_MANIFEST_TYPE), "image", id="an early Docker image"
        ),
        pytest.param(OCI_INDEX, "index", id="OCI index"),
        pytest.param(DOCKER_LIST, "index", id="Docker manifest list"),
        pytest.param({**OCI_INDEX, "artifactType": "application/spdx+json"}, "index", id="an index of artifacts"),
        pytest.param(BUILDKIT_ATTESTATION, "attestation", id="BuildKit"),
        pytest.param(
            manifest(OCI_CONFIG_TYPE, "application/vnd.dsse.envelope.v1+json"), "attestation", id="cosign attest"
        ),
        pytest.param(bundle("https://slsa.dev/provenance/v1"), "attestation", id="a provenance bundle"),
        pytest.param(COSIGN_SIGNATURE, "signature", id="cosign sign"),
        pytest.param(
            manifest(EMPTY_TYPE, "x/y", artifactType="application/vnd.dev.cosign.artifact.sig.v1+json"),
            "signature",
            id="cosign with OCI 1.1",
        ),
        pytest.param(bundle("https://sigstore.dev/cosign/sign/v1"), "signature", id="cosign 3"),
        pytest.param(manifest(EMPTY_TYPE, BUNDLE, artifactType=BUNDLE), "signature", id="a message signature bundle"),
        pytest.param(
            manifest("application/vnd.cncf.notary.signature", "application/jose+json"), "signature", id="notation"
        ),
        pytest.param(SBOM, "sbom", id="SPDX"),
        pytest.param(manifest(OCI_CONFIG_TYPE, "application/vnd.cyclonedx+json"), "sbom", id="cosign attach sbom"),
        pytest.param(manifest(OCI_CONFIG_TYPE, "application/vnd.syft+json"), "sbom", id="Syft"),
        pytest.param(manifest(OCI_CONFIG_TYPE, "text/spdx"), "sbom", id="SPDX as text"),
        pytest.param(HELM_CHART, "artifact", id="Helm"),
        pytest.param(manifest("application/vnd.wasm.config.v0+json", "application/wasm"), "artifact", id="WASM"),
        pytest.param(
            manifest(EMPTY_TYPE, EMPTY_TYPE, artifactType="application/vnd.acme.x"), "artifact", id="an empty config"
        ),
        pytest.param(manifest("application/octet-stream"), "artifact", id="an OCI manifest with an untyped config"),
        pytest.param({"schemaVersion": 2, "layers": []}, "artifact", id="no config"),
        pytest.param(manifest("application/vnd.docker.plugin.v1+json"), "artifact", id="Docker plugin"),
        pytest.param(manifest("application/vnd.buildkit.cacheconfig.v0"), "artifact", id="BuildKit cache"),
        pytest.param(
            manifest(OCI_CONFIG_TYPE, "application/vnd.oci.image.layer.v1.tar", "application/vnd.in-toto+json"),
            "image",
            id="an image with one odd layer",
        ),
    ],
)
def test_the_kind_of_a_manifest(document: dict[str, Any], kind: str) -> None:
    parsed = parse_manifest(body(document), None)
    assert parsed.kind == kind
    assert parsed.has_image_config == (kind == "image" and "config" in document)


ATTESTED = {"vnd.docker.reference.type": "attestation-manifest"}
UNKNOWN = Platform("unknown", "unknown", None, None)
LINUX = Platform("amd64", "linux", None, None)


@pytest.mark.parametrize(
    ("child", "kind"),
    [
        (Descriptor(digest("a"), OCI_MANIFEST_TYPE, platform=LINUX), "image"),
        (Descriptor(digest("a"), DOCKER_MANIFEST_TYPE), "image"),
        (Descriptor(digest("a"), OCI_MANIFEST_TYPE, artifact_type=OCI_CONFIG_TYPE), "image"),
        (Descriptor(digest("a"), OCI_MANIFEST_TYPE, artifact_type=DOCKER_CONFIG_TYPE), "image"),
        (Descriptor(digest("a"), OCI_INDEX_TYPE), "index"),
        (Descriptor(digest("a"), DOCKER_LIST_TYPE), "index"),
        (Descriptor(digest("a"), OCI_MANIFEST_TYPE, platform=UNKNOWN), "attestation"),
        (Descriptor(digest("a"), OCI_MANIFEST_TYPE, annotations=ATTESTED), "attestation"),
        (Descriptor(digest("a"), OCI_MANIFEST_TYPE, artifact_type="application/spdx+json"), "sbom"),
        (
            Descriptor(digest("a"), OCI_MANIFEST_TYPE, artifact_type="application/vnd.cncf.notary.signature"),
            "signature",
        ),
        (Descriptor(digest("a"), OCI_MANIFEST_TYPE, artifact_type="application/vnd.acme.report"), "artifact"),
        (Descriptor(digest("a"), "application/vnd.oci.image.layer.v1.tar"), None),
        (Descriptor(digest("a")), None),
    ],
)
def test_the_kind_of_an_indexs_child(child: Descriptor, kind: str | None) -> None:
    assert child_kind(child) == kind
