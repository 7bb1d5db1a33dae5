"""`registry-assets status`, `sql` and `forget`: what the warehouse holds, and letting go of a part of it."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry_assets.cli.terminal import print_table, printable

if TYPE_CHECKING:
    import pandas as pd

    from registry_assets.warehouse import Warehouse

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

STATUS = """SELECT provider, last_attempt_at, last_complete_at, stale, open_problems
FROM provider_status ORDER BY provider"""
PROBLEMS = """SELECT provider, stage, repository, reference, status_code, error, message, advice, first_at
FROM crawl_problems WHERE resolved_at IS NULL ORDER BY provider, stage, repository, reference"""


def status(*, as_json: Json = False) -> None:
    """One row per provider: last crawl, whether it is stale, and its open problems with what to do."""
    warehouse = _warehouse()
    providers, problems = warehouse.query(STATUS), warehouse.query(PROBLEMS)
    if as_json:
        typer.echo(json.dumps({"providers": _records(providers), "problems": _records(problems)}, indent=2))
        return
    print_table(providers)
    for problem in _records(problems):
        where = " ".join(problem[part] for part in ("provider", "stage", "repository", "reference") if problem[part])
        typer.echo(printable(f"\n{where}: {problem['message']}\n  → {problem['advice']}"))
    for name in _left_behind(providers["provider"]):
        typer.echo(f"\n{name} is not in the providers file; `registry-assets forget {name}` deletes its rows")


def sql(
    statement: Annotated[str, typer.Argument(help="A SELECT over the tables of docs/tables.md.")],
    *,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Ask the published warehouse, read-only."""
    rows = _warehouse().query(statement)
    if as_csv:
        typer.echo(rows.to_csv(index=False), nl=False)
    elif as_json:
        typer.echo(json.dumps(_records(rows), indent=2))
    else:
        print_table(rows)


def forget(
    provider: Annotated[str, typer.Argument(help="The provider whose rows are to go.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete everything the warehouse knows of a provider, its history included."""
    from registry_assets.errors import ConfigurationError

    if not yes:
        typer.confirm(f"Delete all rows of {provider}, with the history of its tags?", abort=True)
    if not _warehouse().forget(provider):
        message = f"the warehouse knows no provider {provider!r}"
        raise ConfigurationError(message)
    typer.echo(f"forgot {provider}")


def _left_behind(crawled: Iterable[str]) -> list[str]:
    """The providers that have rows but no entry in the file; none where there is no readable file to tell."""
    from registry_assets.errors import ConfigurationError
    from registry_assets.providers.file import load_configuration

    try:
        configured = {provider.name for provider in load_configuration().providers}
    except ConfigurationError:
        return []
    return [name for name in crawled if name not in configured]


def _warehouse() -> "Warehouse":
    from registry_assets.providers.file import data_dir
    from registry_assets.warehouse import Warehouse

    return Warehouse(data_dir())


def _records(rows: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows as JSON has them: times in ISO 8601, null for what is missing."""
    parsed: list[dict[str, Any]] = json.loads(rows.to_json(orient="records", date_format="iso", default_handler=str))
    return parsed
