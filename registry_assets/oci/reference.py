"""Names of repositories, tags and references.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests for names and tags,
https://pkg.go.dev/github.com/distribution/reference for references.
"""

import re
from dataclasses import dataclass
from typing import Self

from registry_assets.errors import MalformedDocument
from registry_assets.oci.digest import is_digest

DOCKER_HUB = "docker.io"
_LONGEST_NAME = 255

_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_REFERRER_TAG = re.compile(r"sha(?:256|384|512)-[0-9a-f]{64,128}(?:[._-].*)?")


def is_repository_name(text: str) -> bool:
    """True for a valid repository name (lower case, components parted by `/`)."""
    return len(text) <= _LONGEST_NAME and _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """True for a valid tag."""
    return _TAG.fullmatch(text) is not None


def is_referrer_tag(tag: str) -> bool:
    """True for a tag that carries the referrers of a digest, or cosign's signature of one: `sha256-<hex>[.sig]`."""
    return _REFERRER_TAG.fullmatch(tag) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """What `host/repository:tag@digest` names; `str()` gives it back in full."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reference that people write: `debian:12` is `docker.io/library/debian:12`, as Docker reads it.

        Raises `MalformedDocument` for anything else.
        """
        rest, at, digest = text.partition("@")
        rest, tag = _split_tag(rest)
        host, repository = _split_host(rest)
        valid = (
            _HOST.fullmatch(host)
            and is_repository_name(repository)
            and (tag is None or is_tag(tag))
            and (not at or is_digest(digest))
        )
        if not valid:
            raise MalformedDocument(f"{text!r:.300} is no reference; one reads `host/repository:tag` or `…@sha256:…`")
        return cls(host, repository, tag, digest if at else None)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{self.host}/{self.repository}{tag}{digest}"


def _split_tag(text: str) -> tuple[str, str | None]:
    """A colon after the last `/` starts a tag; one before it belongs to the host's port."""
    name, colon, tag = text.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (text, None)


def _split_host(text: str) -> tuple[str, str]:
    """The first component is a host where it could be no repository's: with a dot, a colon, or `localhost`."""
    first, slash, rest = text.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        host, repository = first, rest
    else:
        host, repository = DOCKER_HUB, text
    if host in {DOCKER_HUB, "index.docker.io"}:
        return DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
    return host, repository
