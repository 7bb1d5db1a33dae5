"""Any sequence of crawls leaves what a plain model of the rules says."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_assets.warehouse import Warehouse
from registry_assets_tests.warehouse.crawls import Seen, at, crawl, digest, image, rows

CONTENTS = ("one", "two", "three")
REPOSITORIES = ("app", "team/web", "x")
TAGS = ("latest", "v1", "v2")


@dataclass
class Listing:
    """What the registry shows of a repository in one crawl: `other` means that no selector takes it."""

    ended: str
    tags: dict[str, str | None]


@dataclass
class Poll:
    repositories: dict[str, Listing]
    complete: bool


listings = st.builds(
    Listing,
    st.sampled_from(["complete", "complete", "stopped", "failed", "skipped", "other"]),
    st.dictionaries(st.sampled_from(TAGS), st.one_of(st.none(), st.sampled_from(CONTENTS))),
)
# Never an empty catalog: that one is held, and has tests of its own.
polls = st.builds(
    Poll, st.dictionaries(st.sampled_from(REPOSITORIES), listings, min_size=1), st.sampled_from([True, True, False])
)


@dataclass
class Interval:
    content: str
    valid_from: datetime
    start: str
    valid_to: datetime | None = None
    end: str | None = None


@dataclass
class Model:
    """The tables as dictionaries, and the rules as loops."""

    repositories: set[str] = field(default_factory=set)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    history: dict[tuple[str, str], list[Interval]] = field(default_factory=dict)
    seen_before: datetime | None = None

    def take(self, poll: Poll, now: datetime) -> None:
        listed = {name: found for name, found in poll.repositories.items() if found.ended != "other"}
        if poll.complete:
            for name in self.repositories - set(listed):
                self._drop(name, now, deselected=name in poll.repositories)
        self.repositories |= set(listed)
        for name, found in listed.items():
            if found.ended in ("complete", "stopped"):
                self._prune(name, found, now)
            for tag, content in found.tags.items():
                if content:
                    self._point((name, tag), content, now)
        if poll.complete:
            self.seen_before = now

    def _drop(self, name: str, now: datetime, *, deselected: bool) -> None:
        self.repositories.discard(name)
        for key in [key for key in self.tags if key[0] == name]:
            self._end(key, "deselected" if deselected else "removed", self.seen_before if deselected else now)

    def _prune(self, name: str, found: Listing, now: datetime) -> None:
        for key in [key for key in self.tags if key[0] == name and not found.tags.get(key[1])]:
            if key[1] in found.tags:
                self._end(key, "deselected", now)
            elif found.ended == "complete":
                self._end(key, "removed", now)
            else:
                self._end(key, "deselected", self.seen_before)

    def _end(self, key: tuple[str, str], reason: str, when: datetime | None) -> None:
        del self.tags[key]
        last = self.history[key][-1]
        last.end, last.valid_to = reason, max(last.valid_from, when or last.valid_from)

    def _point(self, key: tuple[str, str], content: str, now: datetime) -> None:
        past = self.history.setdefault(key, [])
        if self.tags.get(key) == content:
            return
        if key in self.tags:
            past[-1].end, past[-1].valid_to = "moved", now
        reasons = {None: "added", "moved": "moved", "removed": "reappeared", "deselected": "reselected"}
        past.append(Interval(content, now, reasons[past[-1].end if past else None]))
        self.tags[key] = content


def seen(poll: Poll) -> Seen:
    listed = {name: found for name, found in poll.repositories.items() if found.ended != "other"}
    return Seen(
        {name: found.tags for name, found in listed.items()},
        [record for content in CONTENTS for record in image(content)],
        {name: found.ended for name, found in listed.items()},
        [name for name, found in poll.repositories.items() if found.ended == "other"],
        complete=poll.complete,
        repositories_complete=poll.complete,
    )


def agree(warehouse: Warehouse, model: Model, now: datetime) -> None:
    assert {name for (name,) in rows(warehouse, "SELECT repository FROM repositories")} == model.repositories
    found = rows(warehouse, "SELECT repository, tag, digest FROM tags")
    assert {(name, tag): sha for name, tag, sha in found} == {key: digest(c) for key, c in model.tags.items()}
    sql = "SELECT repository, tag, digest, valid_from, start_reason, valid_to, end_reason FROM tag_history"
    expected = {
        (*key, digest(i.content), i.valid_from, i.start, i.valid_to, i.end)
        for key, past in model.history.items()
        for i in past
    }
    assert set(rows(warehouse, sql)) == expected
    held = rows(warehouse, "SELECT repository, digest FROM manifests WHERE unreferenced_since IS NULL")
    assert sorted(held) == sorted({(key[0], digest(content)) for key, content in model.tags.items()})
    sql = "SELECT repository, digest FROM manifests GROUP BY ALL HAVING count(*) > 1"
    assert rows(warehouse, sql) == []
    assert rows(warehouse, "SELECT count(*) FROM layers") == [
        (2 * rows(warehouse, "SELECT count(*) FROM manifests")[0][0],)
    ]
    for past in model.history.values():
        assert all(before.valid_to and before.valid_to <= after.valid_from for before, after in pairwise(past))
        assert all(interval.valid_from <= now for interval in past)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(polls, min_size=1, max_size=5))
def test_any_sequence_of_crawls_leaves_what_the_model_says(sequence: list[Poll]) -> None:
    with TemporaryDirectory() as directory:
        warehouse, model = Warehouse(Path(directory)), Model()
        for hour, poll in enumerate(sequence):
            applied = crawl(warehouse, seen(poll), hour)
            before = repr(model.tags), repr(model.repositories)
            model.take(poll, at(hour))
            assert applied.guard is None
            assert applied.changed or before == (repr(model.tags), repr(model.repositories))
            agree(warehouse, model, at(hour))
