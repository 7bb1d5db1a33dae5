"""Docker's first manifest format, whose history carries what a config does today.

https://distribution.github.io/distribution/spec/deprecated-schema-v1/
"""

import base64

from registry_assets.errors import MalformedDocument
from registry_assets.oci.descriptor import Descriptor
from registry_assets.oci.document import (
    JsonObject,
    digest_in,
    list_or_empty,
    object_or_empty,
    parse_object,
    text_map,
    text_or_none,
)
from registry_assets.oci.image_config import ConfigLayer, ImageConfig
from registry_assets.oci.times import parse_time


def parse_layers(document: JsonObject) -> tuple[Descriptor, ...]:
    """The layers, base first; the document has them newest first, and tells no sizes."""
    values = list_or_empty(document.get("fsLayers"), "fsLayers")
    digests = [
        digest_in(object_or_empty(value).get("blobSum"), f"fsLayers[{position}].blobSum")
        for position, value in enumerate(values)
    ]
    return tuple(map(Descriptor, reversed(digests)))


def parse_embedded_config(document: JsonObject, layer_count: int) -> ImageConfig:
    """What the history tells of the image, in the shape of a config."""
    values = list_or_empty(document.get("history"), "history")
    if values and len(values) != layer_count:
        raise MalformedDocument(f"history has {len(values)} entries for {layer_count} fsLayers")
    history = [_compatibility(value, position) for position, value in enumerate(values)]
    newest = history[0] if history else {}
    return ImageConfig(
        architecture=text_or_none(newest.get("architecture")) or text_or_none(document.get("architecture")),
        os=text_or_none(newest.get("os")),
        variant=text_or_none(newest.get("variant")),
        os_version=text_or_none(newest.get("os.version")),
        created_at=parse_time(newest.get("created")),
        labels=text_map(object_or_empty(newest.get("config")).get("Labels")),
        layers=tuple(ConfigLayer(None, None, _command(entry)) for entry in reversed(history)),
    )


def signed_payload(body: bytes) -> bytes | None:
    """The bytes that the signatures of a signed manifest cover, None where the body is none.

    A signed manifest's digest is that of this payload: signatures may be added without changing it.
    """
    try:
        signatures = list_or_empty(parse_object(body, "manifest").get("signatures"), "signatures")
        protected = parse_object(_decoded(object_or_empty(signatures[0]).get("protected")), "signature")
        length, tail = protected.get("formatLength"), _decoded(protected.get("formatTail"))
    except (MalformedDocument, IndexError, ValueError):
        return None
    inside = isinstance(length, int) and 0 < length <= len(body)
    return body[:length] + tail if inside else None


def _decoded(value: object) -> bytes:
    """Base64 for URLs, as JSON Web Signatures have it: without padding."""
    if not isinstance(value, str):
        raise MalformedDocument("the signature is not base64")
    return base64.b64decode(value + "=" * (-len(value) % 4), altchars="-_", validate=True)


def _compatibility(value: object, position: int) -> JsonObject:
    where = f"history[{position}].v1Compatibility"
    text = object_or_empty(value).get("v1Compatibility")
    if not isinstance(text, str):
        raise MalformedDocument(f"{where} is not text")
    return parse_object(text, where)


def _command(entry: JsonObject) -> str | None:
    command = object_or_empty(entry.get("container_config")).get("Cmd")
    words = command if isinstance(command, list) else [command]
    return text_or_none(" ".join(word for word in words if isinstance(word, str)))
