"""`registry-assets check` and `preview`: what the providers file says, before a crawl acts on it."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from registry_assets.cli.terminal import printable

if TYPE_CHECKING:
    from registry_assets.crawl import Preview
    from registry_assets.crawl.preview import RepositoryPreview
    from registry_assets.providers.models import Provider

SHOWN_TAGS = 20


def complete_provider(incomplete: str) -> list[str]:
    """The configured providers whose names begin so, for the shell; none where the file cannot be read."""
    from registry_assets.errors import ConfigurationError
    from registry_assets.providers.file import load_configuration

    try:
        names = [provider.name for provider in load_configuration().providers]
    except ConfigurationError:
        return []
    return [name for name in names if name.startswith(incomplete)]


Names = Annotated[
    list[str] | None,
    typer.Argument(help="Providers; all of the file when none.", autocompletion=complete_provider),
]


def check(
    providers: Names = None,
    *,
    online: Annotated[bool, typer.Option("--online", help="Also ask each registry, with its credentials.")] = False,
) -> None:
    """Say everything that is wrong with the providers file; with --online also what each registry answers."""
    from registry_assets.providers.file import load_configuration

    configuration = load_configuration()
    chosen = [configuration.provider(name) for name in providers or []] or list(configuration.providers)
    count = len(configuration.providers)
    typer.echo(f"{configuration.path} is valid: {count} provider{'s' if count != 1 else ''}")
    if online:
        results = [_check_online(provider) for provider in chosen]
        raise typer.Exit(max(results, default=0))


def preview(
    providers: Names = None,
    *,
    all_tags: Annotated[bool, typer.Option("--all", help=f"Show every tag, not {SHOWN_TAGS} per repository.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which repositories and tags a crawl would take, by which rule, and what it would cost. Writes nothing."""
    from registry_assets.crawl import preview_provider

    previews = [preview_provider(provider) for provider in _providers(providers)]
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in previews], indent=2))
        return
    for each in previews:
        _show(each, None if all_tags else SHOWN_TAGS)


def _providers(names: list[str] | None) -> "list[Provider]":
    from registry_assets.providers.file import load_configuration

    configuration = load_configuration()
    return [configuration.provider(name) for name in names or []] or list(configuration.providers)


def _check_online(provider: "Provider") -> int:
    from registry_assets.crawl import ping_provider
    from registry_assets.errors import ConfigurationError, RegistryAssetsError, advice_for

    try:
        typer.echo(printable(f"✓ {provider.name}: {ping_provider(provider)}"))
    except RegistryAssetsError as error:
        typer.echo(printable(f"✗ {provider.name}: {error}\n  → {advice_for(error)}"))
        return 2 if isinstance(error, ConfigurationError) else 1
    return 0


def _show(preview: "Preview", limit: int | None) -> None:
    taken = [repository for repository in preview.repositories if repository.taken]
    typer.secho(f"{preview.provider}: {len(taken)} of {len(preview.repositories)} listed repositories", bold=True)
    typer.echo(f"a first crawl costs at least {preview.first_requests:,} requests, a poll {preview.poll_requests:,}")
    for repository in preview.repositories:
        _show_repository(repository, limit)


def _show_repository(repository: "RepositoryPreview", limit: int | None) -> None:
    mark = "+" if repository.taken else "-"
    typer.echo(printable(f"{mark} {repository.repository}  {repository.rule}"))
    if repository.problem:
        typer.echo(printable(f"    ! {repository.problem}"))
    for tag in repository.tags[:limit]:
        typer.echo(printable(f"    {'+' if tag.taken else '-'} {tag.tag}  {tag.rule}"))
    hidden = len(repository.tags) - len(repository.tags[:limit])
    if hidden:
        typer.echo(f"    … {hidden:,} more tags (--all shows them)")
