"""What a registry tells, and the one protocol that every registry type answers to.

A crawl sees registries only through `Registry`. Listings are asynchronous iterators of pages: one that ends
normally was complete; one that raises was not, and what it gave before stands.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry_assets.providers.selection import Selection

_stage: ContextVar[str] = ContextVar("stage", default="")


@dataclass(frozen=True, slots=True)
class RegistryDescription:
    """The registry itself: its display name, its URL as users see it, and whether anonymous users may read it."""

    name: str
    url: str
    public: bool | None = None


@dataclass(frozen=True, slots=True)
class ListedRepository:
    """A repository as listed. `confirmed` is false where only the configuration says that it exists."""

    repository: str
    confirmed: bool = True
    description: str | None = None
    official: bool | None = None
    star_count: int | None = None
    pull_count: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedTag:
    """A tag as listed, with what comes for free. `size` in bytes, `platforms` as `os/architecture[/variant]`."""

    tag: str
    digest: str | None = None
    media_type: str | None = None
    pushed_at: datetime | None = None
    last_pulled_at: datetime | None = None
    size: int | None = None
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchedManifest:
    """A manifest's bytes as served; `digest` is the sha256 (or the asked algorithm) of exactly these bytes."""

    digest: str
    media_type: str | None
    body: bytes


class Traffic:
    """What a crawl has cost so far: requests sent (retries and token requests included), body bytes received.

    Stages of a crawl overlap, so each request is booked on the stage that the asking task works on. `allowances` is
    what the registry says may still be had of it (`pulls_remaining`, …), where it says so.
    """

    def __init__(self) -> None:
        self.allowances: dict[str, int] = {}
        self._requests: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    @property
    def requests(self) -> int:
        return self._requests.total()

    @property
    def bytes_received(self) -> int:
        return self._bytes.total()

    def count_request(self) -> None:
        self._requests[_stage.get()] += 1

    def count_bytes(self, received: int) -> None:
        self._bytes[_stage.get()] += received

    def of(self, stage: str) -> tuple[int, int]:
        """The requests and the bytes booked on `stage`."""
        return self._requests[stage], self._bytes[stage]

    @contextmanager
    def booked_on(self, stage: str) -> Iterator[None]:
        """Book what this task asks meanwhile on `stage`."""
        before = _stage.set(stage)
        try:
            yield
        finally:
            _stage.reset(before)


class Registry(Protocol):
    """One provider's registry while a crawl has it open.

    Every method raises `RegistryError`s only. `tags_newest_first` says that tag pages come sorted by push time,
    newest first, so that a crawl may stop reading early. `concurrency` is how many workers may ask at once.
    `skipped` holds the listed repository names that break the specification and were left out.
    """

    traffic: Traffic
    tags_newest_first: bool
    concurrency: int
    skipped: list[str]

    async def describe(self) -> RegistryDescription:
        """The registry's own row."""
        ...

    def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """Pages of at least every repository that `selection` can match; the crawl filters again."""
        ...

    def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """Pages of all tags, in the registry's order. `NothingThere` where the repository is unknown."""
        ...

    async def fetch_digest(self, repository: str, tag: str) -> tuple[str, str | None]:
        """The digest and media type that `tag` has now: one HEAD, or a GET where HEAD does not tell."""
        ...

    async def fetch_manifest(self, repository: str, digest: str) -> FetchedManifest:
        """The manifest of that digest, verified. `DigestMismatch` where the content is another."""
        ...

    async def fetch_blob(self, repository: str, digest: str) -> bytes:
        """A config blob, verified; `TooLarge` beyond 8 MiB."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
