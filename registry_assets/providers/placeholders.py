"""`${VAR}` and `${VAR:-default}` in a text; `$${` is a literal `${`, any other `$` stands for itself."""

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\})?")


def has_placeholder(text: str) -> bool:
    """Whether `text` needs expanding: a `${` is in it, also an escaped one."""
    return "${" in text


def is_malformed(text: str) -> bool:
    """Whether a `${` in `text` does not begin a variable."""
    return any(match[0] == "${" for match in _PLACEHOLDER.finditer(text))


def unset_variables(text: str, environment: Mapping[str, str]) -> list[str]:
    """The variables of `text` that are not set, or empty, and have no default."""
    return [
        match["name"]
        for match in _PLACEHOLDER.finditer(text)
        if match["name"] and match["default"] is None and not environment.get(match["name"])
    ]


def expand(text: str, environment: Mapping[str, str]) -> str:
    """`text` with its variables replaced; an unset one without default becomes nothing."""

    def replace(match: re.Match[str]) -> str:
        if not match["name"]:
            return "${"
        return environment.get(match["name"]) or (match["default"] or ":-")[2:]

    return _PLACEHOLDER.sub(replace, text)
