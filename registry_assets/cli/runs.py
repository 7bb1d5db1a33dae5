"""Runs the inventory job in this process."""

from collections.abc import Sequence

from registry_assets.cli.display import Display
from registry_assets.jobs import RunOutcome, open_instance, run_provider
from registry_assets.providers.file import load_configuration


def run_providers(names: Sequence[str], *, full: bool = False, accept_removals: bool = False) -> bool:
    """Whether every provider was crawled completely; each gets its own run on the shared instance."""
    configuration = load_configuration()
    providers = [configuration.provider(name) for name in names] or list(configuration.providers)
    with open_instance() as instance, Display() as display:
        outcomes = []
        for provider in providers:
            outcome = run_provider(
                configuration,
                provider.name,
                instance,
                full=full,
                accept_removals=accept_removals,
                progress=display.show,
            )
            display.say(_verdict(outcome))
            outcomes.append(outcome)
    return all(outcome.complete for outcome in outcomes)


def _verdict(outcome: RunOutcome) -> str:
    if outcome.failure:
        return f"✗ {outcome.provider}: {outcome.failure.removeprefix(f'{outcome.provider}: ')}"
    mark = "✓" if outcome.complete else "!"
    return f"{mark} {outcome.provider}: {outcome.summary}"
