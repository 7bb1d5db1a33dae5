"""How far a crawl has come, counted stage by stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from registry_assets.records import StageRecord
from registry_assets.registry.listing import Traffic

STAGES = ("registries", "repositories", "tags", "manifests")


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a crawl: what was seen of each kind so far, what it cost, how many problems it met."""

    provider: str
    repositories: int
    tags: int
    manifests: int
    requests: int
    problems: int
    seconds: float


@dataclass(slots=True)
class Stage:
    """One stage's running account."""

    name: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    complete: bool = True
    seen: int = 0


class Ledger:
    """The stages of one crawl up to `until`, with the traffic that each of them caused."""

    def __init__(self, until: str, traffic: Traffic) -> None:
        self.names = STAGES[: STAGES.index(until) + 1]
        self.traffic = traffic
        self._stages = {name: Stage(name) for name in self.names}

    def __getitem__(self, name: str) -> Stage:
        return self._stages[name]

    def covers(self, name: str) -> bool:
        return name in self._stages

    def incomplete(self, name: str) -> None:
        self._stages[name].complete = False

    @contextmanager
    def working_on(self, name: str) -> Iterator[Stage]:
        """The stage `name`; what this task asks of the registry meanwhile is booked on it."""
        stage = self._stages[name]
        with self.traffic.booked_on(name):
            yield stage
        stage.finished_at = datetime.now(UTC)

    def records(self) -> tuple[StageRecord, ...]:
        return tuple(self._record(stage) for stage in self._stages.values())

    def _record(self, stage: Stage) -> StageRecord:
        requests, received = self.traffic.of(stage.name)
        finished = stage.finished_at or datetime.now(UTC)
        return StageRecord(stage.name, stage.started_at, finished, stage.complete, requests, received, stage.seen)
