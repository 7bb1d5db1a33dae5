"""Which of two tags is the newer, by push time or by what their names say."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

TAG_ORDERS = ("auto", "pushed", "semver", "registry")

_VERSION = re.compile(
    r"[vV]?(?P<numbers>[0-9]+(?:\.[0-9]+)*)"
    r"(?P<suffix>(?:[-_.+]|(?:a|b|c|rc|alpha|beta|dev|pre)[0-9]*(?![A-Za-z0-9])).*)?"
)
_TOKEN = re.compile(r"[0-9]+|[A-Za-z]+")
_PRE_RELEASES = frozenset(
    {"a", "alpha", "b", "beta", "c", "rc", "cr", "dev", "devel", "pre", "preview", "prerelease", "snapshot", "nightly"}
    | {"canary", "next", "m", "milestone", "ea", "test", "unstable", "experimental"}
)
_NEVER = datetime.min.replace(tzinfo=UTC)

_PRE_RELEASE, _VARIANT, _RELEASE, _REVISION = range(4)
_WITHOUT_DIGIT, _IS_VERSION, _OTHER = range(3)

Number = tuple[int, str]
Token = tuple[int, Number, str]


class TagName(NamedTuple):
    """A tag as a registry lists it; `pushed_at` (aware) is null where the registry does not tell."""

    tag: str
    pushed_at: datetime | None = None


class Version(NamedTuple):
    """What a tag says about its age; compares as versions do, older first."""

    numbers: tuple[Number, ...]
    stage: int
    suffix: tuple[Token, ...]


def parse_version(tag: str) -> Version | None:
    """The version that `tag` names (`1.27`, `v2.0.0-rc.1`, `1.27-alpine3.20`, `2024-01-15`), else null."""
    match = _VERSION.fullmatch(tag)
    if match is None:
        return None
    numbers = [_number(part) for part in match["numbers"].split(".")]
    while numbers and not numbers[-1][0]:
        numbers.pop()
    suffix = tuple(_token(part) for part in _TOKEN.findall(match["suffix"] or ""))
    return Version(tuple(numbers), _stage(suffix), suffix)


def _number(digits: str) -> Number:
    significant = digits.lstrip("0")
    return len(significant), significant


def _token(part: str) -> Token:
    return (0, _number(part), "") if part[0] in "0123456789" else (1, (0, ""), part.lower())


def _stage(suffix: Sequence[Token]) -> int:
    if any(word in _PRE_RELEASES for _, _, word in suffix):
        return _PRE_RELEASE
    if not suffix:
        return _RELEASE
    return _VARIANT if suffix[0][2] else _REVISION


def order_tags(tags: Sequence[TagName], order: str = "auto") -> tuple[tuple[str, ...], str]:
    """The tags newest first, and the order that was used: `pushed`, `semver` or `registry`.

    `auto` and `pushed` use push times where the registry tells any, else what the names say. `semver` puts names
    without a digit first (`latest` leading), then versions, newest first, then the rest by name. Ties go by name, so
    that the same tags in any sequence come out the same; `registry` keeps the sequence.
    """
    if order == "registry":
        return tuple(tag for tag, _ in tags), "registry"
    by_name = sort_by_name(tag for tag, _ in tags)
    if order == "semver" or all(pushed_at is None for _, pushed_at in tags):
        return tuple(by_name), "semver"
    pushed = dict(tags)
    return tuple(sorted(by_name, key=lambda tag: pushed[tag] or _NEVER, reverse=True)), "pushed"


def sort_by_name(tags: Iterable[str]) -> list[str]:
    """Newest first by what the names say."""
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    versions: dict[str, Version] = {}
    for tag in sorted(tags):
        version = parse_version(tag)
        if version is not None:
            versions[tag] = version
        groups[_group(tag, version)].append(tag)
    without_digit, numbered, others = groups
    # Sorting is stable, also in reverse: equal versions stay in the order of their names.
    numbered.sort(key=versions.__getitem__, reverse=True)
    return [*sorted(without_digit, key=lambda tag: tag != "latest"), *numbered, *others]


def _group(tag: str, version: Version | None) -> int:
    if version is not None:
        return _IS_VERSION
    return _OTHER if any(digit in tag for digit in "0123456789") else _WITHOUT_DIGIT
