"""What no single option can tell: whether the options of a provider go together."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from registry_assets.providers.placeholders import has_placeholder, is_malformed
from registry_assets.providers.registry_types import REGISTRY_TYPES, RegistryType
from registry_assets.providers.urls import url_problem

Finding = tuple[tuple[str | int, ...], str]


def check_options(config: Mapping[str, Any], *, expanded: bool) -> Iterator[Finding]:
    """What is wrong between the options under `config`, as paths below it. Before expansion `${VAR}` passes."""
    named = config.get("registry_type") or "docker-hub"
    registry_type = REGISTRY_TYPES.get(named) if isinstance(named, str) else None
    if registry_type is None:
        return
    yield from _check_credentials(config, registry_type)
    token = config.get("token")
    if isinstance(token, str) and any(character.isspace() or not character.isprintable() for character in token):
        yield ("token",), "must not hold spaces or line breaks"
    yield from _check_url(config, registry_type, expanded=expanded)


def _check_credentials(config: Mapping[str, Any], registry_type: RegistryType) -> Iterator[Finding]:
    username, password, token = (config.get(name) not in (None, "") for name in ("username", "password", "token"))
    if not (username or password or token):
        return
    if not registry_type.takes_credentials:
        yield (), f"registry_type {registry_type.name} takes no username, password or token"
    elif password and token:
        yield (), "give password or token, not both"
    elif password and not username:
        yield ("password",), "needs a username"
    elif username and not (password or token):
        yield ("username",), "needs a password or a token"
    elif token and not username and not registry_type.token_alone:
        yield ("token",), f"needs the username that it belongs to: {registry_type.title} takes no token alone"


def _check_url(config: Mapping[str, Any], registry_type: RegistryType, *, expanded: bool) -> Iterator[Finding]:
    api_url = config.get("api_url") or registry_type.default_api_url
    if not api_url:
        need = f"registry_type {registry_type.name} has no default"
        yield ("api_url",), f"is required: {need}; write for example {registry_type.example_api_url}"
    if not isinstance(api_url, str) or not api_url or (has_placeholder(api_url) and not expanded):
        return
    if registry_type.is_directory:
        if "://" in api_url or "\0" in api_url:
            yield ("api_url",), f"must be a directory such as {registry_type.example_api_url}, not a URL"
    elif problem := url_problem(api_url):
        yield ("api_url",), problem
    else:
        yield from _check_hosts(config, urlsplit(api_url).netloc.lower())


def _check_hosts(config: Mapping[str, Any], host: str) -> Iterator[Finding]:
    repositories = config.get("repositories")
    for index, name in enumerate(repositories if isinstance(repositories, list | tuple) else ()):
        if isinstance(name, str) and name.startswith(f"{host}/"):
            yield ("repositories", index), "must not begin with the registry's host"


def check_placeholders(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Finding]:
    """Where a `${` begins no variable."""
    if isinstance(value, str) and is_malformed(value):
        yield path, "`${` must begin `${NAME}` or `${NAME:-default}`; a literal one is written `$${`"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from check_placeholders(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from check_placeholders(item, (*path, index))
