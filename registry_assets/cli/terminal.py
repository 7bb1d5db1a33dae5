"""Text and tables from a registry on a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import pandas as pd


def printable(text: str) -> str:
    """The text without the power to steer the terminal: control characters and direction marks appear as codes."""
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}" for character in text
    )


def print_table(rows: "pd.DataFrame") -> None:
    """The rows, nothing where a value is missing."""
    if rows.empty:
        typer.echo("no rows")
        return
    typer.echo(rows.map(_cell).to_markdown(index=False, tablefmt="simple", disable_numparse=True))


def _cell(value: object) -> str:
    """One value: times to the second, dates without one, lists and maps without brackets."""
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d" if value.tz is None else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, dict):
        return printable(", ".join(f"{key}={item}" for key, item in value.items()))
    if isinstance(value, Iterable) and not isinstance(value, str):
        return printable(", ".join(str(item) for item in value))
    missing: bool = pd.isna(value)  # type: ignore[call-overload]
    return "" if missing else printable(str(value))
