"""Registries opened for a test, with waits too short to notice."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from registry_assets.providers.models import Provider
from registry_assets.registry.distribution import Distribution
from registry_assets.registry.transport import Limits
from registry_assets_tests.servers.programs import free_port

Open = Callable[..., AbstractAsyncContextManager[Distribution]]
QUICK = Limits(backoff=0.001, longest_backoff=0.01, longest_wait=5, patience=10)


def provider(**config: Any) -> Provider:
    """A provider of type private, unless the options say else."""
    return Provider.model_validate({"name": "test", "config": {"registry_type": "private", **config}})


@pytest.fixture
def opened() -> Open:
    """Opens a registry by the options of a provider, and closes it."""

    @asynccontextmanager
    async def open_it(
        limits: Limits = QUICK, environment: dict[str, str] | None = None, **config: Any
    ) -> AsyncIterator[Distribution]:
        registry = Distribution(provider(**config), environment or {}, limits)
        try:
            yield registry
        finally:
            await registry.close()

    return open_it


@pytest.fixture
def anyio_backend() -> str:
    """The loop that crawls run in."""
    return "asyncio"


@pytest.fixture
def empty_port() -> int:
    """A port on which nobody listens."""
    return free_port()
