"""Nothing that a crawl leaves holds a secret that it used: not plain, not in base64, not percent-encoded."""

import base64
import logging
import traceback
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest

from registry_assets import jobs
from registry_assets.errors import RegistryError
from registry_assets.providers.file import load_configuration
from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.hostile.stage import BAD, serve, today
from registry_assets_tests.servers.scripted import Answer, Asked, Scripted, answer

USER, SECRET, TOKEN = "robot$ci", "p@ss wörd/+%=1234", "issued-token-abcdef"


def forms() -> dict[str, bytes]:
    """Every spelling of the secrets that must not be found."""
    pair = f"{USER}:{SECRET}"
    spelled = {"plain": SECRET, "percent": quote(SECRET, safe=""), "token": TOKEN}
    coded = {
        name: base64.b64encode(text.encode()) for name, text in (("pair", pair), ("secret", SECRET), ("issued", TOKEN))
    }
    return {name: text.encode() for name, text in spelled.items()} | coded


def guarded(server: Scripted, *, accepts: bool) -> None:
    """Asks for a Bearer token everywhere, and quotes in each refusal what it was sent."""
    serve(server, today([BAD]))
    realm = f'Bearer realm="{server.url}/token",service="x"'

    def token(asked: Asked) -> Answer:
        if accepts and asked.authorization:
            return answer({"token": TOKEN})
        said = f"wrong: {asked.authorization} {base64.b64decode(asked.authorization[6:]).decode()}"
        return answer({"errors": [{"code": "UNAUTHORIZED", "message": said}]}, 401)

    for path, (reply, *_) in list(server.replies.items()):

        def guard(asked: Asked, reply: object = reply) -> Answer:
            if asked.authorization != f"Bearer {TOKEN}":
                return Answer(401, b"{}", (("WWW-Authenticate", realm),))
            if asked.path == f"/v2/{BAD}/tags/list":
                return answer({"errors": [{"code": "DENIED", "message": f"not for {asked.authorization}"}]}, 403)
            assert isinstance(reply, Answer)
            return reply

        server.on(path, guard)
    server.on("/token", token)


@pytest.mark.parametrize("accepts", [True, False], ids=["right credentials", "wrong credentials"])
def test_nothing_that_a_run_leaves_holds_a_secret(
    server: Scripted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    accepts: bool,
) -> None:
    monkeypatch.setenv("THE_SECRET", SECRET)
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    caplog.set_level(logging.DEBUG)
    config = {"registry_type": "private", "api_url": server.url, "username": USER, "password": "${THE_SECRET}"}
    world = World(tmp_path, config)
    guarded(server, accepts=accepts)
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        outcome = jobs.run_provider(load_configuration(world.write()), world.name, instance)
    assert not outcome.complete
    assert any(asked.authorization for asked in server.asked)
    error = ""
    try:
        crawl_error(world)
    except RegistryError as raised:
        error = "".join(traceback.format_exception(raised)) + repr(raised) + repr(vars(raised))
    out, err = capfd.readouterr()
    left = {"logs": caplog.text.encode(), "output": (out + err).encode(), "outcome": repr(outcome).encode()}
    left |= {"error": error.encode(), "provider": repr(world.provider).encode()}
    left |= {str(file): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert any(name.endswith(".db") for name in left)
    assert [(name, form) for name, data in left.items() for form, text in forms().items() if text in data] == []


def crawl_error(world: World) -> None:
    world.crawl()
