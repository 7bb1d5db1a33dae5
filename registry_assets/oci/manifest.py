"""Manifests and indexes of every media type in use: OCI, Docker schema 2 and schema 1.

https://github.com/opencontainers/image-spec/blob/main/manifest.md and image-index.md.
"""

from dataclasses import dataclass, field

from registry_assets.errors import MalformedDocument
from registry_assets.oci.descriptor import Descriptor, Platform, parse_descriptor, parse_descriptors
from registry_assets.oci.digest import matches, sha256_digest
from registry_assets.oci.document import LARGEST_INTEGER, JsonObject, parse_object, text_map, text_or_none
from registry_assets.oci.image_config import ImageConfig
from registry_assets.oci.kinds import child_kind, effective_artifact_type, is_image_config, manifest_kind
from registry_assets.oci.media_types import (
    DOCKER_CONFIG,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA_1,
    DOCKER_SCHEMA_1_SIGNED,
    INDEXES,
    OCI_INDEX,
    OCI_MANIFEST,
    SCHEMA_1,
    without_parameters,
)
from registry_assets.oci.schema1 import parse_embedded_config, parse_layers, signed_payload

__all__ = ["Descriptor", "Manifest", "Platform", "child_kind", "manifest_digest", "manifest_matches", "parse_manifest"]

_INDEX, _MANIFEST, _SCHEMA_1 = "index", "manifest", "schema 1"
_FORMS = {"manifests": _INDEX, "config": _MANIFEST, "layers": _MANIFEST, "fsLayers": _SCHEMA_1}
_FORM_OF_TYPE = (
    dict.fromkeys(INDEXES, _INDEX)
    | dict.fromkeys((OCI_MANIFEST, DOCKER_MANIFEST), _MANIFEST)
    | dict.fromkeys(SCHEMA_1, _SCHEMA_1)
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index. `layers` are base first; `children` are an index's, in its order.

    `subject` is the digest of what this one refers to. `embedded_config` is a schema 1 manifest's own config.
    """

    media_type: str | None
    schema_version: int | None
    kind: str
    artifact_type: str | None = None
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    annotations: dict[str, str] = field(default_factory=dict)
    subject: str | None = None
    embedded_config: ImageConfig | None = None

    @property
    def size(self) -> int | None:
        """Bytes of config and layers as stored, None for an index, schema 1, and where a descriptor does not tell."""
        if self.kind == "index" or self.embedded_config:
            return None
        sizes = [part.size for part in (self.config, *self.layers) if part]
        return None if None in sizes else sum(filter(None, sizes))

    @property
    def has_image_config(self) -> bool:
        """Whether the config blob is an image config that is worth fetching."""
        return self.kind == "image" and is_image_config(self.config, self.media_type or "")


def parse_manifest(body: bytes, media_type: str | None) -> Manifest:
    """The manifest in the bytes, or `MalformedDocument`.

    `media_type` is the Content-Type it came with; the body's own type wins where it is known and fits the body.
    """
    # Of signed schema 1 only the payload is what the digest vouches for; text around it could say something else.
    document = parse_object(_digested(body), "manifest")
    form = _form(document)
    effective_type = _media_type(document, form, media_type) or _media_type_by_shape(document, form, body)
    if form == _INDEX:
        return _parse_index(document, effective_type)
    if form == _SCHEMA_1:
        return _parse_schema_1(document, effective_type)
    return _parse_image_manifest(document, effective_type)


def manifest_digest(body: bytes) -> str:
    """The sha256 digest by which a registry knows this manifest."""
    return sha256_digest(_digested(body))


def manifest_matches(digest: str, body: bytes) -> bool:
    """True where these bytes are the manifest of that digest (of signed schema 1, the payload or all of it)."""
    return matches(digest, body) or matches(digest, _digested(body))


def _digested(body: bytes) -> bytes:
    signed = b'"signatures"' in body and b'"fsLayers"' in body
    return (signed_payload(body) if signed else None) or body


def _form(document: JsonObject) -> str:
    """Index, manifest or schema 1, by content. A body that is two at once would mean different things to clients."""
    filled = {form for key, form in _FORMS.items() if document.get(key)}
    forms = filled or {form for key, form in _FORMS.items() if key in document}
    if not forms:
        raise MalformedDocument("the manifest has neither manifests, nor config and layers, nor fsLayers")
    if len(forms) > 1:
        raise MalformedDocument(f"the document is ambiguous: {' and '.join(sorted(forms))} at once (CVE-2021-41190)")
    return forms.pop()


def _media_type(document: JsonObject, form: str, content_type: str | None) -> str | None:
    for stated in (text_or_none(document.get("mediaType")), without_parameters(content_type)):
        if stated and _FORM_OF_TYPE.get(stated) == form:
            return stated
    return None


def _media_type_by_shape(document: JsonObject, form: str, body: bytes) -> str:
    if form == _INDEX:
        return OCI_INDEX
    if form == _SCHEMA_1:
        return DOCKER_SCHEMA_1_SIGNED if b'"signatures"' in body else DOCKER_SCHEMA_1
    config = document.get("config")
    docker = isinstance(config, dict) and config.get("mediaType") == DOCKER_CONFIG
    return DOCKER_MANIFEST if docker else OCI_MANIFEST


def _parse_index(document: JsonObject, media_type: str) -> Manifest:
    return Manifest(
        media_type=media_type,
        schema_version=_schema_version(document),
        kind="index",
        artifact_type=text_or_none(document.get("artifactType")),
        children=parse_descriptors(document, "manifests"),
        annotations=text_map(document.get("annotations")),
        subject=_subject(document),
    )


def _parse_image_manifest(document: JsonObject, media_type: str) -> Manifest:
    config = parse_descriptor(document["config"], "config") if document.get("config") is not None else None
    layers = parse_descriptors(document, "layers")
    if sum(part.size or 0 for part in (config, *layers) if part) > LARGEST_INTEGER:
        raise MalformedDocument("the sizes of config and layers add up to more than 2^63-1 bytes")
    stated_type = text_or_none(document.get("artifactType"))
    artifact_type = effective_artifact_type(stated_type, config, media_type)
    annotations = text_map(document.get("annotations"))
    return Manifest(
        media_type=media_type,
        schema_version=_schema_version(document),
        kind=manifest_kind(artifact_type, config, layers, annotations, media_type),
        artifact_type=artifact_type,
        config=config,
        layers=layers,
        annotations=annotations,
        subject=_subject(document),
    )


def _parse_schema_1(document: JsonObject, media_type: str) -> Manifest:
    layers = parse_layers(document)
    return Manifest(
        media_type=media_type,
        schema_version=_schema_version(document),
        kind="image",
        layers=layers,
        embedded_config=parse_embedded_config(document, len(layers)),
    )


def _schema_version(document: JsonObject) -> int | None:
    version = document.get("schemaVersion")
    return version if type(version) is int and version in {1, 2} else None


def _subject(document: JsonObject) -> str | None:
    subject = document.get("subject")
    return None if subject is None else parse_descriptor(subject, "subject").digest
