"""`WWW-Authenticate` as registries send it, and as they should not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.registry.challenge import Challenge, choose, parse_challenges

BEARER = Challenge("bearer", {"realm": "https://auth.docker.io/token", "service": "registry.docker.io"})
BASIC = Challenge("basic", {"realm": "Registry Realm"})


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (['Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'], [BEARER]),
        (['bearer service="registry.docker.io" , realm="https://auth.docker.io/token"'], [BEARER]),
        (["Bearer realm=https://auth.docker.io/token,service=registry.docker.io"], [BEARER]),
        (['Bearer   realm = "https://auth.docker.io/token" , service = "registry.docker.io"'], [BEARER]),
        (['Basic realm="Registry Realm"'], [BASIC]),
        (
            ['Bearer realm="https://auth.docker.io/token",service="registry.docker.io", Basic realm="Registry Realm"'],
            [BEARER, BASIC],
        ),
        (
            ['Basic realm="Registry Realm", Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'],
            [BASIC, BEARER],
        ),
        (
            [
                'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
                'Basic realm="Registry Realm"',
            ],
            [BEARER, BASIC],
        ),
        (["Basic"], [Challenge("basic")]),
        (["Negotiate, Basic"], [Challenge("negotiate"), Challenge("basic")]),
        (
            ['Bearer realm="https://r/t",scope="repository:a/b:pull,push"'],
            [Challenge("bearer", {"realm": "https://r/t", "scope": "repository:a/b:pull,push"})],
        ),
        (['Basic realm="a \\"quoted\\" name"'], [Challenge("basic", {"realm": 'a "quoted" name'})]),
        (['Bearer realm="first",realm="second"'], [Challenge("bearer", {"realm": "first"})]),
        ([""], []),
        (['realm="no scheme"'], []),
        (['Bearer realm="never closed'], [Challenge("bearer")]),
        (['Bearer realm="never closed, Basic realm=x'], [Challenge("bearer"), Challenge("basic", {"realm": "x"})]),
        ([",,, ,"], []),
        (['Bearer error="insufficient_scope"'], [Challenge("bearer", {"error": "insufficient_scope"})]),
    ],
)
def test_challenges_are_read_in_every_form(headers: list[str], expected: list[Challenge]) -> None:
    assert parse_challenges(headers) == expected


@given(st.lists(st.text(max_size=200), max_size=4))
def test_no_header_can_break_the_parser(headers: list[str]) -> None:
    parse_challenges(headers)


@pytest.mark.parametrize("text", ['"', " ", "Bearer a=", 'x="\\', ", ", "a=", '"a'])
def test_a_long_header_does_not_hang_the_parser(text: str) -> None:
    parse_challenges([text * 20_000 + '="'] * 100)


@pytest.mark.parametrize(
    ("challenges", "expected"),
    [
        ([BASIC, BEARER], [BEARER, BASIC]),
        ([Challenge("bearer"), BASIC], [BASIC]),
        ([Challenge("negotiate")], []),
        ([], []),
    ],
)
def test_a_token_is_preferred_and_what_cannot_be_answered_is_left_out(
    challenges: list[Challenge], expected: list[Challenge]
) -> None:
    assert choose(challenges) == expected
