"""The image config, https://github.com/opencontainers/image-spec/blob/main/config.md."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat

from registry_assets.oci.digest import is_digest
from registry_assets.oci.document import (
    JsonObject,
    list_or_empty,
    object_or_empty,
    parse_object,
    text_map,
    text_or_none,
)
from registry_assets.oci.times import parse_time


@dataclass(frozen=True, slots=True)
class ConfigLayer:
    """What the config tells of one layer: the digest of its uncompressed tar, of it and all below, and its command."""

    diff_id: str | None
    chain_id: str | None
    created_by: str | None


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image is and how it was built; `layers` has one entry per layer, base first."""

    architecture: str | None = None
    os: str | None = None
    variant: str | None = None
    os_version: str | None = None
    created_at: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict)
    layers: tuple[ConfigLayer, ...] = ()


def parse_image_config(body: bytes) -> ImageConfig:
    """The image config in the bytes, or `MalformedDocument`."""
    document = parse_object(body, "image config")
    return ImageConfig(
        architecture=text_or_none(document.get("architecture")),
        os=text_or_none(document.get("os")),
        variant=text_or_none(document.get("variant")),
        os_version=text_or_none(document.get("os.version")),
        created_at=parse_time(document.get("created")),
        labels=text_map(object_or_empty(document.get("config")).get("Labels")),
        layers=_parse_layers(document),
    )


def chain_ids(diff_ids: Iterable[str | None]) -> Iterator[str | None]:
    """The ChainID of each layer, by config.md#layer-chainid; none from the first unknown diff_id on."""
    chain: str | None = None
    for position, diff_id in enumerate(diff_ids):
        if position == 0:
            chain = diff_id
        elif chain is not None:
            chain = None if diff_id is None else _chained(chain, diff_id)
        yield chain


def _chained(below: str, diff_id: str) -> str:
    return f"sha256:{hashlib.sha256(f'{below} {diff_id}'.encode()).hexdigest()}"


def _parse_layers(document: JsonObject) -> tuple[ConfigLayer, ...]:
    values = list_or_empty(object_or_empty(document.get("rootfs")).get("diff_ids"), "rootfs.diff_ids")
    diff_ids = [value if isinstance(value, str) and is_digest(value) else None for value in values]
    commands = _commands(document)
    # Builders that squash leave a history of another length; which entry made which layer is then unknown.
    aligned = commands if len(commands) == len(diff_ids) else repeat(None, len(diff_ids))
    return tuple(map(ConfigLayer, diff_ids, chain_ids(diff_ids), aligned))


def _commands(document: JsonObject) -> list[str | None]:
    """`created_by` of each history entry that made a layer."""
    history = map(object_or_empty, list_or_empty(document.get("history"), "history"))
    return [text_or_none(entry.get("created_by")) for entry in history if entry.get("empty_layer") is not True]
