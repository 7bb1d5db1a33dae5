"""Nothing that a crawl leaves holds a secret that it used: not plain, not in base64, not percent-encoded."""

import base64
import json
import logging
import traceback
from pathlib import Path
from urllib.parse import quote, quote_plus

import dagster as dg
import duckdb
import pytest

from registry_assets import jobs
from registry_assets.errors import RegistryError
from registry_assets.providers.file import load_configuration
from registry_assets_tests.cli.conftest import run_command
from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.hostile.stage import BAD, serve, today
from registry_assets_tests.servers.scripted import Answer, Asked, Scripted, answer

USER, SECRET, TOKEN = "robot$ci", "p@ss wörd/+%=1234", "issued-token-abcdef"


def forms() -> dict[str, bytes]:
    """Every spelling of the secrets that must not be found; base64 wherever in a longer text a secret may begin."""
    pair = f"{USER}:{SECRET}"
    spelled = {
        "plain": SECRET,
        "escaped": json.dumps(SECRET)[1:-1],
        "percent": quote(SECRET, safe=""),
        "plus": quote_plus(SECRET),
        "token": TOKEN,
    }
    found = {name: text.encode() for name, text in spelled.items()}
    for name, text in (("pair", pair), ("secret", SECRET), ("issued", TOKEN)):
        for before in range(3):
            # The first and last characters depend on what is around.
            coded = base64.b64encode(b"-" * before + text.encode())[4 if before else 0 : -4]
            found |= {f"{name} {before}": coded, f"{name} {before} url": coded.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def found_in(left: dict[str, bytes]) -> list[tuple[str, str]]:
    """Where a secret is, and in which form."""
    return [(name, form) for name, data in left.items() for form, text in forms().items() if text in data]


def left_in(folder: Path) -> dict[str, bytes]:
    """Every file, and besides what the databases say when asked: they may keep text compressed."""
    left = {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    for file in folder.rglob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as database:
            for schema, table in database.sql(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall():
                rows = database.sql(f'SELECT * FROM "{schema}"."{table}"').fetchall()
                left[f"{file} {table}"] = repr(rows).encode()
    return left


@pytest.mark.parametrize("form", forms())
def test_a_secret_would_be_found_in_every_form(form: str, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        database.execute("CREATE TABLE t AS SELECT ? AS text FROM range(1000)", [f"x{forms()[form].decode()}x"])
    assert form in {found for _, found in found_in(left_in(tmp_path))}


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
    for arguments in (["crawl"], ["check", "--online"], ["preview", world.name], ["status"], ["export", "jsonl"]):
        done = run_command(tmp_path, *arguments, environment={"THE_SECRET": SECRET, "PYTHONWARNINGS": "default"})
        left[" ".join(arguments)] = (done.stdout + done.stderr).encode()
    left |= left_in(tmp_path)
    assert any(name.endswith(".db") for name in left)
    assert any(name.endswith("crawl_problems") for name in left)
    assert found_in(left) == []


def crawl_error(world: World) -> None:
    world.crawl()
