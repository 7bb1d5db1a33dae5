"""One crawl from the configuration to the warehouse."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from registry_assets.crawl import event_loop
from registry_assets.crawl.pipeline import Crawl
from registry_assets.crawl.progress import Progress
from registry_assets.errors import RegistryError
from registry_assets.providers.models import Provider
from registry_assets.providers.variables import resolve
from registry_assets.records import CrawlRecord, ProblemRecord
from registry_assets.registry import open_registry
from registry_assets.warehouse import Applied, Known, Spool, Warehouse

TICK_SECONDS = 0.25

Listener = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Crawled:
    """What a crawl read, what that changed in the warehouse, what it could not read, what the registry still allows."""

    crawl: CrawlRecord
    applied: Applied
    problems: tuple[ProblemRecord, ...]
    allowances: Mapping[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return all(stage.complete for stage in self.crawl.stages)


def crawl_provider(
    provider: Provider,
    warehouse: Warehouse,
    *,
    run_id: str,
    until: str = "manifests",
    full: bool = False,
    accept_removals: bool = False,
    progress: Listener | None = None,
) -> Crawled:
    """Crawls `provider` up to the stage `until` and commits what was read.

    Raises what kept the registry from being read at all (credentials, address, configuration), after committing
    the attempt. A repository that cannot be read raises nothing: it is one of `Crawled.problems`.
    """
    resolved = resolve(provider)
    warehouse.check_identity(provider.name, resolved.config.api_url)
    known = warehouse.known(provider.name)
    spool = warehouse.new_spool(run_id, provider.name)
    try:
        crawl, failure = event_loop.run(_read(resolved, known, spool, until=until, full=full, progress=progress))
        record = CrawlRecord(
            run_id=run_id,
            provider=provider.name,
            registry_type=resolved.config.registry_type,
            api_url=resolved.config.api_url,
            entity_namespace=resolved.config.namespace,
            every=provider.every,
            full=full or known.counts_due,
            accept_removals=accept_removals,
            repositories_complete=crawl.ledger.covers("repositories") and crawl.ledger["repositories"].complete,
            stages=crawl.ledger.records(),
        )
        spool.finish(record)
        applied = warehouse.apply(spool)
    finally:
        spool.discard()
    if failure:
        raise failure
    return Crawled(record, applied, tuple(crawl.problems), dict(crawl.ledger.traffic.allowances))


async def _read(
    provider: Provider, known: Known, spool: Spool, *, until: str, full: bool, progress: Listener | None
) -> tuple[Crawl, RegistryError | None]:
    registry = open_registry(provider)
    try:
        crawl = Crawl(provider, registry, known, spool.add, until=until, full=full)
        ticker = asyncio.create_task(_tick(crawl, progress)) if progress else None
        try:
            failure = await _outcome(crawl)
        finally:
            if ticker:
                await _stop(ticker)
        if progress:
            progress(crawl.progress)
        return crawl, failure
    finally:
        await registry.close()


async def _outcome(crawl: Crawl) -> RegistryError | None:
    try:
        await crawl.run()
    except RegistryError as error:
        crawl.abandon(error)
        return error
    return crawl.failure


async def _tick(crawl: Crawl, progress: Listener) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        progress(crawl.progress)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
