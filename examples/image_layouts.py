"""What OCI image layouts are made of: blobs, layers, images, indexes; the same bytes on every machine.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

import json
import struct
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from registry_assets.oci import media_types
from registry_assets.oci.digest import sha256_digest

JsonObject = dict[str, Any]

AMD64 = {"architecture": "amd64", "os": "linux"}
ARM64 = {"architecture": "arm64", "os": "linux", "variant": "v8"}


@dataclass
class Layout:
    """One repository in memory: its blobs by digest, and the entries of its `index.json`."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    entries: list[JsonObject] = field(default_factory=list)

    def add(self, content: bytes, media_type: str, **more: Any) -> JsonObject:
        """Keeps a blob and gives its descriptor."""
        digest = sha256_digest(content)
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content), **more}

    def tag(self, descriptor: JsonObject, *tags: str) -> None:
        """Names a manifest. Several tags of one digest are several entries."""
        for tag in tags:
            annotations = {"org.opencontainers.image.ref.name": tag}
            self.entries.append({**descriptor, "annotations": annotations})

    def write(self, directory: Path) -> None:
        """Writes the layout."""
        blobs = directory / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for digest, content in self.blobs.items():
            (blobs / digest.removeprefix("sha256:")).write_bytes(content)
        index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": self.entries}
        (directory / "index.json").write_bytes(as_json(index))
        (directory / "oci-layout").write_bytes(as_json({"imageLayoutVersion": "1.0.0"}))


class Step(NamedTuple):
    """One step of a build: when, the command, and the tar of what it changed (none for one that makes no layer)."""

    created: str
    command: str
    tar: bytes | None = None


@dataclass(frozen=True)
class Image:
    """What an image is made of, base first."""

    steps: Sequence[Step]
    platform: Mapping[str, str] = field(default_factory=lambda: AMD64)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def layers(self) -> list[bytes]:
        """The tars of its layers."""
        return [step.tar for step in self.steps if step.tar is not None]


def as_json(document: Any) -> bytes:
    """The document as compact JSON, keys as given."""
    return json.dumps(document, separators=(",", ":")).encode()


def tar_of(modified: str, files: Mapping[str, str]) -> bytes:
    """A tar of text files, all modified at one time."""
    parts = []
    for name, text in files.items():
        info = tarfile.TarInfo(name)
        info.size, info.mtime = len(text), int(datetime.fromisoformat(modified).timestamp())
        parts.append(info.tobuf(tarfile.USTAR_FORMAT) + text.encode().ljust(-(-len(text) // 512) * 512, b"\0"))
    return b"".join(parts) + bytes(1024)


def gzipped(content: bytes) -> bytes:
    """A gzip file with the content stored, not compressed: zlib's versions compress to different bytes."""
    block = struct.pack("<BHH", 1, len(content), len(content) ^ 0xFFFF) + content
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block + struct.pack("<II", zlib.crc32(content), len(content))


def config_of(image: Image) -> JsonObject:
    """The image's config."""
    steps = [{"created": step.created, "created_by": step.command} for step in image.steps]
    layerless = [{} if step.tar else {"empty_layer": True} for step in image.steps]
    return {
        "created": image.steps[-1].created,
        **image.platform,
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Labels": dict(image.labels)},
        "rootfs": {"type": "layers", "diff_ids": [sha256_digest(tar) for tar in image.layers]},
        "history": [step | more for step, more in zip(steps, layerless, strict=True)],
    }


def add_image(layout: Layout, image: Image) -> JsonObject:
    """Adds an OCI image and gives its manifest's descriptor."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "config": layout.add(as_json(config_of(image)), media_types.OCI_CONFIG),
        "layers": [layout.add(gzipped(tar), media_types.OCI_LAYER_GZIP) for tar in image.layers],
        **({"annotations": dict(image.annotations)} if image.annotations else {}),
    }
    return layout.add(as_json(manifest), media_types.OCI_MANIFEST, platform=dict(image.platform))


def add_docker_image(layout: Layout, image: Image) -> JsonObject:
    """Adds an image in Docker's schema 2 and gives its manifest's descriptor."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_types.DOCKER_MANIFEST,
        "config": layout.add(as_json(config_of(image)), media_types.DOCKER_CONFIG),
        "layers": [layout.add(gzipped(tar), media_types.DOCKER_LAYER_GZIP) for tar in image.layers],
    }
    return layout.add(as_json(manifest), media_types.DOCKER_MANIFEST)


def add_index(layout: Layout, children: Sequence[JsonObject], **more: Any) -> JsonObject:
    """Adds an index of these descriptors and gives its own."""
    index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": list(children), **more}
    return layout.add(as_json(index), media_types.OCI_INDEX)
