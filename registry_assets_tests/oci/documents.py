"""Documents as registries serve them, one of each media type, and the strategies that bend them."""

import base64
import json
from typing import Any

from hypothesis import strategies as st

OCI_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST_TYPE = "application/vnd.docker.distribution.manifest.list.v2+json"
SCHEMA_1_TYPE = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA_1_SIGNED_TYPE = "application/vnd.docker.distribution.manifest.v1+prettyjws"
OCI_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"


def digest(character: str) -> str:
    return "sha256:" + character * 64


def descriptor(character: str, media_type: str, size: int, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(character), "size": size, **more}


def body(document: Any) -> bytes:
    return json.dumps(document).encode()


OCI_IMAGE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST_TYPE,
    "config": descriptor("c", OCI_CONFIG_TYPE, 1470),
    "layers": [
        descriptor("1", "application/vnd.oci.image.layer.v1.tar+gzip", 29150479),
        descriptor("2", "application/vnd.oci.image.layer.v1.tar+zstd", 41),
    ],
    "annotations": {"org.opencontainers.image.revision": "4f2c", "org.opencontainers.image.created": "2024-02-13"},
}

# Docker schema 2: https://distribution.github.io/distribution/spec/manifest-v2-2/#example-image-manifest
DOCKER_IMAGE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": DOCKER_MANIFEST_TYPE,
    "config": descriptor("c", DOCKER_CONFIG_TYPE, 7023),
    "layers": [
        descriptor("1", "application/vnd.docker.image.rootfs.diff.tar.gzip", 32654),
        descriptor("2", "application/vnd.docker.image.rootfs.diff.tar.gzip", 16724),
        descriptor("3", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", 73109),
    ],
}

# https://docs.docker.com/build/metadata/attestations/attestation-storage/#examples
OCI_INDEX: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_INDEX_TYPE,
    "manifests": [
        descriptor("a", OCI_MANIFEST_TYPE, 1359, platform={"architecture": "amd64", "os": "linux"}),
        descriptor("b", OCI_MANIFEST_TYPE, 1363, platform={"architecture": "arm64", "os": "linux", "variant": "v8"}),
        descriptor(
            "d",
            OCI_MANIFEST_TYPE,
            566,
            platform={"architecture": "unknown", "os": "unknown"},
            annotations={
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": digest("a"),
            },
        ),
    ],
    "annotations": {"org.opencontainers.image.version": "1.4.0"},
}

DOCKER_LIST: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": DOCKER_LIST_TYPE,
    "manifests": [
        descriptor(
            "e",
            DOCKER_MANIFEST_TYPE,
            2069,
            platform={"architecture": "amd64", "os": "windows", "os.version": "10.0.20348.2340"},
        ),
        descriptor(
            "f",
            DOCKER_MANIFEST_TYPE,
            740,
            platform={"architecture": "arm", "os": "linux", "variant": "v7", "features": ["sse4"]},
        ),
    ],
}

BUILDKIT_ATTESTATION: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST_TYPE,
    "config": descriptor("c", OCI_CONFIG_TYPE, 241),
    "layers": [
        descriptor(
            "1",
            "application/vnd.in-toto+json",
            1131,
            annotations={"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"},
        )
    ],
}

# https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
COSIGN_SIGNATURE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST_TYPE,
    "config": descriptor("c", OCI_CONFIG_TYPE, 233),
    "layers": [descriptor("1", "application/vnd.dev.cosign.simplesigning.v1+json", 210)],
}

SBOM: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST_TYPE,
    "artifactType": "application/spdx+json",
    "config": descriptor("e", EMPTY_TYPE, 2, data="e30="),
    "layers": [descriptor("1", "application/spdx+json", 5112)],
    "subject": descriptor("a", OCI_MANIFEST_TYPE, 1359),
}

# https://helm.sh/docs/topics/registries/#oci-feature-deprecation-and-behavior-changes-with-v380
HELM_CHART: dict[str, Any] = {
    "schemaVersion": 2,
    "config": descriptor("c", "application/vnd.cncf.helm.config.v1+json", 117),
    "layers": [descriptor("1", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", 2487)],
}

# https://distribution.github.io/distribution/spec/deprecated-schema-v1/
SCHEMA_1: dict[str, Any] = {
    "schemaVersion": 1,
    "name": "acme/hello",
    "tag": "latest",
    "architecture": "amd64",
    "fsLayers": [{"blobSum": digest("2")}, {"blobSum": digest("2")}, {"blobSum": digest("1")}],
    "history": [
        {
            "v1Compatibility": json.dumps(
                {
                    "id": "e45a",
                    "parent": "31cb",
                    "created": "2014-12-31T22:57:59.178729048Z",
                    "architecture": "arm",
                    "os": "linux",
                    "config": {"Labels": {"maintainer": "acme", "a": "1"}},
                    "container_config": {"Cmd": ["/bin/sh", "-c", "#(nop) CMD [/hello]"]},
                    "throwaway": True,
                }
            )
        },
        {"v1Compatibility": '{"id": "31cb", "container_config": {"Cmd": ["/bin/sh", "-c", "make install"]}}'},
        {"v1Compatibility": '{"id": "9d01", "created": "2014-12-31T22:57:58Z"}'},
    ],
}


def signed_schema_1() -> tuple[bytes, bytes]:
    """A signed schema 1 body and the payload that its digest is of, formatted as Docker's libtrust does."""
    payload = json.dumps(SCHEMA_1, indent=3).encode()
    length = payload.rindex(b"\n}")
    protected = {"formatLength": length, "formatTail": unpadded(payload[length:]), "time": "2015-01-01T00:00:00Z"}
    signatures = [{"header": {"alg": "ES256"}, "signature": "c2ln", "protected": unpadded(body(protected))}]
    signed = payload[:length] + b',\n   "signatures": ' + body(signatures) + b"\n}"
    return signed, payload


def unpadded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


IMAGE_CONFIG: dict[str, Any] = {
    "created": "2024-02-13T00:37:39.123456789Z",
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "os.version": "6.1",
    "config": {"Env": ["PATH=/bin"], "Labels": {"b": "2", "a": "1"}},
    "rootfs": {"type": "layers", "diff_ids": [digest("a"), digest("b")]},
    "history": [
        {"created": "2024-02-13T00:37:38Z", "created_by": "ADD rootfs.tar /"},
        {"created_by": "CMD [sh]", "empty_layer": True},
        {"created_by": "RUN make", "comment": "buildkit.dockerfile.v0"},
    ],
}

CAPTURED = (
    OCI_IMAGE,
    DOCKER_IMAGE,
    OCI_INDEX,
    DOCKER_LIST,
    BUILDKIT_ATTESTATION,
    COSIGN_SIGNATURE,
    SBOM,
    HELM_CHART,
    SCHEMA_1,
    IMAGE_CONFIG,
)

_texts = st.text(st.characters(), max_size=20) | st.sampled_from(["\0", "\ud800", "sha256:00", "9999-12-31", "\x1b[2J"])
_numbers = st.integers() | st.floats() | st.sampled_from([-1, 2**63, 2**64, 10**400, True])
json_values = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to everything inside a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *_places(item, (*path, key)))]


@st.composite
def bent_documents(draw: st.DrawFn) -> bytes:
    """A captured document in which up to three values were replaced by, or removed for, something else."""
    document = json.loads(json.dumps(draw(st.sampled_from(CAPTURED))))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(_places(document)))
        holder = document
        for key in way:
            holder = holder[key]
        holder[last] = draw(json_values)
    return body(document)
