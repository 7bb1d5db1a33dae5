"""The words of an answer without success, made fit for a message."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.errors import (
    BrokenAnswer,
    DidNotAnswer,
    NotAllowed,
    NothingThere,
    NotSupported,
    RateLimited,
    RegistryError,
)
from registry_assets.registry.answers import LONGEST_MESSAGE, Response, one_line, parse_error, refusal
from registry_assets.registry.exchange import Request


def response(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Response:
    return Response("GET", httpx.URL("https://registry.company.com/v2/"), status, httpx.Headers(headers or {}), body)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, BrokenAnswer), (400, BrokenAnswer), (401, NotAllowed), (403, NotAllowed), (404, NothingThere),
        (405, NotSupported), (408, DidNotAnswer), (410, BrokenAnswer), (429, RateLimited), (500, DidNotAnswer),
        (501, NotSupported), (502, DidNotAnswer), (503, DidNotAnswer), (504, DidNotAnswer), (599, DidNotAnswer),
    ],
)  # fmt: skip
def test_nothing_there_not_allowed_not_supported_and_no_answer_are_different_things(
    status: int, expected: type[RegistryError]
) -> None:
    error = refusal(response(status))
    assert type(error) is expected
    assert (error.status, error.method, error.url) == (status, "GET", "https://registry.company.com/v2/")
    assert error.detail


@pytest.mark.parametrize(
    ("code", "expected"), [("UNSUPPORTED", NotSupported), ("TOOMANYREQUESTS", RateLimited), ("DENIED", NotAllowed)]
)
def test_the_registrys_own_code_goes_before_the_status(code: str, expected: type[RegistryError]) -> None:
    error = refusal(response(403, b'{"errors":[{"code":"%s"}]}' % code.encode()))
    assert (type(error), error.code) == (expected, code)


def test_a_wait_that_nobody_waits_for_is_told() -> None:
    assert "asks to wait 3600 s" in str(refusal(response(429, headers={"retry-after": "3600"})))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"errors":[{"code":"DENIED","message":"no"}]}', ("DENIED", "no")),
        ('{"errors":[]}', ("", "")),
        ('{"errors":[{"code":5,"message":null}]}', ("", "")),
        ('{"errors":"x","message":"y"}', ("", "y")),
        ('{"message":"API rate limit exceeded"}', ("", "API rate limit exceeded")),
        ('{"detail":"object not found"}', ("", "object not found")),
        ('{"details":"incorrect username or password"}', ("", "incorrect username or password")),
        ('{"error":"invalid_grant","error_description":"expired"}', ("invalid_grant", "expired")),
        ("plain words", ("", "plain words")),
        ("[1]", ("", "[1]")),
        ("", ("", "")),
    ],
)
def test_every_form_of_error_body_gives_its_words(body: str, expected: tuple[str, str]) -> None:
    assert parse_error(body.encode()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  two\n\n lines\t", "two lines"),
        ("<html><head><title>502 Bad\nGateway</title></head><body>x</body></html>", "502 Bad Gateway"),
        ("<p>first</p><p>second</p>", "first second"),
        ("a < b", "a < b"),
        ("cut <script src=", "cut"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("left\u202eright\u200bzero\ufeff", "left right zero"),
        ("\ud800", ""),
    ],
)
def test_text_becomes_one_visible_line(text: str, expected: str) -> None:
    assert one_line(text) == expected


@given(st.binary(max_size=2000))
def test_no_body_can_break_the_message(body: bytes) -> None:
    error = refusal(response(500, body))
    assert error.detail.isprintable()
    assert len(error.detail) < 2 * LONGEST_MESSAGE


@pytest.mark.parametrize("text", ["<", "<title>", "<a ", "</", "<title><", " "])
def test_a_long_page_does_not_hang_the_reader(text: str) -> None:
    one_line(text * 20_000)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[" * 100_000, b"1" * 10_000, b'"\xff"'])
def test_what_is_no_json_is_an_error_that_does_not_quote_it(body: bytes) -> None:
    with pytest.raises(BrokenAnswer) as caught:
        response(200, body).json()
    assert "<html>" not in str(caught.value)


def test_a_request_shows_neither_its_credentials_nor_its_form() -> None:
    headers: dict[str, Any] = {"authorization": "Bearer secret"}
    shown = repr(Request("POST", httpx.URL("https://host/"), httpx.Headers(headers), content=b"refresh_token=secret"))
    assert "secret" not in shown.replace("[secure]", "")
