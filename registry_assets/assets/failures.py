"""How an error becomes a failed run: one sentence of what is wrong, one of what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from registry_assets.errors import RegistryAssetsError, RegistryError, advice_for


@contextmanager
def failing_clearly(provider: str) -> Iterator[None]:
    """Turns this project's errors into a `dagster.Failure` that says what to do; anything else passes through."""
    try:
        yield
    except RegistryAssetsError as error:
        # From None: the description is the whole story, a chain of causes would hide it in the UI.
        raise failure(provider, error) from None


def failure(provider: str, error: RegistryAssetsError) -> dg.Failure:
    """The failure that tells of `error`, with its data as metadata."""
    metadata: dict[str, str | int] = {"error": type(error).__name__, "advice": advice_for(error)}
    if isinstance(error, RegistryError):
        metadata |= {"asked": f"{error.method} {error.url}"} if error.url else {}
        metadata |= {"status": error.status} if error.status else {}
    said = str(error).rstrip(".")
    return dg.Failure(f"{provider}: {said}. {advice_for(error)}", metadata=metadata, allow_retries=False)
