"""A provider as a crawl needs it: `${VAR}` expanded, every option checked again, relative paths made absolute."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from registry_assets.errors import ConfigurationError, Problem
from registry_assets.providers.document import path_text
from registry_assets.providers.models import REGISTRY_TYPES, Provider, ProviderConfig
from registry_assets.providers.options import EXPANDED
from registry_assets.providers.placeholders import expand, unset_variables
from registry_assets.providers.problems import Finding, findings
from registry_assets.providers.rules import check_options

_LITERAL = frozenset({"registry_type"})


def resolve(provider: Provider, environment: Mapping[str, str] = os.environ) -> Provider:
    """The provider with its variables expanded; a resolved one as it is.

    Raises `ConfigurationError` that names provider, option and variable, with every problem at once.
    """
    if provider.is_resolved:
        return provider
    written = provider.config.written()
    _raise_for(provider, _unset(written, environment))
    expanded = {
        name: value if name in _LITERAL else _change_texts(value, lambda text: expand(text, environment))
        for name, value in written.items()
    }
    try:
        config = ProviderConfig.model_validate(expanded, context=EXPANDED)
    except ValidationError as error:
        _raise_for(provider, findings(error, written))
        raise
    _raise_for(provider, check_options(expanded, expanded=True))
    resolved = provider.model_copy(update={"config": _with_absolute_paths(provider, config)})
    return resolved.placed(provider.folder, resolved=True)


def _raise_for(provider: Provider, found: Iterator[Finding]) -> None:
    problems = [Problem(path_text((provider.name, "config", *path)), message) for path, message in found]
    if problems:
        raise ConfigurationError(problems)


def _unset(written: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[Finding]:
    for path, text in _texts(written):
        for variable in unset_variables(text, environment) if path[0] not in _LITERAL else ():
            yield path, f"the environment variable {variable} is not set (or empty)"


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


def _change_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _change_texts(item, change) for key, item in value.items()}
    return [_change_texts(item, change) for item in value] if isinstance(value, list) else value


def _with_absolute_paths(provider: Provider, config: ProviderConfig) -> ProviderConfig:
    changes: dict[str, str] = {}
    if REGISTRY_TYPES[config.registry_type].is_directory:
        changes["api_url"] = str(_absolute(provider.folder, config.api_url))
    if config.ca_bundle:
        bundle = _absolute(provider.folder, config.ca_bundle)
        if not bundle.is_file():
            _raise_for(provider, iter([(("ca_bundle",), f"there is no file {bundle}")]))
        changes["ca_bundle"] = str(bundle)
    return config.model_copy(update=changes) if changes else config


def _absolute(folder: Path, text: str) -> Path:
    path = Path(text)
    if text.startswith("~/"):
        path = path.expanduser()
    return Path(os.path.normpath(folder.absolute() / path))
