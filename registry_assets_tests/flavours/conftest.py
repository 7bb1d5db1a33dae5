"""Fakes that fail the test which made them do what a real registry would not."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from registry_assets_tests.flavours.fake import Fake


@pytest.fixture
def serve() -> Iterator[Callable[[Fake], Fake]]:
    """Starts a fake; at the end of the test it must have nothing to complain about."""
    with ExitStack() as running:
        started: list[Fake] = []

        def start(fake: Fake) -> Fake:
            started.append(running.enter_context(fake))
            return fake

        yield start
    violations = [violation for fake in started for violation in fake.violations]
    assert not violations, "\n".join(violations)


@pytest.fixture(autouse=True)
def without_docker_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's own credentials get into a test."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker-configuration"))
