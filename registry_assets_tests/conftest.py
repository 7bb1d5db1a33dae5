"""Real servers for every test that asks for one. Those of a session are shared: push under a name of your own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from registry_assets_tests.servers import docker_registry, tls_proxy, token_server
from registry_assets_tests.servers.docker_registry import RunningRegistry
from registry_assets_tests.servers.scripted import Scripted
from registry_assets_tests.servers.token_server import TokenRegistry


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """docker-registry, open to all."""
    with docker_registry.open_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="session")
def htpasswd_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """docker-registry with Basic authentication."""
    with docker_registry.htpasswd_registry(tmp_path_factory.mktemp("htpasswd")) as running:
        yield running


@pytest.fixture
def token_registry(tmp_path: Path) -> Iterator[TokenRegistry]:
    """docker-registry with Bearer tokens, and the token server to play with: one for each test."""
    with token_server.token_registry(tmp_path / "token-registry") as running:
        yield running


@pytest.fixture(scope="session")
def tls_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """docker-registry with Basic authentication behind nginx with TLS."""
    folder = tmp_path_factory.mktemp("tls")
    with (
        docker_registry.htpasswd_registry(folder / "registry") as upstream,
        tls_proxy.tls_proxy(folder / "proxy", upstream) as running,
    ):
        yield running


@pytest.fixture
def empty_registry(tmp_path: Path) -> Iterator[Callable[[], RunningRegistry]]:
    """Starts a docker-registry of the test's own, empty and open, with each call."""
    with ExitStack() as stack:
        folders = (tmp_path / f"registry-{number}" for number in range(100))
        yield lambda: stack.enter_context(docker_registry.open_registry(next(folders)))


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that answers as the test tells it."""
    with Scripted() as server:
        yield server
