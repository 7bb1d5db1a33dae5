"""What a manifest is for: `image`, `index`, `attestation`, `signature`, `sbom`, `artifact`."""

from collections.abc import Mapping

from registry_assets.oci.descriptor import Descriptor
from registry_assets.oci.media_types import DOCKER_MANIFEST, IMAGE_CONFIGS, IMAGE_MANIFESTS, IN_TOTO, INDEXES, OCI_EMPTY

_ATTESTATIONS = frozenset({IN_TOTO, "application/vnd.dsse.envelope.v1+json"})
_SIGNATURES = (
    "application/vnd.dev.cosign.simplesigning.",
    "application/vnd.dev.cosign.artifact.sig.",
    "application/vnd.cncf.notary.",
    "application/vnd.dev.sigstore.bundle",
)
_SBOM_WORDS = ("spdx", "cyclonedx", "syft", "sbom")
_COSIGN_SIGNATURE = "https://sigstore.dev/cosign/sign/v1"


def is_image_config(config: Descriptor | None, manifest_type: str) -> bool:
    """True where the config is an image's. Early Docker manifests say no more than `application/octet-stream`."""
    if config is None:
        return False
    early = manifest_type == DOCKER_MANIFEST and config.media_type in {"application/octet-stream", None}
    return early or config.media_type in IMAGE_CONFIGS


def effective_artifact_type(stated: str | None, config: Descriptor | None, manifest_type: str) -> str | None:
    """The stated artifact type, else the type of a config that is no image's (image-spec, manifest.md)."""
    if stated or config is None or is_image_config(config, manifest_type) or config.media_type == OCI_EMPTY:
        return stated
    return config.media_type


def manifest_kind(
    artifact_type: str | None,
    config: Descriptor | None,
    layers: tuple[Descriptor, ...],
    annotations: Mapping[str, str],
    manifest_type: str,
) -> str:
    """The kind of a manifest with config and layers.

    Layers count before the config: BuildKit's attestations and cosign's signatures carry an image config for
    compatibility's sake (https://docs.docker.com/build/metadata/attestations/attestation-storage/).
    """
    named = _kind_of_type(artifact_type, annotations)
    if named:
        return named
    kinds = {_kind_of_type(layer.media_type, annotations) for layer in layers}
    if len(kinds) == 1 and (kind := kinds.pop()):
        return kind
    return "image" if is_image_config(config, manifest_type) else "artifact"


def child_kind(descriptor: Descriptor) -> str | None:
    """The kind of an index's child, as far as its descriptor tells; None where the manifest must be read for it."""
    if descriptor.media_type in INDEXES:
        return "index"
    if _is_attestation_child(descriptor):
        return "attestation"
    if descriptor.artifact_type and descriptor.artifact_type not in IMAGE_CONFIGS:
        return _kind_of_type(descriptor.artifact_type, descriptor.annotations) or "artifact"
    return "image" if descriptor.media_type in IMAGE_MANIFESTS else None


def _is_attestation_child(descriptor: Descriptor) -> bool:
    platform = descriptor.platform
    unknown = platform is not None and platform.os == "unknown" and platform.architecture == "unknown"
    return unknown or descriptor.annotations.get("vnd.docker.reference.type") == "attestation-manifest"


def _kind_of_type(media_type: str | None, annotations: Mapping[str, str]) -> str | None:
    """What the type of an artifact or of its content says. `annotations` are the manifest's."""
    if media_type is None:
        return None
    if media_type in _ATTESTATIONS or _is_attestation_bundle(media_type, annotations):
        return "attestation"
    if media_type.startswith(_SIGNATURES):
        return "signature"
    return "sbom" if any(word in media_type.lower() for word in _SBOM_WORDS) else None


def _is_attestation_bundle(media_type: str, annotations: Mapping[str, str]) -> bool:
    """Sigstore bundles hold signatures or attestations: github.com/sigstore/cosign, specs/BUNDLE_SPEC.md."""
    predicate = annotations.get("dev.sigstore.bundle.predicateType", _COSIGN_SIGNATURE)
    return media_type.startswith("application/vnd.dev.sigstore.bundle") and predicate != _COSIGN_SIGNATURE
