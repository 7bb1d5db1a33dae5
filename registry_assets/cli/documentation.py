"""The pages of docs/ that are written from the code: `python -m registry_assets.cli.documentation`."""

import sys
from collections.abc import Iterator

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from registry_assets.cli.main import app
from registry_assets.errors import RegistryAssetsError
from registry_assets.providers.file import project_folder
from registry_assets.warehouse import describe_tables

TABLES_HEAD = """# Tables

What `data/registry.duckdb` holds, from the comments in the database itself (`make docs` writes this page). Open it
read-only. `repository` is always the full name; times are UTC; sizes are bytes, compressed. Keys repeat under the same
names, so `USING (provider, repository)` joins. Questions with their SQL: [queries.md](queries.md).
"""

TROUBLESHOOTING_HEAD = """# Troubleshooting

`registry-assets status` shows what could not be read; so do the asset pages of the Dagster UI and the table
`crawl_problems`, whose column `error` is one of the classes below. `registry-assets check --online` asks each registry
and says what is wrong. This page is written from the code (`make docs`).

## Repositories are missing

1. `registry-assets preview PROVIDER` says of each repository by which rule it is taken or left out. Patterns must match
   in full: `api` does not match `my-api`, `.*api.*` does.
2. A registry shows a catalog only what the credentials may read. GHCR has none, and neither has Docker Hub beyond
   namespaces: name what you want in `repository_pattern` (`^(app-frontend|app-backend)$`) or in `repositories`.
3. `registry-assets status` names lists that could not be read to their end. What was known of them is kept.

## A removal is held back

Where complete lists lack more than half of what was there (from 20 up), or a catalog is suddenly empty, nothing is
removed and the check `removals_confirmed` fails. If it is right: `registry-assets crawl PROVIDER --accept-removals`.

## Each error, what it means, what to do

| error | meaning | what to do |
|---|---|---|
"""


def tables_page() -> str:
    """docs/tables.md."""
    return TABLES_HEAD + "".join(
        f"\n## `{name}`\n\n{table.comment}\n\n| column | type | meaning |\n|---|---|---|\n"
        + "".join(f"| `{column.name}` | {column.type} | {column.comment} |\n" for column in table.columns)
        for name, table in describe_tables().items()
    )


def troubleshooting_page() -> str:
    """docs/troubleshooting.md."""
    rows = (
        f"| `{error.__name__}` | {(error.__doc__ or '').splitlines()[0]} | {error.advice} |\n"
        for error in _errors(RegistryAssetsError)
    )
    return TROUBLESHOOTING_HEAD + "".join(rows)


def commands_page() -> str:
    """docs/commands.md."""
    command = get_command(app)
    context = typer.Context(command, info_name="registry-assets")
    return get_docs_for_click(obj=command, ctx=context, name="registry-assets", title="Commands").strip() + "\n"


def pages() -> dict[str, str]:
    """Every generated page by its path below the project."""
    return {
        "docs/tables.md": tables_page(),
        "docs/troubleshooting.md": troubleshooting_page(),
        "docs/commands.md": commands_page(),
    }


def _errors(base: type[RegistryAssetsError]) -> Iterator[type[RegistryAssetsError]]:
    for error in base.__subclasses__():
        yield error
        yield from _errors(error)


def main() -> None:
    """Writes the pages."""
    for path, page in pages().items():
        (project_folder() / path).write_text(page, encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
