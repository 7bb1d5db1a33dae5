"""The command line as a user calls it, on the bundled sample."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from registry_assets.providers.file import project_folder

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_command(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`registry-assets ARGUMENTS` in `folder`, with the tables in `folder/data`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "DAGSTER_"))}
    return subprocess.run(
        [sys.executable, "-m", "registry_assets.cli.main", *arguments],
        cwd=folder,
        env={**inherited, "REGISTRY_DATA_DIR": str(folder / "data"), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="session")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the bundled sample has been crawled."""
    folder = tmp_path_factory.mktemp("crawled")
    done = run_command(folder, "crawl")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def run(crawled: Path) -> Run:
    def call(*arguments: str, **options: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return run_command(crawled, *arguments, **options)

    return call


@pytest.fixture
def from_sample(crawled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The crawled sample, which this process now reads."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(crawled / "data"))
    monkeypatch.delenv("REGISTRY_PROVIDERS", raising=False)
    monkeypatch.chdir(crawled)
    return crawled


@pytest.fixture(scope="session")
def project() -> Path:
    return project_folder()
