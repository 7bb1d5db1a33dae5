"""Fakes that fail the test which made them do what a real registry would not."""

import os
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


CLOUDS = ("AWS_", "GOOGLE_", "CLOUDSDK_", "AZURE_", "GCE_")


@pytest.fixture(autouse=True)
def without_cloud_credentials(tmp_path: Path) -> Iterator[None]:
    """No cloud's credential chain finds anything but what the test itself sets, which nothing after it sees."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(CLOUDS)]:
        del os.environ[name]
    absent = str(tmp_path / "no-cloud-configuration")
    os.environ.update(
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=absent,
        AWS_SHARED_CREDENTIALS_FILE=absent,
        CLOUDSDK_CONFIG=absent,
        NO_GCE_CHECK="true",
        AZURE_CONFIG_DIR=absent,
    )
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def without_docker_configuration(
    without_cloud_credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody's own credentials get into a test."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker-configuration"))
