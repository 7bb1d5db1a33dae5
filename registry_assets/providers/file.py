"""providers.yaml: where it is, and what it says once every fault in it has been ruled out."""

import hashlib
import os
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from registry_assets.errors import ConfigurationError, Problem
from registry_assets.providers import document
from registry_assets.providers.document import Document, read_document
from registry_assets.providers.models import Provider, slug_of
from registry_assets.providers.options import Options
from registry_assets.providers.problems import Finding, findings
from registry_assets.providers.rules import check_options, check_placeholders

PROVIDERS_VARIABLE, DATA_VARIABLE = "REGISTRY_PROVIDERS", "REGISTRY_DATA_DIR"

_SAMPLE = Path("examples", "sample-providers.yaml")


class ProvidersFile(Options):
    """The whole file."""

    providers: tuple[Provider, ...] = Field(description="The registries to take an inventory of")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a providers file says. `fingerprint` is the sha256 of its bytes, hexadecimal."""

    path: Path
    providers: tuple[Provider, ...]
    fingerprint: str

    def provider(self, name: str) -> Provider:
        """The provider of that name; `ConfigurationError` naming those that there are."""
        for provider in self.providers:
            if provider.name == name:
                return provider
        names = ", ".join(provider.name for provider in self.providers)
        raise ConfigurationError(f"there is no provider `{name}`; the file has {names}", str(self.path))

    def is_current(self, environment: Mapping[str, str] = os.environ) -> bool:
        """Whether the file says what it said when it was loaded, and is still the one to load. Never raises."""
        superseded = self.path == _bundled_sample() and self.path != _chosen_path(environment)
        return not superseded and fingerprint_of(self.path) == self.fingerprint


def project_folder() -> Path:
    """What paths are relative to: the checkout's folder, or of an installed package the working directory."""
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the database and of Dagster's records: `REGISTRY_DATA_DIR`, else `data` in the project's folder.

    The default does not depend on the working directory, or each would have a history of its own.
    """
    named = environment.get(DATA_VARIABLE)
    return Path(named).expanduser().absolute() if named else project_folder() / "data"


def providers_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The providers file: `REGISTRY_PROVIDERS`, else `providers.yaml`, else the bundled sample.

    A relative path is looked for in the working directory, then in the project's folder.
    """
    path = _chosen_path(environment)
    if not path.is_file() and not environment.get(PROVIDERS_VARIABLE):
        hint = f"create it, or name another in {PROVIDERS_VARIABLE}"
        raise ConfigurationError(f"there is no such file; {hint}", str(path))
    return path


def _chosen_path(environment: Mapping[str, str]) -> Path:
    named = environment.get(PROVIDERS_VARIABLE)
    here = Path(named or "providers.yaml").expanduser().absolute()
    path = here if here.is_file() else project_folder() / Path(named or "providers.yaml").expanduser()
    return path if named or path.is_file() else _bundled_sample() or path


def _bundled_sample() -> Path | None:
    installed = Path(sysconfig.get_path("data"), "share", "registry-assets")
    return next((folder / _SAMPLE for folder in (project_folder(), installed) if (folder / _SAMPLE).is_file()), None)


def fingerprint_of(path: Path) -> str | None:
    """The sha256 of the file's bytes, null where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def load_configuration(path: Path | None = None) -> Configuration:
    """The configuration of `path`, by default of `providers_path()`.

    Raises `ConfigurationError` with every fault found. No variable is expanded: see `variables.resolve`.
    """
    path = path or providers_path()
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError("there is no such file", str(path)) from None
    except OSError as error:
        raise ConfigurationError(f"the file cannot be read: {error.strerror}", str(path)) from None
    providers, problems = parse_providers(body)
    if problems:
        raise ConfigurationError(problems, str(path))
    folder = path.absolute().parent
    placed = tuple(provider.placed(folder) for provider in providers)
    return Configuration(path, placed, hashlib.sha256(body).hexdigest())


def parse_providers(body: bytes) -> tuple[tuple[Provider, ...], list[Problem]]:
    """The providers that the bytes of a file describe, or everything that is wrong with them, by line."""
    read = read_document(body)
    structure = None if read.problems and read.content is None else _structural_problem(read)
    if structure is not None or read.content is None:
        return (), [*read.problems, *([structure] if structure else [])]
    try:
        providers = ProvidersFile.model_validate(read.content).providers
        faults: list[Finding] = []
    except ValidationError as error:
        providers, faults = (), list(findings(error, read.content))
    faults.extend(_findings_between(read.content["providers"]))
    problems = {str(problem): problem for problem in (*read.problems, *(read.problem(*fault) for fault in faults))}
    return providers, sorted(problems.values(), key=lambda problem: problem.line or 0)


def _structural_problem(read: Document) -> Problem | None:
    """What keeps the file from being looked at any further."""
    content = read.content
    if content is None:
        return Problem("", "the file is empty; it must hold `providers:` and a list, as in providers.example.yaml")
    if not isinstance(content, dict):
        return read.problem((), "the file must begin with `providers:`, and the list belongs under that")
    providers = content.get("providers")
    if providers is None and "providers" not in content:
        near = ", ".join(f"`{document.shown_key(key)}`" for key in content)
        return read.problem((), f"`providers` is missing; the file holds {near or 'nothing'}")
    if not providers:
        return read.problem(("providers",), "there are no providers; add one, as in providers.example.yaml")
    if not isinstance(providers, list):
        return read.problem(("providers",), "must be a list: each provider begins with `- name:`")
    return None


def _findings_between(providers: list[Any]) -> Iterator[Finding]:
    """Faults that no single option shows: clashing names, options that do not go together, broken `${`."""
    names: dict[str, tuple[int, str]] = {}
    for index, provider in enumerate(providers):
        if not isinstance(provider, dict):
            continue
        name = provider.get("name")
        if isinstance(name, str):
            first, other = names.setdefault(slug_of(name), (index, name))
            if first != index:
                difference = "" if other == name else f", which differs from `{name}` only in punctuation"
                yield ("providers", index, "name"), f"providers[{first}] is already named `{other}`{difference}"
        config = provider.get("config") or {}
        if isinstance(config, dict):
            for path, message in (*check_options(config, expanded=False), *check_placeholders(config)):
                yield ("providers", index, "config", *path), message
