"""Credentials as each vendor means them, and those that `docker login` has left."""

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from registry_assets.errors import ConfigurationError
from registry_assets.providers import docker_config
from registry_assets.providers.credentials import (
    ANONYMOUS,
    Credentials,
    docker_credentials,
    explicit_credentials,
    find_credentials,
)
from registry_assets.providers.models import REGISTRY_TYPES
from registry_assets.providers.rules import check_options
from registry_assets_tests.providers.reading import private, provider

URL = "https://r.test"


@pytest.mark.parametrize(
    ("registry_type", "given", "kind", "username"),
    [
        ("docker-hub", {"username": "u", "password": "s"}, "password", "u"),
        ("docker-hub", {"username": "u", "token": "s"}, "password", "u"),
        ("ecr", {"token": "s"}, "password", "AWS"),
        ("ecr", {"username": "AWS", "password": "s"}, "password", "AWS"),
        ("gcr", {"token": "s"}, "password", "oauth2accesstoken"),
        ("gcr", {"username": "_json_key", "password": "s"}, "password", "_json_key"),
        ("acr", {"token": "s"}, "password", "00000000-0000-0000-0000-000000000000"),
        ("ghcr", {"username": "u", "token": "s"}, "password", "u"),
        ("ghcr", {"token": "s"}, "password", "token"),
        ("private", {"username": "u", "token": "s"}, "password", "u"),
        ("private", {"token": "s"}, "token", None),
    ],
)
def test_given_credentials_mean_what_the_vendor_means(
    registry_type: str, given: dict[str, str], kind: str, username: str | None
) -> None:
    options = {"registry_type": registry_type, "api_url": URL, **given}
    assert list(check_options(options, expanded=True)) == []
    found = explicit_credentials(provider(**options))
    assert found is not None
    assert found.secret is not None
    assert (found.kind, found.username, found.secret.get_secret_value()) == (kind, username, "s")


@pytest.mark.parametrize("registry_type", REGISTRY_TYPES)
@pytest.mark.parametrize(
    "given",
    [
        {"username": "u"},
        {"password": "s"},
        {"password": "s", "token": "t"},
        {"username": "u", "password": "s", "token": "t"},
    ],
)
def test_half_or_double_credentials_are_refused(registry_type: str, given: dict[str, str]) -> None:
    options = {"registry_type": registry_type, "api_url": URL, **given}
    assert [path for path, _ in check_options(options, expanded=True)]


def test_without_any_there_are_none() -> None:
    assert explicit_credentials(private()) is None
    assert find_credentials(private(), {}) == ANONYMOUS


@pytest.fixture
def docker(tmp_path: Path) -> dict[str, str]:
    return {"DOCKER_CONFIG": str(tmp_path), "PATH": os.environ["PATH"]}


def write(docker: dict[str, str], config: object) -> None:
    Path(docker["DOCKER_CONFIG"], "config.json").write_text(json.dumps(config))


def entry(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def helper(docker: dict[str, str], name: str, script: str) -> None:
    """A credential helper of the test's own, first in PATH."""
    path = Path(docker["DOCKER_CONFIG"], f"docker-credential-{name}")
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    docker["PATH"] = f"{docker['DOCKER_CONFIG']}{os.pathsep}{os.environ['PATH']}"


def plain(found: Credentials | None) -> tuple[Any, ...] | None:
    return None if found is None else (found.kind, found.username, found.secret and found.secret.get_secret_value())


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("r.test:5000", "r.test:5000"),
        ("https://r.test", "r.test"),
        ("http://r.test/v1/", "r.test"),
        ("https://index.docker.io/v1/", "registry-1.docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
    ],
)
def test_a_login_is_found_by_its_host(docker: dict[str, str], key: str, host: str) -> None:
    write(docker, {"auths": {"other.test": entry("x", "y"), key: entry("u", "s:with:colons")}})
    expected = ("password", "u", "s:with:colons") if key != "docker.io" else None
    assert plain(docker_credentials(host, docker)) == expected


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ({"auth": "", "identitytoken": "t"}, ("identity", None, "t")),
        (
            {**entry("00000000-0000-0000-0000-000000000000", ""), "identitytoken": "t"},
            ("identity", "00000000-0000-0000-0000-000000000000", "t"),
        ),
        ({"registrytoken": "t"}, ("token", None, "t")),
        ({"username": "u", "password": "s"}, ("password", "u", "s")),
        ({"auth": base64.b64encode(b"u:s\0\0").decode()}, ("password", "u", "s")),
        ({}, None),
        (None, None),
        ("text", None),
    ],
)
def test_a_login_comes_in_several_forms(docker: dict[str, str], login: object, expected: object) -> None:
    write(docker, {"auths": {"r.test": login}})
    assert plain(docker_credentials("r.test", docker)) == expected


@pytest.mark.parametrize("config", [{}, {"auths": None}, {"auths": []}, {"auths": {}, "credHelpers": None}])
def test_a_configuration_without_the_host_has_nothing(docker: dict[str, str], config: object) -> None:
    write(docker, config)
    assert docker_credentials("r.test", docker) is None


def test_no_configuration_and_no_home_have_nothing(tmp_path: Path) -> None:
    assert docker_credentials("r.test", {}) is None
    assert docker_credentials("r.test", {"HOME": str(tmp_path)}) is None


def test_the_home_directory_is_the_default(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    write({"DOCKER_CONFIG": str(tmp_path / ".docker")}, {"auths": {"r.test": entry("u", "s")}})
    assert plain(docker_credentials("r.test", {"HOME": str(tmp_path)})) == ("password", "u", "s")


def test_explicit_credentials_win_over_dockers(docker: dict[str, str]) -> None:
    write(docker, {"auths": {"r.test": entry("docker", "d")}})
    assert find_credentials(private(username="u", password="p"), docker).username == "u"
    assert find_credentials(private(), docker).username == "docker"


def test_a_layout_asks_nobody(docker: dict[str, str]) -> None:
    write(docker, {"credsStore": "absent"})
    assert find_credentials(provider(registry_type="oci-layout", api_url="/tmp"), docker) == ANONYMOUS


ANSWER = """read server; printf '{"ServerURL":"%s","Username":"of %s","Secret":"s"}' "$server" "$server" """


def test_a_hosts_helper_wins_over_the_general_store_and_that_over_the_file(docker: dict[str, str]) -> None:
    helper(docker, "special", ANSWER)
    helper(docker, "general", """read x; printf '{"Username":"general","Secret":"s"}'""")
    auths = {"r.test": entry("file", "s"), "other.test": {}}
    write(docker, {"auths": auths, "credsStore": "general", "credHelpers": {"r.test": "special"}})
    assert plain(docker_credentials("r.test", docker)) == ("password", "of r.test", "s")
    assert plain(docker_credentials("other.test", docker)) == ("password", "general", "s")


def test_docker_hub_is_asked_for_under_its_old_name(docker: dict[str, str]) -> None:
    helper(docker, "store", ANSWER)
    write(docker, {"credsStore": "store"})
    assert plain(docker_credentials("registry-1.docker.io", docker)) == (
        "password",
        "of https://index.docker.io/v1/",
        "s",
    )


def test_a_helper_without_the_host_leaves_it_to_the_file(docker: dict[str, str]) -> None:
    helper(docker, "store", "echo 'credentials not found in native keychain'; exit 1")
    write(docker, {"credsStore": "store", "auths": {"r.test": entry("file", "s")}})
    assert plain(docker_credentials("r.test", docker)) == ("password", "file", "s")
    assert docker_credentials("other.test", docker) is None


def test_a_helper_may_answer_with_an_identity_token(docker: dict[str, str]) -> None:
    helper(docker, "store", """printf '{"Username":"<token>","Secret":"t"}'""")
    write(docker, {"credsStore": "store"})
    assert plain(docker_credentials("r.test", docker)) == ("identity", None, "t")


@pytest.mark.parametrize(
    ("script", "part"),
    [
        ("echo hunter2; echo hunter2 >&2; exit 3", "failed for r.test (exit status 3)"),
        ("echo hunter2", "did not answer with a JSON object"),
        ("echo '[\"hunter2\"]'", "did not answer with a JSON object"),
        ("exec sleep 60", "did not answer in 0.2 seconds"),
    ],
)
def test_a_broken_helper_is_named_and_its_output_is_not_shown(
    docker: dict[str, str], script: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sleep" in script:
        monkeypatch.setattr(docker_config, "HELPER_SECONDS", 0.2)
    helper(docker, "store", script)
    write(docker, {"credsStore": "store"})
    with pytest.raises(ConfigurationError) as raised:
        docker_credentials("r.test", docker)
    assert "`docker-credential-store get`" in str(raised.value)
    assert part in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("name", ["absent-helper", "../../bin/sh", "a b"])
def test_a_helper_that_is_not_there_is_named(docker: dict[str, str], name: str) -> None:
    write(docker, {"credsStore": name})
    with pytest.raises(ConfigurationError, match="set DOCKER_CONFIG to another folder"):
        docker_credentials("r.test", docker)


@pytest.mark.parametrize("body", ["", "hunter2", "[]", '{"auths": {"r.test": {"auth": "hunter2!"}}}', "[" * 100_000])
def test_a_broken_configuration_is_named_and_not_shown(docker: dict[str, str], body: str) -> None:
    path = Path(docker["DOCKER_CONFIG"], "config.json")
    path.write_text(body)
    with pytest.raises(ConfigurationError) as raised:
        docker_credentials("r.test", docker)
    assert str(path) in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_credentials_do_not_show_their_secret() -> None:
    assert "hunter2" not in repr(Credentials("password", "u", SecretStr("hunter2")))
