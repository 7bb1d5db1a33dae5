"""What a crawl would take and cost, without reading a manifest or writing anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry_assets.crawl import event_loop
from registry_assets.errors import MalformedDocument, NothingThere, RegistryError
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection, TagName
from registry_assets.providers.variables import resolve
from registry_assets.registry import open_registry
from registry_assets.registry.listing import ListedRepository, ListedTag, Registry

# What an image costs when it is read for the first time: its manifest and its config.
REQUESTS_PER_IMAGE = 2


@dataclass(frozen=True, slots=True)
class TagPreview:
    """A listed tag, whether it would be taken, and by which rule."""

    tag: str
    taken: bool
    rule: str


@dataclass(frozen=True, slots=True)
class RepositoryPreview:
    """A listed repository, whether it would be taken, by which rule, its tags, or why those cannot be read."""

    repository: str
    taken: bool
    rule: str
    tags: tuple[TagPreview, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The repositories of a provider, and the requests of a poll and (at least) of a first crawl."""

    provider: str
    repositories: tuple[RepositoryPreview, ...]
    poll_requests: int
    first_requests: int


def preview_provider(provider: Provider) -> Preview:
    """Lists what the provider's registry has. Raises what keeps the registry from being listed at all."""
    return event_loop.run(_preview(resolve(provider)))


def ping_provider(provider: Provider) -> str:
    """One line that says that the registry answers and can be listed; raises the error that says why not."""
    return event_loop.run(_ping(resolve(provider)))


async def _ping(provider: Provider) -> str:
    registry = open_registry(provider)
    try:
        description = await registry.describe()
        selection = Selection.of(provider)
        async for page in registry.list_repositories(selection):
            wanted = sum(selection.wants(listed.repository) for listed in page)
            return f"{description.url} answers; {wanted} of the first {len(page)} repositories are selected"
        return f"{description.url} answers, and lists no repository"
    finally:
        await registry.close()


async def _preview(provider: Provider) -> Preview:
    registry = open_registry(provider)
    try:
        return await _Previewer(provider, registry).run()
    finally:
        await registry.close()


class _Previewer:
    def __init__(self, provider: Provider, registry: Registry) -> None:
        self._provider, self._registry = provider, registry
        self._selection = Selection.of(provider)
        self._heads = 0
        self._digests: set[str] = set()

    async def run(self) -> Preview:
        await self._registry.describe()
        listed = [item async for page in self._registry.list_repositories(self._selection) for item in page]
        repositories = [await self._repository(item) for item in listed]
        poll = self._registry.traffic.requests + self._heads
        first = poll + REQUESTS_PER_IMAGE * (len(self._digests) + self._heads)
        return Preview(self._provider.name, tuple(repositories), poll, first)

    async def _repository(self, listed: ListedRepository) -> RepositoryPreview:
        name = listed.repository
        rule = self._selection.explain(name)
        if not self._selection.wants(name):
            return RepositoryPreview(name, taken=False, rule=rule)
        try:
            tags = await self._list_tags(name)
        except (RegistryError, MalformedDocument) as error:
            gone = isinstance(error, NothingThere) and not listed.confirmed
            return RepositoryPreview(name, taken=not gone, rule=rule, problem=str(error))
        return RepositoryPreview(name, taken=True, rule=rule, tags=self._tags(name, tags))

    async def _list_tags(self, repository: str) -> list[ListedTag]:
        tags: list[ListedTag] = []
        async for page in self._registry.list_tags(repository):
            tags.extend(page)
            if self._registry.tags_newest_first and self._selection.enough_tags(repository, [tag.tag for tag in tags]):
                break
        return tags

    def _tags(self, repository: str, tags: Sequence[ListedTag]) -> tuple[TagPreview, ...]:
        choice = self._selection.choose_tags(repository, [TagName(tag.tag, tag.pushed_at) for tag in tags])
        taken = set(choice.selected)
        for tag in tags:
            if tag.tag in taken and tag.digest:
                self._digests.add(tag.digest)
            elif tag.tag in taken:
                self._heads += 1
        return tuple(
            TagPreview(tag.tag, tag.tag in taken, self._selection.explain_tag(repository, tag.tag)) for tag in tags
        )
