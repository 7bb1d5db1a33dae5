"""What a crawl asks, hands over and reports, whatever the registry does."""

import asyncio
from collections import Counter
from typing import Any, TypeVar

import pytest

from registry_assets.crawl.pipeline import Crawl
from registry_assets.errors import (
    CredentialsRejected,
    DidNotAnswer,
    DigestMismatch,
    NotAllowed,
    NothingThere,
    RateLimited,
    RegistryError,
)
from registry_assets.providers.models import Provider
from registry_assets.records import (
    ChildRecord,
    ConfigRecord,
    ManifestRecord,
    OtherRepositoryRecord,
    ProblemRecord,
    Record,
    RepositoryRecord,
    TagRecord,
)
from registry_assets.warehouse import Known
from registry_assets_tests.crawl.memory import MemoryRegistry

R = TypeVar("R")
NOTHING_KNOWN = Known(
    manifests=frozenset(), unreadable=frozenset(), configs=frozenset(), missing=(), api_url=None, counts_due=False
)


def provider(**config: Any) -> Provider:
    settings = {"registry_type": "private", "api_url": "https://memory.test", **config}
    return Provider.model_validate({"name": "memory", "config": settings})


class Result:
    def __init__(self, crawl: Crawl, records: list[Record]) -> None:
        self.crawl, self.records = crawl, records

    def of(self, kind: type[R]) -> list[R]:
        return [record for record in self.records if isinstance(record, kind)]

    def complete(self, stage: str) -> bool:
        return self.crawl.ledger[stage].complete


def crawl(registry: MemoryRegistry, *, known: Known = NOTHING_KNOWN, config: Any = None, **options: Any) -> Result:
    records: list[Record] = []
    crawler = Crawl(provider(**(config or {})), registry, known, records.append, **options)
    asyncio.run(crawler.run())
    return Result(crawler, records)


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def test_every_page_of_repositories_and_tags_is_read(registry: MemoryRegistry) -> None:
    for repository in range(7):
        for tag in range(5):
            registry.push(f"team/r{repository}", f"t{tag}")
    result = crawl(registry)
    assert len(result.of(RepositoryRecord)) == 7
    assert len(result.of(TagRecord)) == 35
    assert all(result.complete(stage) for stage in result.crawl.ledger.names)


def test_a_digest_and_a_config_are_fetched_once(registry: MemoryRegistry) -> None:
    image = registry.image("one")
    for repository in ("a", "b", "c"):
        for tag in ("1", "2", "3"):
            registry.push(repository, tag, image)
    result = crawl(registry)
    asked = Counter(what[0] for what in registry.asked)
    assert (asked["manifest"], asked["blob"], asked["digest"]) == (1, 1, 9)
    assert len(result.of(ManifestRecord)) == 1


def test_a_listing_that_tells_digests_costs_no_request_per_tag(registry: MemoryRegistry) -> None:
    registry.digests_listed = True
    digest = registry.push("a", "1")
    config = next(iter(set(registry.blobs) - {digest}))
    known = Known(
        manifests=frozenset({digest}), unreadable=frozenset(), configs=frozenset({config}), missing=(), api_url=None,
        counts_due=False,
    )  # fmt: skip
    crawl(registry, known=known)
    assert {what[0] for what in registry.asked} == {"describe", "repositories", "tags"}


def test_a_full_crawl_asks_for_every_tag_again_and_for_what_was_unreadable(registry: MemoryRegistry) -> None:
    registry.digests_listed = True
    digest = registry.push("a", "1")
    known = Known(
        manifests=frozenset(), unreadable=frozenset({digest}), configs=frozenset(), missing=(), api_url=None,
        counts_due=False,
    )  # fmt: skip
    assert not crawl(registry, known=known).of(ManifestRecord)
    assert len(crawl(registry, known=known, full=True).of(ManifestRecord)) == 1
    assert ("digest", "a", "1") in registry.asked


def test_an_index_brings_its_children(registry: MemoryRegistry) -> None:
    amd, arm = registry.image(architecture="amd64"), registry.image(architecture="arm64")
    registry.push("a", "1", registry.index(amd, arm))
    result = crawl(registry)
    assert sorted(record.kind for record in result.of(ManifestRecord)) == ["image", "image", "index"]
    assert [child.child_digest for child in result.of(ChildRecord)] == [amd["digest"], arm["digest"]]


def test_a_child_that_an_earlier_crawl_missed_is_asked_for_again(registry: MemoryRegistry) -> None:
    child = registry.image("child")
    index = registry.push("a", "1", registry.index(child))
    known = Known(
        manifests=frozenset({index}), unreadable=frozenset(), configs=frozenset(),
        missing=(("a", str(child["digest"])),), api_url=None, counts_due=False,
    )  # fmt: skip
    assert [record.digest for record in crawl(registry, known=known).of(ManifestRecord)] == [child["digest"]]


def test_a_child_that_is_gone_is_unreadable_and_its_siblings_are_read(registry: MemoryRegistry) -> None:
    gone = {**registry.image("gone")}
    del registry.blobs[str(gone["digest"])]
    registry.push("a", "1", registry.index(gone, registry.image("there")))
    result = crawl(registry)
    assert sorted(record.kind for record in result.of(ManifestRecord)) == ["image", "index", "unreadable"]
    assert not result.complete("manifests")
    assert result.complete("tags")


def test_indexes_nested_beyond_reason_are_not_followed(registry: MemoryRegistry) -> None:
    nested = registry.image()
    for _ in range(30):
        nested = registry.index(nested)
    registry.push("a", "1", nested)
    result = crawl(registry)
    assert [problem.error for problem in result.of(ProblemRecord)] == ["TooLarge"]


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (DigestMismatch("other content"), ["unreadable"]),
        (NothingThere("gone", status=404), ["unreadable"]),
        (DidNotAnswer("timeout"), []),
        (NotAllowed("denied", status=403), []),
    ],
)
def test_only_what_no_waiting_mends_is_stored_as_unreadable(
    registry: MemoryRegistry, error: RegistryError, kinds: list[str]
) -> None:
    digest = registry.push("a", "1")
    registry.faults["manifest", "a", digest] = error
    result = crawl(registry)
    assert [record.kind for record in result.of(ManifestRecord)] == kinds
    assert [problem.reference for problem in result.of(ProblemRecord)] == [digest]


def test_an_image_whose_config_is_gone_is_still_an_image(registry: MemoryRegistry) -> None:
    digest = registry.push("a", "1")
    config = next(iter(set(registry.blobs) - {digest}))
    registry.faults["blob", "a", config] = NothingThere("BLOB_UNKNOWN", status=404)
    result = crawl(registry)
    assert [record.kind for record in result.of(ManifestRecord)] == ["image"]
    assert not result.of(ConfigRecord)
    assert not result.complete("manifests")


def test_one_unreadable_repository_stops_no_other(registry: MemoryRegistry) -> None:
    for repository in ("a", "b", "c"):
        registry.push(repository, "1")
    registry.faults["tags", "b", "0"] = DidNotAnswer("500", status=500)
    result = crawl(registry)
    assert {record.repository: record.tags_listing for record in result.of(RepositoryRecord)} == {
        "a": "complete",
        "b": "failed",
        "c": "complete",
    }
    assert not result.complete("tags")
    assert result.complete("repositories")


def test_a_listed_repository_that_is_unknown_is_empty(registry: MemoryRegistry) -> None:
    registry.push("a", "1")
    registry.faults["tags", "a", "0"] = NothingThere("NAME_UNKNOWN", status=404)
    result = crawl(registry)
    assert [(record.tags_listing, record.tags_total) for record in result.of(RepositoryRecord)] == [("complete", 0)]
    assert not result.of(ProblemRecord)


def test_a_named_repository_that_is_unknown_is_a_problem_and_no_row(registry: MemoryRegistry) -> None:
    registry.confirmed = False
    registry.push("a", "1")
    result = crawl(registry, config={"repositories": ["a", "b"]})
    assert [record.repository for record in result.of(RepositoryRecord)] == ["a"]
    assert [problem.repository for problem in result.of(ProblemRecord)] == ["b"]
    assert result.complete("repositories")


def test_a_listing_cut_in_the_middle_keeps_what_was_read(registry: MemoryRegistry) -> None:
    for number in range(6):
        registry.push(f"r{number}", "1")
    registry.faults["repositories", "4"] = DidNotAnswer("cursor lost", status=400)
    result = crawl(registry)
    assert len(result.of(RepositoryRecord)) == 4
    assert not result.complete("repositories")


def test_a_registry_that_cannot_be_listed_at_all_raises(registry: MemoryRegistry) -> None:
    registry.faults["repositories", "0"] = NotAllowed("denied", status=403)
    with pytest.raises(NotAllowed):
        crawl(registry)


def test_credentials_refused_everywhere_fail_the_crawl(registry: MemoryRegistry) -> None:
    for repository in ("a", "b"):
        registry.push(repository, "1")
        registry.faults["tags", repository, "0"] = CredentialsRejected("401", status=401)
    assert isinstance(crawl(registry).crawl.failure, CredentialsRejected)
    del registry.faults["tags", "b", "0"]
    assert crawl(registry).crawl.failure is None


def test_a_rate_limit_leaves_the_registry_alone_and_removes_nothing(registry: MemoryRegistry) -> None:
    for number in range(20):
        registry.push(f"r{number:02}", "1")
    for number in range(20):
        registry.faults["tags", f"r{number:02}", "0"] = RateLimited("come back later", status=429)
    result = crawl(registry)
    tag_requests = [what for what in registry.asked if what[0] == "tags"]
    assert len(tag_requests) <= registry.concurrency
    assert {record.tags_listing for record in result.of(RepositoryRecord)} == {"failed"}
    assert len(result.of(ProblemRecord)) <= registry.concurrency


def test_an_unresolved_tag_is_handed_over_without_a_digest(registry: MemoryRegistry) -> None:
    registry.push("a", "1")
    registry.faults["digest", "a", "1"] = DidNotAnswer("timeout")
    result = crawl(registry)
    assert [(tag.tag, tag.selected, tag.digest) for tag in result.of(TagRecord)] == [("1", True, None)]


def test_repositories_and_tags_that_no_selector_takes_are_named_only(registry: MemoryRegistry) -> None:
    for tag in ("1.0", "1.1", "1.2"):
        registry.push("team/app", tag)
    registry.push("other/app", "1")
    config = {"selectors": [{"namespace_pattern": "team", "max_tags": 2}]}
    result = crawl(registry, config=config)
    assert [record.repository for record in result.of(OtherRepositoryRecord)] == ["other/app"]
    assert {tag.tag: tag.selected for tag in result.of(TagRecord)} == {"1.2": True, "1.1": True, "1.0": False}
    assert [record.tags_truncated for record in result.of(RepositoryRecord)] == [True]


def test_a_newest_first_listing_is_read_no_further_than_it_must(registry: MemoryRegistry) -> None:
    registry.tags_newest_first = True
    for tag in range(20):
        registry.push("a", f"t{tag:02}")
    result = crawl(registry, config={"tag_order": "registry", "selectors": [{"max_tags": 3}]})
    assert len([what for what in registry.asked if what[0] == "tags"]) == 2
    assert [record.tags_listing for record in result.of(RepositoryRecord)] == ["stopped"]


@pytest.mark.parametrize(
    ("until", "last"), [("registries", "describe"), ("repositories", "repositories"), ("tags", "digest")]
)
def test_a_crawl_ends_after_the_stage_that_was_asked_for(registry: MemoryRegistry, until: str, last: str) -> None:
    registry.push("a", "1")
    result = crawl(registry, until=until)
    assert registry.asked[-1][0] == last
    assert result.crawl.ledger.names[-1] == until


def test_requests_are_booked_on_the_stage_that_caused_them(registry: MemoryRegistry) -> None:
    registry.push("a", "1")
    stages = {record.stage: record.requests for record in crawl(registry).crawl.ledger.records()}
    assert stages == {"registries": 1, "repositories": 1, "tags": 2, "manifests": 2}


def test_a_name_that_breaks_the_specification_is_reported(registry: MemoryRegistry) -> None:
    registry.push("a", "1")
    registry.skipped.append("../etc")
    result = crawl(registry)
    assert [problem.stage for problem in result.of(ProblemRecord)] == ["repositories"]
