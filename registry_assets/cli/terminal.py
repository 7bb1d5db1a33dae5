"""Text and tables from a registry on a terminal."""

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
    """One value: times to the second, dates without one, lists without the quotes."""
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d" if value.tz is None else "%Y-%m-%d %H:%M:%S")
    if not isinstance(value, str) and hasattr(value, "__len__"):
        items = value.items() if isinstance(value, dict) else value
        return printable(
            ", ".join("=".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in items)
        )
    return "" if pd.isna(value) else printable(str(value))
