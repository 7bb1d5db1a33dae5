"""Descriptors, https://github.com/opencontainers/image-spec/blob/main/descriptor.md."""

from dataclasses import dataclass, field

from registry_assets.errors import MalformedDocument
from registry_assets.oci.document import JsonObject, digest_in, list_or_empty, size_in, text_map, text_or_none


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on, in Go's words (`amd64`, `linux`, `v8`)."""

    architecture: str | None
    os: str | None
    variant: str | None
    os_version: str | None


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to content: its digest, and what is known of it without reading it. `size` in bytes."""

    digest: str
    media_type: str | None = None
    size: int | None = None
    artifact_type: str | None = None
    annotations: dict[str, str] = field(default_factory=dict)
    platform: Platform | None = None


def parse_descriptor(value: object, where: str) -> Descriptor:
    """The descriptor at `where` in a document. A wrong digest or size raises `MalformedDocument`."""
    if not isinstance(value, dict):
        raise MalformedDocument(f"{where} is not a descriptor")
    return Descriptor(
        digest=digest_in(value.get("digest"), f"{where}.digest"),
        media_type=text_or_none(value.get("mediaType")),
        size=size_in(value.get("size"), f"{where}.size"),
        artifact_type=text_or_none(value.get("artifactType")),
        annotations=text_map(value.get("annotations")),
        platform=parse_platform(value.get("platform")),
    )


def parse_descriptors(document: JsonObject, key: str) -> tuple[Descriptor, ...]:
    """The list of descriptors under `key`."""
    values = list_or_empty(document.get(key), key)
    return tuple(parse_descriptor(value, f"{key}[{position}]") for position, value in enumerate(values))


def parse_platform(value: object) -> Platform | None:
    """The platform in a descriptor or an image config, None where nothing is said."""
    if not isinstance(value, dict):
        return None
    platform = Platform(*(text_or_none(value.get(key)) for key in ("architecture", "os", "variant", "os.version")))
    return None if platform == _UNSAID else platform


_UNSAID = Platform(None, None, None, None)
