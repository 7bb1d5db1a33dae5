"""One crawl of one registry: the next page, the next repository and the next manifest overlap.

Every failure ends here: recorded as a problem, or raised where nothing of the registry could be read.
"""

import time
from collections.abc import Callable, Sequence

from registry_assets.crawl.documents import repository_record, unreadable_record
from registry_assets.crawl.manifests import PERMANENT, ManifestReader
from registry_assets.crawl.progress import Ledger, Progress
from registry_assets.crawl.workers import Workers
from registry_assets.errors import (
    BudgetSpent,
    CredentialsRejected,
    MalformedDocument,
    NothingThere,
    RateLimited,
    RegistryAssetsError,
    RegistryError,
    advice_for,
)
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection, TagName
from registry_assets.records import (
    OtherRepositoryRecord,
    ProblemRecord,
    Record,
    RegistryRecord,
    TagRecord,
)
from registry_assets.registry.listing import ListedRepository, ListedTag, Registry
from registry_assets.warehouse import Known

EXPECTED = (RegistryError, MalformedDocument)


class Crawl:
    """Reads `registry` up to the stage `until` and gives every record to `emit`."""

    def __init__(
        self,
        provider: Provider,
        registry: Registry,
        known: Known,
        emit: Callable[[Record], None],
        *,
        until: str = "manifests",
        full: bool = False,
    ) -> None:
        self._provider, self._registry, self._known, self._emit = provider, registry, known, emit
        self._full = full
        self._selection = Selection.of(provider)
        self._manifests = ManifestReader(registry, known, full=full)
        self._workers = Workers(registry.concurrency)
        self._repositories: set[str] = set()
        self._halted: RegistryError | None = None
        self._spent: BudgetSpent | None = None
        self._refused: CredentialsRejected | None = None
        self._answered = False
        self._begun = time.monotonic()
        self.ledger = Ledger(until, registry.traffic)
        self.problems: list[ProblemRecord] = []

    @property
    def progress(self) -> Progress:
        seen = {name: self.ledger[name].seen for name in self.ledger.names}
        return Progress(
            self._provider.name,
            len(self._repositories),
            seen.get("tags", 0),
            len(self._manifests.reached),
            self._registry.traffic.requests,
            len(self.problems),
            time.monotonic() - self._begun,
        )

    @property
    def failure(self) -> RegistryError | None:
        """Why this crawl was in vain: no repository answered, because the credentials were refused."""
        return None if self._answered else self._refused

    async def run(self) -> None:
        """Read everything. Raises the `RegistryError` that kept the registry from being listed at all."""
        with self.ledger.working_on("registries") as stage:
            description = await self._registry.describe()
            self._emit(RegistryRecord(description.name, description.url, description.public))
            stage.seen = 1
        if self.ledger.covers("repositories"):
            await self._workers.run(self._list_repositories)
        if self.ledger.covers("manifests"):
            for digest in self._manifests.unreadable:
                self._emit(unreadable_record(digest))
            self.ledger["manifests"].seen = len(self._manifests.reached)

    def abandon(self, error: RegistryError) -> None:
        """Every stage counts as incomplete: the registry could not be read at all."""
        for name in self.ledger.names:
            self.ledger.incomplete(name)
        if not self.problems:
            self._report("registries", "", "", error)

    async def _list_repositories(self) -> None:
        with self.ledger.working_on("repositories") as stage:
            try:
                async for page in self._registry.list_repositories(self._selection):
                    stage.seen += len(page)
                    for listed in page:
                        await self._take_repository(listed)
            except EXPECTED as error:
                self._report("repositories", "", "", error)
                if not stage.seen:
                    raise
            self._report_skipped_names()
        if self.ledger.covers("manifests"):
            for repository, digest in self._known.missing:
                self._want_manifest(repository, digest, 0)

    async def _take_repository(self, listed: ListedRepository) -> None:
        if listed.repository in self._repositories:
            return
        if not self._selection.wants(listed.repository):
            self._emit(OtherRepositoryRecord(listed.repository))
            return
        self._repositories.add(listed.repository)
        if self.ledger.covers("tags"):
            await self._workers.add_when_room(self._list_tags, listed)
        else:
            self._emit(repository_record(listed, "skipped"))

    def _report_skipped_names(self) -> None:
        for name in self._registry.skipped:
            message = f"the registry lists a repository whose name breaks the specification: {name[:200]!r}"
            self._report("repositories", "", name[:200], MalformedDocument(message))

    async def _list_tags(self, listed: ListedRepository) -> None:
        with self.ledger.working_on("tags") as stage:
            tags: dict[str, ListedTag] = {}
            try:
                ended = await self._read_tags(listed.repository, tags)
                self._answered = True
            except EXPECTED as error:
                self._answered = self._answered or isinstance(error, NothingThere)
                ended = self._tags_failed(listed, error)
            stage.seen += len(tags)
            if ended != "absent":
                self._choose_tags(listed, list(tags.values()), ended)

    async def _read_tags(self, repository: str, tags: dict[str, ListedTag]) -> str:
        self._stop_if_halted()
        async for page in self._registry.list_tags(repository):
            tags.update((tag.tag, tag) for tag in page)
            if self._registry.tags_newest_first and self._selection.enough_tags(repository, list(tags)):
                return "stopped"
        return "complete"

    def _tags_failed(self, listed: ListedRepository, error: RegistryAssetsError) -> str:
        if isinstance(error, NothingThere) and listed.confirmed:
            return "complete"
        self._report("tags", listed.repository, "", error, incomplete=not isinstance(error, NothingThere))
        if isinstance(error, CredentialsRejected):
            self._refused = error
        if listed.confirmed:
            return "failed"
        if not isinstance(error, NothingThere):
            self.ledger.incomplete("repositories")
        return "absent"

    def _choose_tags(self, listed: ListedRepository, tags: Sequence[ListedTag], ended: str) -> None:
        names = [TagName(tag.tag, tag.pushed_at) for tag in tags]
        choice = self._selection.choose_tags(listed.repository, names, self._provider.config.tag_order)
        read = ended != "failed"
        self._emit(
            repository_record(
                listed,
                ended,
                tags_total=choice.total if ended == "complete" else None,
                tags_selected=len(choice.selected) if read else None,
                tags_truncated=(choice.truncated or ended == "stopped") if read else None,
                tag_order=choice.order if read else None,
            )
        )
        selected = set(choice.selected)
        for tag in tags:
            if tag.tag not in selected:
                self._emit(TagRecord(listed.repository, tag.tag, selected=False))
            elif tag.digest and not self._full:
                self._take_tag(listed.repository, tag, tag.digest, tag.media_type)
            else:
                self._workers.add(self._resolve_tag, listed.repository, tag)

    async def _resolve_tag(self, repository: str, tag: ListedTag) -> None:
        with self.ledger.working_on("tags"):
            digest, media_type = tag.digest, tag.media_type
            try:
                self._stop_if_halted()
                digest, media_type = await self._registry.fetch_digest(repository, tag.tag)
            except EXPECTED as error:
                self._report("tags", repository, tag.tag, error)
            self._take_tag(repository, tag, digest, media_type or tag.media_type)

    def _take_tag(self, repository: str, tag: ListedTag, digest: str | None, media_type: str | None) -> None:
        self._emit(
            TagRecord(
                repository=repository,
                tag=tag.tag,
                selected=True,
                digest=digest,
                media_type=media_type,
                pushed_at=tag.pushed_at,
                last_pulled_at=tag.last_pulled_at,
                listed_size=tag.size,
                listed_platforms=tag.platforms,
            )
        )
        if digest and self.ledger.covers("manifests"):
            self._want_manifest(repository, digest, 0)

    def _want_manifest(self, repository: str, digest: str, depth: int) -> None:
        if self._manifests.claim(repository, digest, depth):
            self._workers.add(self._read_manifest, repository, digest, depth)

    async def _read_manifest(self, repository: str, digest: str, depth: int) -> None:
        with self.ledger.working_on("manifests"):
            try:
                self._stop_if_halted()
                if self._spent:
                    raise self._spent
                read = await self._manifests.read(repository, digest, depth)
                records = [*read.records, *await self._read_config(repository, digest, read.config)]
            except EXPECTED as error:
                self._manifest_failed(repository, digest, error)
                return
            self._manifests.settle(digest)
            self._manifests.unreadable.discard(digest)
            for record in records:
                self._emit(record)
            for child in read.children:
                self._want_manifest(repository, child, depth + 1)

    async def _read_config(self, repository: str, digest: str, config: str | None) -> list[Record]:
        """An image whose config is damaged for good is still an image: its own rows stand."""
        try:
            record = await self._manifests.read_config(repository, config) if config else None
        except PERMANENT as error:
            self._report("manifests", repository, digest, error)
            return []
        return [record] if record else []

    def _manifest_failed(self, repository: str, digest: str, error: RegistryAssetsError) -> None:
        self._report("manifests", repository, digest, error)
        if isinstance(error, PERMANENT):
            self._manifests.unreadable.add(digest)
        if isinstance(error, MalformedDocument):
            self._manifests.settle(digest)
        elif holder := self._manifests.release(digest):
            # One repository's copy may be gone or damaged where another's is well.
            self._workers.add(self._read_manifest, holder[0], digest, holder[1])

    def _stop_if_halted(self) -> None:
        """A registry that wants to be left alone is: what was not read yet counts as failed, unasked."""
        if self._halted:
            raise self._halted

    def _report(
        self, stage: str, repository: str, reference: str, error: RegistryAssetsError, *, incomplete: bool = True
    ) -> None:
        if incomplete:
            self.ledger.incomplete(stage)
        if not self._is_news(error):
            return
        record = ProblemRecord(
            stage=stage,
            repository=repository,
            reference=reference,
            status_code=getattr(error, "status", None),
            error=type(error).__name__,
            message=str(error),
            advice=advice_for(error),
        )
        self.problems.append(record)
        self._emit(record)

    def _is_news(self, error: RegistryAssetsError) -> bool:
        """Whether this was not said before. A spent budget ends the reading of content, a limit everything."""
        if isinstance(error, BudgetSpent):
            news, self._spent = self._spent is None, self._spent or error
        elif isinstance(error, RateLimited):
            news, self._halted = self._halted is None, self._halted or error
        else:
            news = True
        return news
