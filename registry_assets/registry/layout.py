"""OCI image layouts in a directory, https://github.com/opencontainers/image-spec/blob/main/image-layout.md.

Every layout at or below `api_url` is a repository. What a file may be is what an answer may be: the same limits,
the same verification, the same errors.
"""

import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from registry_assets.errors import (
    BrokenAnswer,
    ConfigurationError,
    DidNotAnswer,
    DigestMismatch,
    MalformedDocument,
    NotAllowed,
    NothingThere,
    Problem,
    TooLarge,
    Untrusted,
)
from registry_assets.oci.digest import is_digest, matches, sha256_digest
from registry_assets.oci.document import parse_object
from registry_assets.oci.manifest import manifest_matches
from registry_assets.oci.reference import Reference, is_repository_name, is_tag
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection
from registry_assets.registry.answers import one_line
from registry_assets.registry.distribution import BLOB_LIMIT, MANIFEST_LIMIT
from registry_assets.registry.listing import (
    FetchedManifest,
    ListedRepository,
    ListedTag,
    RegistryDescription,
    Traffic,
)

MARKER = "oci-layout"
REF_NAME = "org.opencontainers.image.ref.name"
INDEX_LIMIT = 32 * 1024 * 1024
PAGE = 1000


class Layout:
    """A directory of OCI image layouts as a registry."""

    tags_newest_first = False

    def __init__(self, provider: Provider, _environment: Mapping[str, str]) -> None:
        self.provider = provider
        self.root = find_directory(provider)
        self.concurrency = provider.config.concurrency or 4
        self.traffic = Traffic()
        self.skipped: list[str] = []

    async def close(self) -> None:
        """Nothing is held open."""

    async def describe(self) -> RegistryDescription:
        """The directory's own row; who may read it is the file system's business."""
        return RegistryDescription(self.provider.name, self.provider.config.api_url)

    async def list_repositories(self, _selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """Every layout, by its path below the root; folders whose path is no repository name go to `skipped`."""
        page: list[ListedRepository] = []
        for directory in find_layouts(self.root):
            name = self._name(directory)
            if is_repository_name(name):
                page.append(ListedRepository(name))
            else:
                self.skipped.append(name)
            if len(page) == PAGE:
                yield page
                page = []
        yield page

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """The named entries of the layout's index.json, digest and media type with them; the first of a name counts."""
        tags, nameless = self._read_tags(repository)
        yield list(tags.values())
        if nameless:
            shown = one_line(nameless[0])[:100]
            raise BrokenAnswer(f"{len(nameless)} names in {repository}'s index.json are no tags, such as {shown!r}")

    async def fetch_digest(self, repository: str, tag: str) -> tuple[str, str | None]:
        """The digest and media type that index.json gives `tag` now."""
        found = self._read_tags(repository)[0].get(tag)
        if found is None or found.digest is None:
            raise NothingThere(f"no tag {one_line(tag)} in {repository}'s index.json", url=str(self.root))
        return found.digest, found.media_type

    async def fetch_manifest(self, repository: str, digest: str) -> FetchedManifest:
        """The manifest of that digest, verified. `DigestMismatch` where the content is another."""
        body = self._read_blob(repository, digest, MANIFEST_LIMIT)
        if not manifest_matches(digest, body):
            raise self._mismatch(body, digest)
        return FetchedManifest(digest, None, body)

    async def fetch_blob(self, repository: str, digest: str) -> bytes:
        """A config blob, verified; `TooLarge` beyond 8 MiB."""
        body = self._read_blob(repository, digest, BLOB_LIMIT)
        if not matches(digest, body):
            raise self._mismatch(body, digest)
        return body

    def _name(self, directory: Path) -> str:
        relative = directory.relative_to(self.root).as_posix()
        return self.root.name if relative == "." else relative

    def _directory(self, repository: str) -> Path:
        """The layout's folder. A name that could lead elsewhere is no repository's."""
        if is_repository_name(repository):
            if (self.root / repository / MARKER).is_file():
                return self.root / repository
            if repository == self.root.name and (self.root / MARKER).is_file():
                return self.root
        raise NothingThere(f"no image layout {one_line(repository)!r}", url=str(self.root), code="NAME_UNKNOWN")

    def _read_tags(self, repository: str) -> tuple[dict[str, ListedTag], list[str]]:
        file = self._directory(repository) / "index.json"
        try:
            index = parse_object(self._read(file, INDEX_LIMIT), "index")
        except (NothingThere, MalformedDocument) as error:
            # Not "nothing there": that would say that the repository is empty.
            raise BrokenAnswer(f"the layout's index.json cannot be read: {error}", url=str(file)) from error
        entries = index.get("manifests")
        if not isinstance(entries, list):
            raise BrokenAnswer("the layout's index.json holds no list of manifests", url=str(file))
        return read_entries(entries)

    def _read_blob(self, repository: str, digest: str, limit: int) -> bytes:
        algorithm, _, encoded = digest.partition(":")
        if not is_digest(digest):
            raise BrokenAnswer(f"not a digest: {one_line(digest)!r}")
        return self._read(self._directory(repository) / "blobs" / algorithm / encoded, limit)

    def _read(self, file: Path, limit: int) -> bytes:
        """A regular file inside the root, no larger than the limit."""
        try:
            real = file.resolve(strict=True)
            if not real.is_relative_to(self.root):
                raise Untrusted(f"{file} leads out of {self.root}", advice="Copy the file in place of the link.")
            body = read_regular(real, limit)
        except FileNotFoundError as error:
            raise NothingThere("no such file in the layout", url=str(file)) from error
        except PermissionError as error:
            raise NotAllowed("the file may not be read", url=str(file), advice="Let this user read it.") from error
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DidNotAnswer(f"the file cannot be read: {reason}", url=str(file)) from error
        self.traffic.count_bytes(len(body))
        return body

    def _mismatch(self, body: bytes, digest: str) -> DigestMismatch:
        return DigestMismatch(f"asked for {digest}, but the content is {sha256_digest(body)}", url=str(self.root))


def find_directory(provider: Provider) -> Path:
    """The directory that `api_url` names: relative to the providers file's folder, else to the working directory."""
    text = provider.config.api_url
    given = Path(unquote(urlsplit(text).path) if text.startswith("file://") else text).expanduser()
    for candidate in (provider.folder / given, given):
        if candidate.is_dir():
            return candidate.resolve()
    raise ConfigurationError(
        [Problem("config.api_url", f"{text} is no directory; oci-layout takes one that holds OCI image layouts")],
        f"provider {provider.name}",
    )


def find_layouts(root: Path) -> Iterator[Path]:
    """Every directory from `root` down that is an image layout, in the order of their names; no link is followed."""

    def refuse(error: OSError) -> None:
        raise NotAllowed(f"a directory may not be read: {error.filename}", advice="Let this user read it.") from error

    for folder, folders, files in os.walk(root, onerror=refuse):
        folders.sort()
        if MARKER in files:
            folders[:] = [name for name in folders if name != "blobs"]
            yield Path(folder)


def read_entries(entries: Sequence[Any]) -> tuple[dict[str, ListedTag], list[str]]:
    """The tags of an index.json's entries, and the names in it that are no tags. `BrokenAnswer` without a digest."""
    tags: dict[str, ListedTag] = {}
    nameless: list[str] = []
    for entry in entries:
        annotations = entry.get("annotations") if isinstance(entry, dict) else None
        name = annotations.get(REF_NAME) if isinstance(annotations, dict) else None
        if not isinstance(name, str) or not name:
            continue
        digest, media_type = entry.get("digest"), entry.get("mediaType")
        if not isinstance(digest, str) or not is_digest(digest):
            raise BrokenAnswer(f"the entry {one_line(name)!r} of index.json has no digest")
        tag = tag_of(name)
        if tag is None:
            nameless.append(name)
        else:
            tags.setdefault(tag, ListedTag(tag, digest, media_type if isinstance(media_type, str) else None))
    return tags, nameless


def tag_of(name: str) -> str | None:
    """The tag in a reference name: all of it, or what a full reference such as `docker.io/library/x:1` ends with."""
    if is_tag(name):
        return name
    try:
        return Reference.parse(name).tag
    except MalformedDocument:
        return None


def read_regular(file: Path, limit: int) -> bytes:
    """The bytes of a regular file. `TooLarge` beyond the limit; anything that could block is refused."""
    with open(file, "rb", opener=_open_at_once) as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise BrokenAnswer("not a regular file", url=str(file))
        body = opened.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"the file is larger than {limit} bytes", url=str(file))
    return body


def _open_at_once(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_NONBLOCK)
