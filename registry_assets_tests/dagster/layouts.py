"""Small OCI image layouts, written as the image layout specification says.

https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def write_layout(folder: Path, tags: Mapping[str, str], labels: Mapping[str, str] | None = None) -> None:
    """A repository at `folder` whose tags point at images with the given content."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    entries = [
        write_image(folder, content, labels or {}) | {"annotations": {"org.opencontainers.image.ref.name": tag}}
        for tag, content in tags.items()
    ]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}
    (folder / "index.json").write_text(json.dumps(index))


def write_image(folder: Path, content: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The descriptor of an image of one layer."""
    layer = write_blob(folder, content.encode(), LAYER)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2024-05-01T12:00:00Z",
        "config": {"Labels": dict(labels)},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": write_blob(folder, json.dumps(config).encode(), CONFIG),
        "layers": [layer],
    }
    return write_blob(folder, json.dumps(manifest).encode(), MANIFEST)


def write_blob(folder: Path, body: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(body).hexdigest()
    blob = folder / "blobs" / "sha256" / digest
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(body)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(body)}
