"""A registry of which some repositories misbehave, and the tables that crawling it leaves.

`team/good` and `team/other` are pushed to meanwhile and must be told right, whatever the others do.
"""

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from registry_assets.crawl import crawl_provider
from registry_assets.errors import RegistryError
from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.flavours.corpus import OCI_MANIFEST, Corpus, Manifest
from registry_assets_tests.servers.scripted import Scripted, answer

BAD, GOOD, OTHER = "team/bad", "team/good", "team/other"
CATALOG = "/v2/_catalog"
CORPUS = Corpus()
FIRST, SECOND, BEFORE, AFTER = (CORPUS.image(title) for title in ("first", "second", "before", "after"))

Content = Mapping[str, Mapping[str, Manifest]]
Problem = tuple[str, str, int | None]
"""Stage, error and status."""


@cache
def image(repository: str, title: str) -> Manifest:
    """An image that no other repository has."""
    return CORPUS.image(f"{repository} {title}")


def yesterday(repositories: Iterable[str]) -> Content:
    """What the first crawl found."""
    bad = {name: {"1.0": image(name, "stays"), "2.0": image(name, "old")} for name in repositories}
    return {**bad, GOOD: {"1.0": FIRST}, OTHER: {"latest": BEFORE}}


def today(repositories: Iterable[str]) -> Content:
    """What there is to find since: 2.0 moved, as did `team/other`, and `team/good` has one tag more."""
    bad = {name: {"1.0": image(name, "stays"), "2.0": image(name, "new")} for name in repositories}
    return {**bad, GOOD: {"1.0": FIRST, "1.1": SECOND}, OTHER: {"latest": AFTER}}


@dataclass(frozen=True, slots=True)
class Spot:
    """The repository that misbehaves, and where its parts are asked for."""

    server: Scripted
    repository: str

    @property
    def tags(self) -> str:
        return f"/v2/{self.repository}/tags/list"

    @property
    def tag(self) -> str:
        return f"/v2/{self.repository}/manifests/2.0"

    @property
    def manifest(self) -> str:
        return f"/v2/{self.repository}/manifests/{image(self.repository, 'new').digest}"

    @property
    def config(self) -> str:
        document = json.loads(image(self.repository, "new").body)
        return f"/v2/{self.repository}/blobs/{document['config']['digest']}"

    def tell(self, document: object, media_type: str = OCI_MANIFEST) -> Manifest:
        """2.0 is this document, whatever it is."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        manifest = Manifest(media_type, body, "")
        hold(self.server, self.repository, manifest, "2.0")
        return manifest


def serve(server: Scripted, content: Content) -> None:
    """Scripts a well-behaved registry of this content."""
    server.replies.clear()
    server.on("/v2/", answer({}))
    server.on(CATALOG, answer({"repositories": sorted(content)}))
    for repository, tags in content.items():
        server.on(f"/v2/{repository}/tags/list", answer({"name": repository, "tags": sorted(tags)}))
        for tag, manifest in tags.items():
            hold(server, repository, manifest, tag)


def hold(server: Scripted, repository: str, manifest: Manifest, tag: str = "") -> None:
    """Scripts a manifest with all that belongs to it, under its digest and the tag."""
    reply = answer(manifest.body, content_type=manifest.media_type, Docker_Content_Digest=manifest.digest)
    for reference in filter(None, (tag, manifest.digest)):
        server.on(f"/v2/{repository}/manifests/{reference}", reply)
    for digest in set(re.findall(r"sha256:[0-9a-f]{64}", manifest.body.decode("latin-1"))):
        if body := CORPUS.blobs.get(digest):
            server.on(f"/v2/{repository}/blobs/{digest}", answer(body))


Misbehave = Callable[[Spot], object]


@dataclass(frozen=True, slots=True)
class Case:
    """What the server does, and what must come of it.

    `outcome`: `green` (complete), `incomplete` (problems), `failed` (raises). `problems`: stage, error and status of
    each. `bad` is what the rows of the repository tell then: `before`, `after`, or the names of its tags. `others` is
    False where today's catalog cannot be read, so that the other repositories stay as they were. `kind` is that of the
    manifest of 2.0.
    """

    name: str
    misbehave: Misbehave
    outcome: str = "green"
    problems: frozenset[Problem] = frozenset()
    bad: str | frozenset[str] = "after"
    others: bool = True
    kind: str = ""


@dataclass
class Told:
    """What the tables hold after a crawl; problems are the open ones."""

    outcome: str
    tags: dict[str, dict[str, str | None]] = field(default_factory=lambda: defaultdict(dict))
    kinds: dict[str, str] = field(default_factory=dict)
    problems: dict[str, set[Problem]] = field(default_factory=lambda: defaultdict(set))
    endings: set[str] = field(default_factory=set)


def crawl(world: World, **options: Any) -> Told:
    """A crawl, and what it leaves. Every problem has a clean message and an advice."""
    told = Told("")
    try:
        crawled = crawl_provider(world.provider, world.warehouse, run_id=str(uuid.uuid4()), **options)
        told.outcome = "green" if crawled.complete else "incomplete"
    except RegistryError:
        told.outcome = "failed"
    for repository, tag, digest in world.rows("SELECT repository, tag, digest FROM tags"):
        told.tags[repository][tag] = digest
    told.kinds.update(
        world.rows(
            "SELECT repository, kind FROM manifests JOIN tags USING (provider, repository, digest) WHERE tag = '2.0'"
        )
    )
    told.endings = {
        reason for (reason,) in world.rows("SELECT DISTINCT end_reason FROM tag_history WHERE valid_to IS NOT NULL")
    }
    for stage, repository, error, status, message, advice in world.rows(
        "SELECT stage, repository, error, status_code, message, advice FROM crawl_problems WHERE resolved_at IS NULL"
    ):
        told.problems[repository].add((stage, error, status))
        assert message
        assert advice
        assert message.isprintable(), message
        assert len(message) < 1000
    return told


@dataclass
class Played:
    """The tables with the misbehaviour, and after it went away."""

    hurt: Told
    healed: Told


def play(world: World, server: Scripted, cases: Mapping[str, Case]) -> Played:
    """Today's content with every misbehaviour, each in its own repository; then without."""
    serve(server, today(cases))
    for repository, case in cases.items():
        case.misbehave(Spot(server, repository))
    hurt = crawl(world)
    serve(server, today(cases))
    healed = crawl(world, full=True)
    # What had failed is asked for once more, though by now no tag may need it.
    return Played(hurt, crawl(world, full=True) if healed.problems else healed)


def digests(content: Content, repository: str) -> dict[str, str | None]:
    """The rows of `tags` that this content must give."""
    return {tag: manifest.digest for tag, manifest in content[repository].items()}


def check(case: Case, repository: str, told: Told) -> None:
    """The rows of the repository are what the case says."""
    if isinstance(case.bad, str):
        content = yesterday([repository]) if case.bad == "before" else today([repository])
        assert told.tags[repository] == digests(content, repository)
    else:
        assert set(told.tags[repository]) == case.bad
    if case.kind:
        assert told.kinds.get(repository) == case.kind
    assert told.endings <= {"moved"}


def check_others(told: Told, *, current: bool = True) -> None:
    """The repositories that behave are told right."""
    content = today([]) if current else yesterday([])
    assert {name: told.tags[name] for name in content} == {name: digests(content, name) for name in content}
