"""`registry-assets demo`: what `make run` shows: a crawl, three questions with their answers, the UI."""

from typing import TYPE_CHECKING, Annotated

import typer

from registry_assets.cli.terminal import print_table

if TYPE_CHECKING:
    from registry_assets.warehouse import Warehouse

QUESTIONS = (
    (
        "What images are there, how big are they, for which platforms?",
        """SELECT repository, tag, size AS bytes, platforms, created_at::DATE AS created
FROM images ORDER BY created_at DESC, repository, tag LIMIT 10""",
    ),
    (
        "Which tags point at the same digest?",
        """SELECT repository, string_agg(tag, ', ' ORDER BY tag) AS same, digest[:19] AS digest
FROM tags GROUP BY repository, digest HAVING count(*) > 1 ORDER BY count(*) DESC, repository""",
    ),
    (
        "How does it all relate?",
        """SELECT source_kind, relation, target_kind, count(*) AS edges
FROM relationships GROUP BY ALL ORDER BY ALL""",
    ),
)


def demo(
    *, ui: Annotated[bool, typer.Option("--ui/--no-ui", help="Serve the Dagster UI after the answers.")] = True
) -> None:
    """Crawl what is configured (the bundled sample if nothing is), answer three questions, serve the UI."""
    from registry_assets.cli.runs import run_providers
    from registry_assets.providers.file import data_dir
    from registry_assets.warehouse import Warehouse

    complete = run_providers([])
    warehouse = Warehouse(data_dir())
    for question, sql in QUESTIONS:
        _answer(warehouse, question, sql)
    typer.echo(f"\nAsk more: any DuckDB client opens {warehouse.published} (read-only).")
    if ui:
        _serve()
    raise typer.Exit(0 if complete else 1)


def _answer(warehouse: "Warehouse", question: str, sql: str) -> None:
    typer.secho(f"\n{question}", bold=True)
    typer.echo("".join(f"  {line}\n" for line in sql.splitlines()))
    print_table(warehouse.query(sql))


def _serve() -> None:
    from registry_assets.cli.dagster_ui import DagsterUI

    typer.echo("\nStarting the Dagster UI…", nl=False)
    with DagsterUI() as ui:
        typer.secho(f" it answers at {ui.url}", bold=True)
        typer.echo("Assets → View lineage shows the tables; Automation shows the sensors that poll. Ctrl-C stops it.")
        ui.wait()
    typer.echo("\nstopped")
