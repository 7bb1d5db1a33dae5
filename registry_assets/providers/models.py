"""The options of providers.yaml. Their descriptions are the documentation's: see `documentation`."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, ValidationInfo, field_validator

from registry_assets.oci.reference import is_repository_name
from registry_assets.providers.options import Options, Switch, is_expanded, whole_number
from registry_assets.providers.patterns import compile_pattern
from registry_assets.providers.placeholders import has_placeholder
from registry_assets.providers.registry_types import REGISTRY_TYPES
from registry_assets.providers.tag_order import TAG_ORDERS
from registry_assets.providers.urls import normalise_url

__all__ = ["REGISTRY_TYPES", "Provider", "ProviderConfig", "Selector"]

PROVIDER_TYPES = ("docker", "docker.molecules.devgraph.ai")

_PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _pattern(*, ignore_case: bool) -> AfterValidator:
    def validate(value: str, info: ValidationInfo) -> str:
        if is_expanded(info) or not has_placeholder(value):
            compile_pattern(value, ignore_case=ignore_case)
        return value

    return AfterValidator(validate)


def _one_of(*names: str) -> AfterValidator:
    def validate(value: str, info: ValidationInfo) -> str:
        if value not in names and (is_expanded(info) or not has_placeholder(value)):
            raise ValueError(f"must be one of {', '.join(names)}")
        return value

    return AfterValidator(validate)


def _registry_type(value: str) -> str:
    if value not in REGISTRY_TYPES:
        hint = "; variables are not expanded here" if has_placeholder(value) else ""
        raise ValueError(f"must be one of {', '.join(REGISTRY_TYPES)}{hint}")
    return value


def _repository(value: str, info: ValidationInfo) -> str:
    if (is_expanded(info) or not has_placeholder(value)) and not is_repository_name(value):
        raise ValueError("must be a repository's full name such as `myorg/app`: lower case, no host, no tag")
    return value


def _tag_entry(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


NamePattern = Annotated[str, _pattern(ignore_case=True)]
TagPattern = Annotated[str, AfterValidator(_tag_entry), _pattern(ignore_case=False)]


class Selector(Options):
    """Which repositories and tags to take. An empty selector takes every repository and the newest 10 tags of each."""

    not_text: ClassVar[frozenset[str]] = frozenset({"max_tags"})

    namespace_pattern: NamePattern = Field(
        default=".*", description="Regex pattern for namespaces; must match in full, ignores case"
    )
    repository_pattern: NamePattern = Field(
        default=".*",
        description="Regex pattern for repository names, with or without the namespace; in full, ignores case",
    )
    include_tags: tuple[TagPattern, ...] = Field(
        default=(), description="Tags to include: exact tags, or patterns that must match in full; empty for all"
    )
    exclude_tags: tuple[TagPattern, ...] = Field(
        default=(), description="Patterns of tags to exclude, also from those included; must match in full"
    )
    max_tags: Annotated[int, whole_number(0)] = Field(
        default=10, description="How many tags per repository at most, the newest that pass the filters; 0 for all"
    )


def _default_api_url(data: dict[str, Any]) -> str:
    registry_type = REGISTRY_TYPES.get(data.get("registry_type", ""))
    return (registry_type.default_api_url if registry_type else None) or ""


class ProviderConfig(Options):
    """The options under `config`. `${VAR}` and `${VAR:-default}` expand here when a crawl starts."""

    not_text: ClassVar[frozenset[str]] = frozenset({"timeout", "discover_vulnerabilities", "concurrency", "verify_tls"})
    empty_is_unset: ClassVar[bool] = True

    namespace: str = Field(default="default", description="Namespace of the created entities")
    registry_type: Annotated[str, AfterValidator(_registry_type)] = Field(
        default="docker-hub", description=f"One of {', '.join(f'`{name}`' for name in REGISTRY_TYPES)}"
    )
    api_url: str = Field(
        default_factory=_default_api_url,
        description="Base URL of the registry, or a directory for `oci-layout`; required where the type has no default",
    )
    username: str | None = Field(default=None, description="User name, with `password` or `token`")
    password: SecretStr | None = Field(default=None, description="Password of `username`")
    token: SecretStr | None = Field(
        default=None, description="Registry token, alone or with `username`; see the credentials of each type"
    )
    timeout: Annotated[int, whole_number(1)] = Field(default=30, description="Seconds that a request may take")
    discover_vulnerabilities: Switch = Field(default=False, description="Ask for vulnerability data as well")
    selectors: tuple[Selector, ...] = Field(
        default=(Selector(),),
        description="What to take, as alternatives; by default `[{}]`, one selector that takes all",
    )
    repositories: tuple[Annotated[str, AfterValidator(_repository)], ...] = Field(
        default=(),
        description="Full names of repositories to ask for instead of the catalog; the selectors filter them too",
    )
    tag_order: Annotated[str, _one_of(*TAG_ORDERS)] = Field(
        default="auto", description=f"What makes a tag newer: {', '.join(f'`{order}`' for order in TAG_ORDERS)}"
    )
    concurrency: Annotated[int, whole_number(1, 64)] | None = Field(
        default=None, description="Requests at once, 1 to 64; by default what suits the registry type"
    )
    ca_bundle: str | None = Field(
        default=None, description="File with the certificates (PEM) to trust; relative to the providers file's folder"
    )
    verify_tls: Switch = Field(default=True, description="Whether to check the registry's certificate")

    @field_validator("selectors")
    @classmethod
    def _at_least_one(cls, value: tuple[Selector, ...]) -> tuple[Selector, ...]:
        if not value:
            raise ValueError("an empty list selects nothing; leave the option out to select everything")
        return value

    @field_validator("api_url")
    @classmethod
    def _normalise(cls, value: str, info: ValidationInfo) -> str:
        registry_type = REGISTRY_TYPES.get(info.data.get("registry_type", ""))
        is_path = registry_type is not None and registry_type.is_directory
        return value if is_path or (has_placeholder(value) and not is_expanded(info)) else normalise_url(value)


class Provider(Options):
    """One entry of `providers`. Before `variables.resolve` its texts still hold `${VAR}`."""

    name: str = Field(description="Name of the provider: letters, digits, `.`, `_`, `-`; unique")
    type: Annotated[str, _one_of(*PROVIDER_TYPES)] = Field(
        default="docker", description=f"{' or '.join(f'`{name}`' for name in PROVIDER_TYPES)}"
    )
    every: Annotated[int, whole_number(1)] = Field(default=300, description="Seconds between two polls")
    config: ProviderConfig = Field(default_factory=ProviderConfig, description="The options below")

    _folder: Path = PrivateAttr(default_factory=Path)
    _resolved: bool = PrivateAttr(default=False)

    @field_validator("name")
    @classmethod
    def _well_formed(cls, value: str) -> str:
        if not _PROVIDER_NAME.fullmatch(value):
            raise ValueError("must begin with a letter or digit and hold only letters, digits, `.`, `_` and `-`")
        return value

    @property
    def slug(self) -> str:
        """The name with every character that Dagster's names do not allow as `_`."""
        return slug_of(self.name)

    @property
    def folder(self) -> Path:
        """The folder of the providers file: what relative paths are relative to."""
        return self._folder

    @property
    def is_resolved(self) -> bool:
        """Whether the variables have been expanded."""
        return self._resolved

    def placed(self, folder: Path, *, resolved: bool = False) -> Self:
        """The same provider, its relative paths relative to `folder`."""
        copy = self.model_copy()
        copy._folder, copy._resolved = folder, resolved  # noqa: SLF001 - a copy of its own kind
        return copy


def slug_of(name: str) -> str:
    """`docker-hub` → `docker_hub`."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)
