"""`registry-assets export`: the graph for other tools."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

if TYPE_CHECKING:
    from registry_assets.export.graph import Graph

app = typer.Typer(help="Write the entity graph for another tool.", no_args_is_help=True)

Output = Annotated[Path | None, typer.Option("--output", "-o", help="File to write; standard output when none.")]


@app.command()
def devgraph(
    output: Output = None,
    *,
    push: Annotated[
        str | None, typer.Option(help="Send to this Devgraph server instead; token: DEVGRAPH_TOKEN.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option(envvar="DEVGRAPH_ENVIRONMENT", help="Value of the Devgraph-Environment header.")
    ] = None,
) -> None:
    """One YAML document with all entities and relations, or the same sent to a server."""
    from registry_assets.export.formats import write_devgraph

    if push:
        _push(push, environment)
    else:
        _write(write_devgraph, output)


@app.command()
def graphml(output: Output = None) -> None:
    """GraphML for Gephi, yEd and networkx."""
    from registry_assets.export.formats import write_graphml

    _write(write_graphml, output)


@app.command()
def jsonl(output: Output = None) -> None:
    """JSON lines: entities, then relations."""
    from registry_assets.export.formats import write_jsonl

    _write(write_jsonl, output)


@app.command()
def neo4j(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for nodes.csv and relationships.csv.")],
) -> None:
    """Two CSV files for `neo4j-admin database import full`."""
    from registry_assets.export.neo4j import write_neo4j

    nodes, relationships = write_neo4j(_graph(), output)
    typer.echo(f"neo4j-admin database import full --nodes={nodes} --relationships={relationships}", err=True)


def _graph() -> "Graph":
    from registry_assets.export.graph import Graph
    from registry_assets.providers.file import data_dir
    from registry_assets.warehouse import Warehouse

    return Graph(Warehouse(data_dir()))


def _write(write: "Callable[[Graph, TextIO], None]", output: Path | None) -> None:
    with _opened(output) as out:
        write(_graph(), out)


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears under its name only when it is whole."""
    if output is None:
        yield sys.stdout
        return
    unfinished = output.with_name(f".{output.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            yield file
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)


def _push(url: str, environment: str | None) -> None:
    from registry_assets.errors import ConfigurationError
    from registry_assets.export.push import TOKEN_VARIABLE, Devgraph, push
    from registry_assets.providers.file import data_dir
    from registry_assets.warehouse import Warehouse

    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        message = f"the environment variable {TOKEN_VARIABLE} is not set: it holds the server's Bearer token"
        raise ConfigurationError(message)
    with Devgraph(url, token, environment) as server:
        pushed = push(_graph(), Warehouse(data_dir()), server, lambda _line: None)
    typer.echo(f"sent {pushed.entities:,} entities and {pushed.relations:,} relations, deleted {pushed.deleted:,}")
