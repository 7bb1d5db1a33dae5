"""What the transport does when a host fails, presses, redirects, or sends more than anybody asked for."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from registry_assets.errors import BrokenAnswer, DidNotAnswer, RegistryAssetsError, TooLarge, Untrusted
from registry_assets.registry.answers import Response
from registry_assets.registry.exchange import Request, redirected
from registry_assets.registry.pace import Pace, told_wait
from registry_assets.registry.transport import Limits, Transport
from registry_assets_tests.registry.conftest import QUICK
from registry_assets_tests.servers.scripted import Answer, Asked, Scripted, answer

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def transport(**limits: Any) -> AsyncIterator[Transport]:
    opened = Transport(replace(QUICK, **limits))
    try:
        yield opened
    finally:
        await opened.close()


def get(url: str, *, method: str = "GET", limit: int = 1000, **headers: str) -> Request:
    return Request(method, httpx.URL(url), httpx.Headers(headers), limit)


async def ask(url: str, *, method: str = "GET", limit: int = 1000, **limits: Any) -> Response:
    async with transport(**limits) as opened:
        return await opened.send(get(url, method=method, limit=limit))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_failure_that_may_pass_is_tried_again(status: int, scripted: Scripted) -> None:
    scripted.on("/", answer(status=status), answer(status=status), answer("fine"))
    response = await ask(scripted.url)
    assert (response.status, response.body, len(scripted.asked)) == (200, b"fine", 3)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 501])
async def test_a_refusal_is_not_tried_again(status: int, scripted: Scripted) -> None:
    scripted.on("/", answer(status=status))
    assert (await ask(scripted.url)).status == status
    assert len(scripted.asked) == 1


@pytest.mark.parametrize("status", [429, 500])
async def test_after_four_attempts_the_failure_is_the_answer(status: int, scripted: Scripted) -> None:
    scripted.on("/", answer(status=status))
    assert (await ask(scripted.url)).status == status
    assert len(scripted.asked) == 4


@pytest.mark.parametrize(
    "broken",
    [
        Answer(cut=-1),
        Answer(200, b"0123456789", cut=0),
        Answer(200, b"0123456789", cut=5),
        Answer(200, b"01234", (("Content-Length", "10"),), cut=5),
        Answer(200, b"a\r\nhello", (("Transfer-Encoding", "chunked"),), cut=8),
    ],
)
async def test_a_broken_connection_is_tried_again(broken: Answer, scripted: Scripted) -> None:
    scripted.on("/", broken, broken, answer("fine"))
    assert (await ask(scripted.url)).body == b"fine"
    scripted.on("/", broken)
    with pytest.raises(DidNotAnswer, match="connection broke"):
        await ask(scripted.url)


async def test_what_changes_something_is_sent_once_unless_it_was_put_off(scripted: Scripted) -> None:
    scripted.on("/", Answer(cut=-1))
    with pytest.raises(DidNotAnswer):
        await ask(scripted.url, method="POST")
    assert len(scripted.asked) == 1
    scripted.asked.clear()
    scripted.on("/", answer(status=500))
    assert (await ask(scripted.url, method="POST")).status == 500
    assert len(scripted.asked) == 1
    scripted.asked.clear()
    scripted.on("/", answer(status=503), answer("fine"))
    assert (await ask(scripted.url, method="POST")).status == 200
    assert len(scripted.asked) == 2


async def test_silence_ends_with_the_timeout(scripted: Scripted) -> None:
    scripted.on("/", Answer(delay=5))
    with pytest.raises(DidNotAnswer, match=r"no answer within 0\.05 s"):
        await ask(scripted.url, timeout=0.05, attempts=2)
    assert len(scripted.asked) == 2


async def test_a_body_that_drips_is_not_waited_for_for_ever(scripted: Scripted) -> None:
    scripted.on("/", Answer(200, b"x" * 1000, drip=0.02))
    with pytest.raises(DidNotAnswer, match="not complete after"):
        await ask(scripted.url, timeout=0.1, attempts=1)


async def test_after_a_host_has_failed_often_it_is_asked_once_each(scripted: Scripted) -> None:
    scripted.on("/", answer(status=500))
    async with transport(failures=2) as opened:
        for _ in range(4):
            await opened.send(get(scripted.url))
        assert len(scripted.asked) == 4 + 4 + 1 + 1
        scripted.on("/", answer("fine"))
        await opened.send(get(scripted.url))
        scripted.on("/", answer(status=500))
        scripted.asked.clear()
        await opened.send(get(scripted.url))
        assert len(scripted.asked) == 4


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0),
        ({"retry-after": str(int(NOW + 12))}, 12),
        ({"x-retry-after": str(int(NOW + 12))}, 12),
        ({"x-retry-after": str(int(NOW + 12) * 1000)}, 12),
        ({"ratelimit-reset": "20"}, 20),
        ({"x-ratelimit-reset": str(int(NOW + 5))}, 5),
        ({"retry-after": "soon", "ratelimit-reset": "3"}, 3),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "Wed, 99 Foo 2024"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_the_wait_that_is_asked_for_is_understood_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert told_wait(httpx.Headers(headers), NOW) == seconds


async def test_a_told_wait_holds_the_whole_host_back(scripted: Scripted) -> None:
    scripted.on("/", answer(status=429, retry_after="1"), answer("fine")).on("/other", answer("fine"))
    async with transport() as opened:
        first = asyncio.create_task(opened.send(get(scripted.url)))
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        await opened.send(get(f"{scripted.url}/other"))
        assert time.monotonic() - begun > 0.5
        assert (await first).status == 200


async def test_a_wait_beyond_the_cap_is_not_waited_for(scripted: Scripted) -> None:
    scripted.on("/", answer(status=429, retry_after="3600"))
    response = await ask(scripted.url)
    assert (response.status, len(scripted.asked)) == (429, 1)


async def test_a_host_that_always_asks_to_wait_uses_up_the_patience(scripted: Scripted) -> None:
    scripted.on("/", answer(status=429, retry_after="0.02"))
    async with transport(patience=0.1) as opened:
        for _ in range(20):
            await opened.send(get(scripted.url))
    assert 20 <= len(scripted.asked) <= 30


async def test_pressure_halves_the_concurrency_once_and_success_brings_it_back(scripted: Scripted) -> None:
    busy = [answer(status=429, retry_after="0")] * 8
    scripted.on("/", *busy, Answer(200, b"fine", delay=0.01))
    async with transport(concurrency=8) as opened:
        pace = opened.pace(httpx.URL(scripted.url))
        await asyncio.gather(*(opened.send(get(scripted.url)) for _ in range(8)))
        assert 4 <= pace.allowed < 8
        for _ in range(80):
            await opened.send(get(scripted.url))
        assert pace.allowed == 8
    assert scripted.most_at_once <= 8


async def test_no_more_requests_are_under_way_than_allowed(scripted: Scripted) -> None:
    scripted.on("/", Answer(200, b"", delay=0.01))
    async with transport(concurrency=3) as opened:
        await asyncio.gather(*(opened.send(get(scripted.url)) for _ in range(30)))
    assert scripted.most_at_once == 3


async def test_a_cancelled_request_gives_its_place_back() -> None:
    pace = Pace(1, 10)
    async with pace.slot():
        waiting = asyncio.create_task(pace.slot().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(1), pace.slot():
        pass


async def test_a_body_beyond_its_limit_is_not_read(scripted: Scripted) -> None:
    scripted.on("/", Answer(200, b"x" * 100_000, (("Transfer-Encoding", "identity"),), repeat=100_000))
    with pytest.raises(TooLarge, match="1000 bytes"):
        await ask(scripted.url)
    assert len(scripted.asked) == 1


async def test_an_error_page_without_end_is_cut(scripted: Scripted) -> None:
    scripted.on("/", Answer(404, b"x" * 100_000, (("Transfer-Encoding", "identity"),), repeat=100_000))
    response = await ask(scripted.url, limit=10**9)
    assert response.status == 404
    assert len(response.body) <= 64 * 1024


async def test_a_body_of_exactly_its_limit_is_fine(scripted: Scripted) -> None:
    scripted.on("/", Answer(200, b"x" * 1000))
    assert len((await ask(scripted.url)).body) == 1000


@pytest.mark.parametrize("encodings", [1, 2])
async def test_a_small_answer_does_not_expand_beyond_the_limit(encodings: int, scripted: Scripted) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    for _ in range(encodings - 1):
        bomb = gzip.compress(bomb)
    scripted.on("/", Answer(200, bomb, (("Content-Encoding", ", ".join(["gzip"] * encodings)),)))
    with pytest.raises(BrokenAnswer):
        await ask(scripted.url, limit=1_000_000)


async def test_a_compressed_answer_is_read_and_counted_as_received(scripted: Scripted) -> None:
    packed = gzip.compress(b"x" * 900)
    scripted.on("/", Answer(200, packed, (("Content-Encoding", "gzip"),)))
    async with transport() as opened:
        assert (await opened.send(get(scripted.url))).body == b"x" * 900
        assert (opened.traffic.requests, opened.traffic.bytes_received) == (1, len(packed))


@pytest.mark.parametrize(
    "raw",
    [
        Answer(200, b"not gzip", (("Content-Encoding", "gzip"),)),
        Answer(200, b"zz", (("Transfer-Encoding", "chunked"),)),
        Answer(200, b"", (("Content-Length", "many"),)),
        Answer(200, b"", (("Broken header", "x"),)),
        Answer(200, b"", (("X-Long", "x" * 100_000),)),
        Answer(99999),
    ],
)
async def test_what_is_no_http_is_an_error_of_ours(raw: Answer, scripted: Scripted) -> None:
    scripted.on("/", raw)
    with pytest.raises(RegistryAssetsError):
        await ask(scripted.url, attempts=1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_redirect_is_followed_with_the_same_method(status: int, method: str, scripted: Scripted) -> None:
    scripted.on("/a", answer(status=status, location="b")).on("/b", answer("there"))
    response = await ask(f"{scripted.url}/a", method=method)
    assert (response.status, response.url.path) == (200, "/b")
    assert scripted.paths() == [f"{method} /a", f"{method} /b"]


async def test_redirects_in_a_loop_end(scripted: Scripted) -> None:
    scripted.on("/a", answer(status=302, location="/b")).on("/b", answer(status=302, location="/a"))
    with pytest.raises(BrokenAnswer, match="more than 5 redirects"):
        await ask(f"{scripted.url}/a")
    assert len(scripted.asked) == 6


@pytest.mark.parametrize("location", ["ftp://host/", "http://", "http://[", "file:///etc/passwd"])
async def test_a_redirect_to_nowhere_is_an_error(location: str, scripted: Scripted) -> None:
    scripted.on("/", answer(status=302, location=location))
    with pytest.raises(BrokenAnswer):
        await ask(scripted.url)


async def test_what_was_posted_is_not_sent_elsewhere(scripted: Scripted) -> None:
    scripted.on("/", answer(status=307, location="/b"))
    assert (await ask(scripted.url, method="POST")).status == 307
    assert len(scripted.asked) == 1


async def test_credentials_stay_with_their_origin_and_other_headers_go_along(scripted: Scripted) -> None:
    with Scripted() as storage:
        storage.on("/blob", answer("content"))
        scripted.on("/same", answer(status=307, location="/here")).on("/here", answer("content"))
        scripted.on("/other", answer(status=307, location=f"{storage.url}/blob"))
        async with transport() as opened:
            for path in ("/same", "/other"):
                request = get(scripted.url + path, authorization="Bearer secret", cookie="a=b", accept="x/y")
                assert (await opened.send(request)).body == b"content"
        assert scripted.asked[1].authorization == "Bearer secret"
        assert storage.asked[0].headers["accept"] == "x/y"
        assert not {"authorization", "cookie"} & set(storage.asked[0].headers)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("https://registry.company.com/x", "http://registry.company.com/x"),
        ("https://registry.company.com/x", "https://127.0.0.1/x"),
        ("https://registry.company.com/x", "https://[::1]/x"),
        ("https://registry.company.com/x", "https://169.254.169.254/latest/meta-data"),
        ("http://registry.company.com/x", "http://localhost/x"),
        ("http://registry.company.com/x", "http://2130706433/x"),
        ("http://127.0.0.1:5000/x", "http://169.254.169.254/latest/meta-data"),
    ],
)
def test_a_redirect_must_not_lead_down_or_inward(source: str, target: str) -> None:
    with pytest.raises(Untrusted):
        redirected(get(source), httpx.URL(target))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("https://registry.company.com/x", "https://cdn.example/x"),
        ("http://registry.company.com/x", "https://registry.company.com/x"),
        ("http://127.0.0.1:5000/x", "http://127.0.0.1:9000/x"),
    ],
)
def test_a_redirect_may_lead_to_storage_elsewhere(source: str, target: str) -> None:
    assert redirected(get(source, authorization="Basic x"), httpx.URL(target)).headers.get("authorization") is None


async def test_every_request_says_who_asks_and_brings_no_cookies(scripted: Scripted) -> None:
    scripted.on("/", answer("", set_cookie="session=1; Path=/"))
    async with transport() as opened:
        for _ in range(2):
            await opened.send(get(scripted.url))
    for asked in scripted.asked:
        assert asked.headers["user-agent"].startswith("registry-assets")
        assert "cookie" not in asked.headers


async def test_connections_are_kept(scripted: Scripted) -> None:
    ports: set[str] = set()

    def reply(asked: Asked) -> Answer:
        ports.add(asked.headers["host"])
        return answer("fine")

    scripted.on("/", reply)
    async with transport() as opened:
        for _ in range(10):
            await opened.send(get(scripted.url))
    assert scripted.connections == 1


def test_the_defaults_are_those_that_the_documentation_names() -> None:
    assert (Limits().attempts, Limits().redirects, Limits().timeout, Limits().concurrency) == (4, 5, 30, 16)
