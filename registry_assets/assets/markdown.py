"""Tables as Markdown for the Dagster UI. Text from a registry stays text: it cannot end a cell, a line or a tag."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import pandas as pd

MAX_CELL = 80
# Whatever could mean something to Markdown or HTML; a numeric character reference is always plain text.
SPECIAL = str.maketrans({character: f"&#{ord(character)};" for character in "&<>|`\\*_[]{}()#!~\"'"})


def table(rows: Iterable[Sequence[object]], headers: Sequence[str]) -> str:
    """A Markdown table of escaped cells, or `none` where there are no rows."""
    lines = [line(map(cell, row)) for row in rows]
    # Not padded to columns: it is stored with every run, and nobody reads its source.
    return "\n".join([line(headers), line("-" * len(headers)), *lines]) if lines else "none"


def line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def frame_table(frame: pd.DataFrame) -> str:
    """A data frame as a Markdown table, without the columns that are empty throughout."""
    columns = [column for column in frame.columns if not all(is_empty(value) for value in frame[column])]
    rows = frame[columns].astype(object).itertuples(index=False, name=None)
    return table(rows, columns)


def cell(value: object) -> str:
    """One value as one escaped line of at most 80 characters."""
    return shorten(printable(plain(value))).translate(SPECIAL)


def shorten(text: str) -> str:
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def printable(text: str) -> str:
    """The text in one line: without control characters and marks that turn the writing direction."""
    # Cut first: a label may hold a megabyte.
    one_line = (" " if character.isspace() else character for character in text[: 4 * MAX_CELL])
    return "".join(character for character in one_line if not unicodedata.category(character).startswith("C")).strip()


def plain(value: object) -> str:
    """A DuckDB value as people write it: maps as `key=value`, times to the second, nothing for null."""
    if is_empty(value):
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return ", ".join(str(item) for item in value)


def is_empty(value: object) -> bool:
    """Null in any of pandas' spellings, or a list or map without entries."""
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return bool(pd.isna(value))  # type: ignore[call-overload]
    return len(value) == 0
