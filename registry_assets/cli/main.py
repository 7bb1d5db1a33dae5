"""`registry-assets`: the commands, and what happens to an error that a user can mend."""

import sys

import typer

from registry_assets.cli import configuration, crawl, demo, export, inspect
from registry_assets.errors import ConfigurationError, RegistryAssetsError, advice_for

app = typer.Typer(
    name="registry-assets",
    help="An inventory of container registries in DuckDB, and the graph of how its parts relate.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command("check")(configuration.check)
app.command("preview")(configuration.preview)
app.command("crawl")(crawl.crawl)
app.command("status")(inspect.status)
app.command("sql")(inspect.sql)
app.add_typer(export.app, name="export")
app.command("forget")(inspect.forget)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 incomplete or failed, 2 the user's mistake."""
    try:
        app()
    except RegistryAssetsError as error:
        typer.echo(f"{error}\n→ {advice_for(error)}", err=True)
        sys.exit(2 if isinstance(error, ConfigurationError) else 1)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
