"""Registries that ask for credentials in odd ways, end tokens early, or send elsewhere: who is told what, and who not.

Several challenges may come in one header or in many, in any order:
https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.hostile.conftest import WorldOf
from registry_assets_tests.hostile.stage import BAD, Spot, check_others, crawl, digests, serve, today
from registry_assets_tests.servers.scripted import Answer, Asked, Reply, Scripted, answer

USER, SECRET = "robot", "made-up"
BASIC = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()


@pytest.fixture
def signed(world_of: WorldOf) -> World:
    return world_of(BAD, username=USER, password=SECRET)


@dataclass
class Gate:
    """Lets nobody in without a token, or the password where `basic`. Each token is good for `uses` requests."""

    server: Scripted
    challenges: tuple[str, ...]
    basic: bool = False
    uses: int = 1_000
    left: dict[str, int] = field(default_factory=dict)

    def close(self) -> None:
        for path, (reply, *_) in list(self.server.replies.items()):
            self.server.on(path, self.guarded(reply))
        self.server.on("/token", self.token)

    def guarded(self, reply: Reply) -> Reply:
        def guard(asked: Asked) -> Answer:
            if not self.admits(asked.authorization):
                headers = tuple(("WWW-Authenticate", challenge) for challenge in self.challenges)
                return Answer(401, b"{}", headers)
            return reply(asked) if callable(reply) else reply

        return guard

    def admits(self, authorization: str) -> bool:
        if self.basic and authorization == BASIC:
            return True
        self.left[authorization] = self.left.get(authorization, 0) - 1
        return self.left[authorization] >= 0

    def token(self, asked: Asked) -> Answer:
        if asked.authorization != BASIC:
            return answer({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
        token = f"token-{len(self.left)}"
        self.left[f"Bearer {token}"] = self.uses
        return answer({"token": token})


def bearer(server: Scripted) -> str:
    return f'Bearer realm="{server.url}/token",service="x"'


CHALLENGES: dict[str, Callable[[str], tuple[str, ...]]] = {
    "two headers": lambda it: (it, 'Basic realm="x"'),
    "two headers, Basic first (Gitea)": lambda it: ('Basic realm="x"', it),
    "one header": lambda it: (f'{it}, Basic realm="x"',),
    "one header, Basic first": lambda it: (f'Basic realm="x", {it}',),
    "the same twice": lambda it: (it, it),
    "the same twice in one header": lambda it: (f"{it}, {it}",),
    "with schemes that nobody knows": lambda it: ('Negotiate, Digest realm="y", nonce="z"', it),
    "unquoted": lambda it: (it.replace('"', "").replace("Bearer", "bEaReR"),),
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_a_challenge_is_understood_in_any_form(signed: World, server: Scripted, name: str) -> None:
    serve(server, today([BAD]))
    Gate(server, CHALLENGES[name](bearer(server)), basic="Basic" in name).close()
    told = crawl(signed)
    assert (told.outcome, dict(told.problems)) == ("green", {})
    assert told.tags[BAD] == digests(today([BAD]), BAD)
    check_others(told)


@pytest.mark.parametrize("uses", [1, 2, 5])
def test_a_token_that_ends_long_before_its_time_is_renewed(world_of: WorldOf, server: Scripted, uses: int) -> None:
    """One request after the other: a request is repeated once, and another must not have used its token up."""
    signed = world_of(BAD, username=USER, password=SECRET, concurrency=1)
    serve(server, today([BAD]))
    gate = Gate(server, (bearer(server),), uses=uses)
    gate.close()
    told = crawl(signed)
    assert (told.outcome, dict(told.problems)) == ("green", {})
    assert any(left < 0 for left in gate.left.values())
    check_others(told)


def test_tokens_that_are_never_good_end_the_crawl_and_change_nothing(signed: World, server: Scripted) -> None:
    serve(server, today([BAD]))
    Gate(server, (bearer(server),), uses=0).close()
    server.asked.clear()
    told = crawl(signed)
    assert told.outcome == "failed"
    assert [(stage, status) for stage, _, status in told.problems[""]] == [("repositories", 401)]
    assert len(server.asked) < 12
    check_others(told, current=False)


@pytest.fixture
def elsewhere() -> Iterator[Scripted]:
    with Scripted() as running:
        yield running


@pytest.mark.parametrize("part", ["tags", "manifest", "config"])
def test_a_redirect_to_another_host_is_followed_without_credentials(
    signed: World, server: Scripted, elsewhere: Scripted, part: str
) -> None:
    serve(server, today([BAD]))
    path = getattr(Spot(server, BAD), part)
    elsewhere.on(path, *server.replies[path])
    server.on(path, answer(b"", 307, Location=f"{elsewhere.url.replace('127.0.0.1', 'localhost')}{path}"))
    Gate(server, (bearer(server),)).close()
    told = crawl(signed)
    assert (told.outcome, told.tags[BAD]) == ("green", digests(today([BAD]), BAD))
    assert elsewhere.asked
    assert not [asked for asked in elsewhere.asked if {"authorization", "cookie"} & set(asked.headers)]
    check_others(told)
