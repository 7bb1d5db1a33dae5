"""JSON documents and the values in them, in a form that every table and terminal can hold."""

import json
import re
from typing import Any, NoReturn

from registry_assets.errors import MalformedDocument
from registry_assets.oci.digest import is_digest

JsonObject = dict[str, Any]

LARGEST_INTEGER = 2**63 - 1
# NUL ends strings in C, and half a surrogate pair has no UTF-8 form.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def parse_object(body: bytes | str, what: str) -> JsonObject:
    """The JSON object in `body`; of duplicate keys the last wins. `what` names the document in the error."""
    try:
        value = json.loads(body if isinstance(body, str) else body.decode(), parse_constant=_refuse_constant)
    except RecursionError:
        raise MalformedDocument(f"the {what} is nested too deeply") from None
    except ValueError as error:
        raise MalformedDocument(f"the {what} is not JSON: {error!s:.200}") from None
    if not isinstance(value, dict):
        raise MalformedDocument(f"the {what} is JSON, but not an object")
    return value


def clean(text: str) -> str:
    """The text with U+FFFD for each character that cannot be stored."""
    return _UNSTORABLE.sub("\ufffd", text)


def text_or_none(value: object) -> str | None:
    """The text, or None for an empty one and for anything else."""
    return clean(value) if isinstance(value, str) and value else None


def text_map(value: object) -> dict[str, str]:
    """A map of strings with sorted keys. Numbers and booleans are written as in JSON; other values are left out."""
    if not isinstance(value, dict):
        return {}
    texts = ((clean(key), _scalar_text(item)) for key, item in value.items())
    return dict(sorted((key, text) for key, text in texts if text is not None))


def object_or_empty(value: object) -> JsonObject:
    """The JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_or_empty(value: object, where: str) -> list[Any]:
    """The JSON array; null and a missing one are empty (Go writes an empty list as null)."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedDocument(f"{where} is not a list")
    return value


def digest_in(value: object, where: str) -> str:
    """The digest that must stand at `where`."""
    if isinstance(value, str) and is_digest(value):
        return value
    raise MalformedDocument(f"{where} is no digest: {_shown(value)}")


def size_in(value: object, where: str) -> int | None:
    """The size in bytes at `where`, None where it is missing. A wrong one is refused: totals would be wrong."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedDocument(f"{where} is not a whole number: {_shown(value)}")
    if not 0 <= value <= LARGEST_INTEGER:
        raise MalformedDocument(f"{where} is {'negative' if value < 0 else 'beyond 2^63-1'}")
    return value


def _scalar_text(value: object) -> str | None:
    if isinstance(value, str):
        return clean(value)
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _shown(value: object) -> str:
    """A value for an error message; a container only by its type, since it may be nested too deeply to print."""
    return f"{value!r:.100}" if isinstance(value, str | int | float | None) else type(value).__name__


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
