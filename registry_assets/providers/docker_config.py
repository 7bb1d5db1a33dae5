"""Credentials that `docker login` has left, and those of credential helpers.

https://docs.docker.com/reference/cli/docker/login/#credential-stores
"""

import base64
import binascii
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from registry_assets.errors import ConfigurationError
from registry_assets.providers.identity import Credentials

HELPER_SECONDS = 20.0

_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_HOSTS = frozenset(
    {"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com"}
)
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ESCAPE = "name credentials in the provider, or set DOCKER_CONFIG to another folder"


def docker_credentials(host: str, environment: Mapping[str, str] = os.environ) -> Credentials | None:
    """What Docker's configuration holds for `host` (`ghcr.io`, `localhost:5000`); null where it holds nothing.

    Asked are the host's credential helper, the general credential store, then the file itself. Raises
    `ConfigurationError` where the file or a helper is broken.
    """
    path = _config_path(environment)
    config = _read(path) if path else None
    if path is None or config is None:
        return None
    key = _DOCKER_HUB_KEY if host in _DOCKER_HUB_HOSTS else host
    helpers = _mapping(config, "credHelpers")
    helper = helpers.get(host) or helpers.get(key) or config.get("credsStore")
    found = _ask_helper(str(helper), key, environment) if helper else None
    return found or _from_file(_mapping(config, "auths"), key, path)


def _config_path(environment: Mapping[str, str]) -> Path | None:
    if folder := environment.get("DOCKER_CONFIG"):
        return Path(folder) / "config.json"
    home = environment.get("HOME") or environment.get("USERPROFILE")
    return Path(home) / ".docker" / "config.json" if home else None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        config = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(f"it cannot be read ({error.strerror}); {_ESCAPE}", str(path)) from None
    except (ValueError, RecursionError):
        raise ConfigurationError(f"it is no JSON; {_ESCAPE}", str(path)) from None
    if not isinstance(config, dict):
        raise ConfigurationError(f"it must be a JSON object; {_ESCAPE}", str(path))
    return config


def _mapping(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = config.get(name)
    return value if isinstance(value, dict) else {}


def _host_of(key: str) -> str:
    """Keys of `auths` come as a host, or as a URL with a path."""
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _from_file(auths: Mapping[str, Any], key: str, path: Path) -> Credentials | None:
    entry = auths.get(key) or next((auths[each] for each in sorted(auths) if _host_of(each) == _host_of(key)), None)
    if not isinstance(entry, dict):
        return None
    username, password = _decode(entry.get("auth"), _host_of(key), path)
    if token := entry.get("identitytoken"):
        return Credentials("identity", username or None, SecretStr(str(token)), str(path))
    if token := entry.get("registrytoken"):
        return Credentials("token", None, SecretStr(str(token)), str(path))
    username, password = username or str(entry.get("username") or ""), password or str(entry.get("password") or "")
    return Credentials("password", username, SecretStr(password), str(path)) if username and password else None


def _decode(auth: object, host: str, path: Path) -> tuple[str, str]:
    if not auth or not isinstance(auth, str):
        return "", ""
    try:
        username, _, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ConfigurationError(
            f"the entry for {host} is damaged; run `docker login {host}` again", str(path)
        ) from None
    # Docker pads what it writes with NUL.
    return username, password.rstrip("\0")


def _ask_helper(helper: str, key: str, environment: Mapping[str, str]) -> Credentials | None:
    """What `docker-credential-HELPER get` answers. Its output is never shown: it may hold the secret."""
    program = f"docker-credential-{helper}"
    executable = shutil.which(program, path=environment.get("PATH")) if _HELPER_NAME.fullmatch(helper) else None
    if executable is None:
        raise ConfigurationError(f"Docker's configuration asks `{program}` for {key}: it is not installed; {_ESCAPE}")
    try:
        answer = subprocess.run(
            [executable, "get"],
            input=key.encode(),
            env=dict(environment),
            capture_output=True,
            timeout=HELPER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"`{program} get` did not answer in {HELPER_SECONDS:g} seconds; {_ESCAPE}") from None
    except OSError as error:
        raise ConfigurationError(f"`{program}` cannot be run ({error.strerror}); {_ESCAPE}") from None
    if answer.returncode and b"credentials not found" in answer.stdout + answer.stderr:
        return None
    if answer.returncode:
        raise ConfigurationError(f"`{program} get` failed for {key} (exit status {answer.returncode}); {_ESCAPE}")
    return _parse_answer(answer.stdout, program)


def _parse_answer(body: bytes, program: str) -> Credentials | None:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ConfigurationError(f"`{program} get` did not answer with a JSON object; {_ESCAPE}")
    username, secret = str(answer.get("Username") or ""), str(answer.get("Secret") or "")
    if not secret:
        return None
    if username in ("", "<token>"):
        return Credentials("identity", None, SecretStr(secret), program)
    return Credentials("password", username, SecretStr(secret), program)
