"""`registry-assets crawl`: the Dagster job, run in this process and recorded beside the UI's runs."""

from typing import Annotated

import typer

from registry_assets.cli.configuration import Names


def crawl(
    providers: Names = None,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Ask again for every tag's digest, all counts and what was unreadable.")
    ] = False,
    accept_removals: Annotated[
        bool, typer.Option("--accept-removals", help="Let this crawl remove more than half of what was there.")
    ] = False,
) -> None:
    """Crawl registries now. Exit codes: 0 complete, 1 incomplete or failed, 2 a mistake in what was asked."""
    from registry_assets.cli.runs import run_providers

    raise typer.Exit(0 if run_providers(providers or [], full=full, accept_removals=accept_removals) else 1)
