"""A registry on https that leads to plain http: nothing goes there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.hostile.stage import (
    BAD,
    Spot,
    check_others,
    crawl,
    digests,
    serve,
    today,
    yesterday,
)
from registry_assets_tests.hostile.test_sign_in import SECRET, USER, Gate
from registry_assets_tests.servers.docker_registry import RunningRegistry
from registry_assets_tests.servers.scripted import Scripted, answer
from registry_assets_tests.servers.tls_proxy import tls_proxy


@pytest.fixture
def secure(server: Scripted, tmp_path: Path) -> Iterator[World]:
    """A world behind TLS, crawled when all was well. `server.url` is the same registry without TLS."""
    with tls_proxy(tmp_path / "proxy", RunningRegistry(server.url)) as running:
        options = {"ca_bundle": str(running.ca), "username": USER, "password": SECRET, "timeout": 5}
        world = World(tmp_path / "world", {"registry_type": "private", "api_url": running.url, **options})
        serve(server, yesterday([BAD]))
        assert crawl(world).outcome == "green"
        serve(server, today([BAD]))
        server.asked.clear()
        yield world


def test_a_token_server_on_plain_http_gets_no_credentials(secure: World, server: Scripted) -> None:
    Gate(server, (f'Bearer realm="{server.url}/token",service="x"',)).close()
    told = crawl(secure)
    assert told.outcome == "failed"
    assert dict(told.problems) == {"": {("repositories", "Untrusted", None)}}
    assert told.tags[BAD] == digests(yesterday([BAD]), BAD)
    assert not [asked for asked in server.asked if asked.authorization or asked.path == "/token"]
    check_others(told, current=False)


def test_a_redirect_to_plain_http_is_not_followed(secure: World, server: Scripted) -> None:
    path = Spot(server, BAD).tags
    server.on("/elsewhere", *server.replies[path])
    # nginx makes its own name of an upstream's, so the other spelling.
    server.on(path, answer(b"", 307, Location=f"{server.url.replace('127.0.0.1', 'localhost')}/elsewhere"))
    told = crawl(secure)
    assert (told.outcome, dict(told.problems)) == ("incomplete", {BAD: {("tags", "Untrusted", None)}})
    assert told.tags[BAD] == digests(yesterday([BAD]), BAD)
    assert not [asked for asked in server.asked if asked.path == "/elsewhere"]
    check_others(told)
