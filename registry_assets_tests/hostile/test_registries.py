"""A registry that misbehaves as a whole: its catalog, its limits, its sign-in, its redirects."""

import time
from email.utils import formatdate

import pytest

from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.hostile.listings import CATALOGS, problem
from registry_assets_tests.hostile.stage import (
    BAD,
    CATALOG,
    Case,
    Problem,
    Spot,
    check,
    check_others,
    crawl,
    image,
    play,
    serve,
    today,
    yesterday,
)
from registry_assets_tests.servers.scripted import Answer, Reply, Scripted, answer

LIMIT = {"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}


def everywhere(spot: Spot, reply: Reply) -> None:
    for path in list(spot.server.replies):
        spot.server.on(path, reply)


def challenged(*values: str) -> Reply:
    """Refuses every request with these challenges."""
    headers = tuple(("WWW-Authenticate", value) for value in values)
    return Answer(401, b'{"errors": [{"code": "UNAUTHORIZED"}]}', headers)


def refused(name: str, *values: str, error: str = "NotAllowed", status: int | None = 401) -> Case:
    """Every request is refused: the run fails with one problem, nothing changes, and no token is asked for."""
    return Case(
        f"401 everywhere, {name}",
        lambda spot: everywhere(spot, challenged(*values)),
        "failed",
        problem(error, status, "repositories"),
        "before",
        others=False,
    )


def limited_once(name: str, **headers: str) -> Case:
    """The catalog is limited once; the crawl waits and goes on."""
    return Case(
        f"429 {name}",
        lambda spot: spot.server.on(CATALOG, answer(LIMIT, 429, **headers), *spot.server.replies[CATALOG]),
    )


def redirected(name: str, target: str, error: str, status: int | None = None) -> Case:
    def misbehave(spot: Spot) -> None:
        spot.server.on(spot.tags, answer(b"", 307, Location=target.replace("SELF", spot.tags)))

    return Case(f"redirect {name}", misbehave, "incomplete", problem(error, status), "before")


REALM = 'Bearer realm="{}",service="x"'
CASES = [
    *CATALOGS,
    limited_once("in 0 s", Retry_After="0"),
    limited_once("in 1 s", Retry_After="1"),
    limited_once("until a date", Retry_After=formatdate(time.time(), usegmt=True)),
    limited_once("until an epoch", X_RateLimit_Reset=str(int(time.time()))),
    limited_once("without a time"),
    limited_once("with nonsense", Retry_After="soon"),
    Case(
        "429 for a day",
        lambda spot: spot.server.on(CATALOG, answer(LIMIT, 429, Retry_After="86400")),
        "failed",
        problem("RateLimited", 429, "repositories"),
        "before",
        others=False,
    ),
    Case(
        "429 for ever",
        lambda spot: everywhere(spot, answer(LIMIT, 429)),
        "failed",
        problem("RateLimited", 429, "registries"),
        "before",
        others=False,
    ),
    refused("no challenge"),
    refused("malformed", 'Bearer realm="', "=,=,,"),
    refused("Basic", 'Basic realm="x"'),
    refused("of an unknown scheme", 'Negotiate, Digest realm="x", nonce="y"'),
    refused("foreign realm", REALM.format("https://evil.example/token"), error="Untrusted", status=None),
    refused("link-local realm", REALM.format("http://169.254.169.254/latest"), error="Untrusted", status=None),
    refused("realm that is no URL", REALM.format("http://[x"), error="BrokenAnswer", status=None),
    redirected("in a loop", "SELF", "BrokenAnswer", 307),
    redirected("to no URL", "http://[x", "BrokenAnswer"),
    redirected("to a file", "file:///etc/passwd", "BrokenAnswer"),
    redirected("to a closed port", "http://127.0.0.1:9/x", "DidNotAnswer"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_registry_misbehaves(world: World, server: Scripted, case: Case) -> None:
    played = play(world, server, {BAD: case})
    found = frozenset[Problem]().union(*played.hurt.problems.values())
    assert (played.hurt.outcome, found) == (case.outcome, case.problems)
    check(case, BAD, played.hurt)
    check_others(played.hurt, current=case.others)
    assert (played.healed.outcome, dict(played.healed.problems)) == ("green", {})
    check_others(played.healed)
    assert not [asked for asked in server.asked if asked.authorization.startswith("Basic")]


def test_a_repository_vanishes_and_comes_back(world: World, server: Scripted) -> None:
    content = dict(today([BAD]))
    serve(server, content)
    server.on(CATALOG, answer({"repositories": [name for name in content if name != BAD]}))
    assert BAD not in crawl(world).tags
    serve(server, content)
    assert set(crawl(world).tags[BAD]) == {"1.0", "2.0"}
    reasons = world.rows(
        f"SELECT start_reason, end_reason FROM tag_history WHERE repository = '{BAD}' AND tag = '1.0' ORDER BY valid_from"
    )
    assert reasons == [("added", "removed"), ("reappeared", None)]


def test_null_tags_of_a_repository_are_an_empty_list(world: World, server: Scripted) -> None:
    serve(server, today([BAD]))
    server.on(f"/v2/{BAD}/tags/list", answer({"name": BAD, "tags": None}))
    told = crawl(world)
    assert (told.outcome, dict(told.tags[BAD]), told.endings) == ("green", {}, {"removed", "moved"})
    check_others(told)


@pytest.mark.parametrize("code", ["NAME_UNKNOWN"])
def test_a_listed_repository_that_is_unknown_is_empty(world: World, server: Scripted, code: str) -> None:
    serve(server, today([BAD]))
    server.on(f"/v2/{BAD}/tags/list", answer({"errors": [{"code": code}]}, 404))
    told = crawl(world)
    assert (told.outcome, dict(told.tags[BAD])) == ("green", {})
    check_others(told)


@pytest.mark.parametrize(
    "reply", [answer({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404), answer(b"damaged"), answer(b"", 500)]
)
def test_what_one_repository_lost_is_read_in_another_that_holds_it(
    world: World, server: Scripted, reply: Reply
) -> None:
    """Promoted images share their digest: a damaged copy must not hide the good one."""
    shared = image("team/shared", "promoted")
    names = [f"team/copy{number}" for number in range(4)]
    serve(server, {**yesterday([BAD]), **{name: {"1.0": shared} for name in names}})
    for name in names[:1] + names[2:]:
        server.on(f"/v2/{name}/manifests/{shared.digest}", reply)
    told = crawl(world)
    assert told.outcome == "incomplete"
    rows = world.rows(f"SELECT repository, kind FROM manifests WHERE digest = '{shared.digest}' ORDER BY 1")
    assert rows == [(name, "image") for name in names]


def test_a_401_in_the_middle_of_a_crawl_keeps_what_was_read(world: World, server: Scripted) -> None:
    serve(server, today([BAD]))
    refusal = answer({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
    for path in list(server.replies):
        if BAD in path:
            server.on(path, refusal)
    told = crawl(world)
    assert (told.outcome, dict(told.problems)) == ("incomplete", {BAD: {("tags", "NotAllowed", 401)}})
    assert set(told.tags[BAD]) == {"1.0", "2.0"}
    check_others(told)
