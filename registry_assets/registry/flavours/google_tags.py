"""The answer of `tags/list` as Google's registries extend it: `child` and `manifest`.

https://pkg.go.dev/github.com/google/go-containerregistry/pkg/v1/google#Tags
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from registry_assets.oci.digest import is_digest
from registry_assets.oci.media_types import without_parameters
from registry_assets.oci.reference import is_repository_name, is_tag
from registry_assets.registry.answers import Response
from registry_assets.registry.listing import ListedTag
from registry_assets.registry.pages import next_link


@dataclass(frozen=True, slots=True)
class Node:
    """What `tags/list` tells of one path: repositories below it, its tags, whether that is all, whether it is one."""

    children: tuple[str, ...]
    tags: tuple[ListedTag, ...]
    complete: bool
    is_repository: bool


def read_node(response: Response, name: str) -> Node:
    """One answer of `tags/list`. `BrokenAnswer` where it is none."""
    document = response.json()
    if not isinstance(document, dict) or not ({"tags", "child"} & document.keys()):
        raise response.broken("the answer holds no `tags`")
    names, children = (document.get(key) or [] for key in ("tags", "child"))
    manifests = document.get("manifest")
    if not isinstance(names, list) or not isinstance(children, list):
        raise response.broken("`tags` or `child` is no list of names")
    told = [tag for digest, entry in entries(manifests) for tag in manifest_tags(digest, entry)]
    complete = isinstance(manifests, dict) and next_link(response) is None
    known = {one.tag for one in told}
    # A tag that no manifest has is told by name alone: its digest is asked for.
    told += [ListedTag(str(tag)) for tag in names if complete and is_tag(str(tag)) and tag not in known]
    below = tuple(str(child) for child in children if is_repository_name(f"{name}/{child}"))
    return Node(below, tuple(told), complete, bool(names or manifests))


def entries(manifests: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for digest, entry in manifests.items() if isinstance(manifests, dict) else ():
        if is_digest(digest) and isinstance(entry, dict):
            yield digest, entry


def manifest_tags(digest: str, entry: dict[str, Any]) -> Iterator[ListedTag]:
    """The tags of one manifest. The time is that of the manifest's upload."""
    tags = entry.get("tag")
    for tag in tags if isinstance(tags, list) else ():
        if is_tag(str(tag)):
            yield ListedTag(
                tag=str(tag),
                digest=digest,
                media_type=without_parameters(entry.get("mediaType")) or None,
                pushed_at=moment(entry.get("timeUploadedMs")),
                size=whole_number(entry.get("imageSizeBytes")) or None,
            )


def whole_number(value: object) -> int | None:
    """A number that stands as such or as a string: Container Registry writes strings, Artifact Registry both."""
    text = str(value)
    return int(text) if not isinstance(value, bool) and re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else None


def moment(milliseconds: object) -> datetime | None:
    """The time of a Unix timestamp; 0 and -62135596800000 (the year 1) stand for none."""
    found = whole_number(milliseconds)
    return datetime.fromtimestamp(found / 1000, UTC) if found and 0 < found < 253_370_764_800_000 else None
