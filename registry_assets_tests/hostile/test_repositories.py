"""One repository misbehaves, the others are told right: each case is a repository of one registry."""

import pytest

from registry_assets_tests.hostile.conftest import WorldOf
from registry_assets_tests.hostile.documents import CONFIGS, INDEXES, MANIFESTS
from registry_assets_tests.hostile.exchanges import EXCHANGES
from registry_assets_tests.hostile.listings import PAGES, TAG_LISTS
from registry_assets_tests.hostile.stage import Case, Played, check, check_others, digests, play, today
from registry_assets_tests.servers.scripted import Scripted

CASES = {
    f"case/n{n:03}": case for n, case in enumerate([*TAG_LISTS, *PAGES, *MANIFESTS, *CONFIGS, *INDEXES, *EXCHANGES])
}
GREEN = {name: case for name, case in CASES.items() if case.outcome == "green"}
BROKEN = {name: case for name, case in CASES.items() if case.outcome == "incomplete"}


@pytest.fixture(scope="module")
def played(server: Scripted, world_of: WorldOf) -> dict[str, Played]:
    """Both groups, each crawled when all was well, with every misbehaviour at once, and after it."""
    return {
        "green": play(world_of(*GREEN), server, GREEN),
        "incomplete": play(world_of(*BROKEN), server, BROKEN),
    }


@pytest.mark.parametrize("repository", CASES, ids=lambda repository: CASES[repository].name)
def test_the_tables_tell_of_a_repository_that_misbehaves(played: dict[str, Played], repository: str) -> None:
    case: Case = CASES[repository]
    hurt = played[case.outcome].hurt
    assert hurt.problems.get(repository, set()) == case.problems
    check(case, repository, hurt)


@pytest.mark.parametrize("outcome", ["green", "incomplete"])
def test_the_run_ends_as_its_repositories_do_and_the_others_are_right(played: dict[str, Played], outcome: str) -> None:
    assert played[outcome].hurt.outcome == outcome
    check_others(played[outcome].hurt)


@pytest.mark.parametrize("outcome", ["green", "incomplete"])
def test_nothing_is_left_of_it_once_the_registry_behaves(played: dict[str, Played], outcome: str) -> None:
    healed = played[outcome].healed
    names = GREEN if outcome == "green" else BROKEN
    assert (healed.outcome, dict(healed.problems)) == ("green", {})
    assert {name: healed.tags[name] for name in names} == {name: digests(today(names), name) for name in names}
    check_others(healed)
