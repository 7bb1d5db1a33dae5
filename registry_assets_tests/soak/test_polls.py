"""Hundreds of polls: the warehouse, the published file and the history of the runs stay bounded."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from registry_assets.definitions import build_definitions
from registry_assets.housekeeping import disk_usage
from registry_assets.providers.file import load_configuration
from registry_assets.warehouse import Warehouse
from registry_assets_tests.dagster.conftest import write_providers
from registry_assets_tests.dagster.layouts import write_layout
from registry_assets_tests.soak.machine import crawl

BLOCK = 262_144  # what DuckDB's files grow by
KIB = 1024
KEPT = 2
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Change = Callable[[Path, int], None]


def nothing(_registry: Path, _number: int) -> None:
    """The registry stays as it is."""


def one_tag(registry: Path, number: int) -> None:
    """One of a hundred tags points at a new image."""
    tags = {f"v{tag}": f"image {tag}" for tag in range(99)}
    write_layout(registry / "team" / "app", {**tags, "latest": f"build {number}"})


@dataclass
class Polled:
    """A provider that is polled, with housekeeping every `rest` polls; `sizes` are bytes after each housekeeping."""

    folder: Path
    change: Change
    rest: int

    def __post_init__(self) -> None:
        self.registry, self.data = self.folder / "registry", self.folder / "data"
        one_tag(self.registry, 0)
        self.configuration = load_configuration(
            write_providers(self.folder / "providers.yaml", self.registry, selectors=[{"max_tags": 0}])
        )
        self.sizes: dict[str, list[int]] = {"warehouse": [], "published": [], "runs": []}

    def measure(self, runs: int = 0) -> None:
        self.sizes["warehouse"].append((self.data / "private" / "registry.duckdb").stat().st_size)
        self.sizes["published"].append((self.data / "registry.duckdb").stat().st_size)
        self.sizes["runs"].append(runs)

    def poll(self, polls: int) -> None:
        """Crawls as a run makes them, without Dagster."""
        for number in range(1, polls + 1):
            self.change(self.registry, number)
            crawl(self.configuration.provider("sample"), self.data)
            if number % self.rest == 0:
                Warehouse(self.data).compact()
                self.measure()

    def run(self, polls: int, instance: dg.DagsterInstance) -> None:
        """Runs of the inventory job and, every `rest` of them, of housekeeping, which keeps two of each job."""
        definitions = build_definitions(self.configuration, self.data)
        inventory, housekeeping = (definitions.resolve_job_def(name) for name in ("inventory", "housekeeping"))
        keep = {"ops": {"delete_old_runs": {"config": {"keep_runs": KEPT}}}, **QUIET}
        for number in range(1, polls + 1):
            self.change(self.registry, number)
            assert inventory.execute_in_process(QUIET, instance, partition_key="sample").success
            if number % self.rest == 0:
                assert housekeeping.execute_in_process(keep, instance).success
                self.measure(disk_usage(instance))

    def growth(self, what: str) -> int:
        """Bytes from the first half's largest size to the last."""
        sizes = self.sizes[what]
        return sizes[-1] - max(sizes[: len(sizes) // 2])

    def report(self, polls: int) -> None:
        for what, sizes in self.sizes.items():
            if any(sizes):
                per_hundred = (sizes[-1] - sizes[0]) / (polls - self.rest) * 100 / KIB
                shown = ", ".join(f"{size / KIB:,.0f}" for size in sizes)
                sys.stdout.write(
                    f"{polls} polls, {self.change.__name__}, {what}: {shown} KiB; {per_hundred:+,.0f} per 100\n"
                )


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance on SQLite files, as users have it."""
    with dg.instance_for_test() as instance:
        yield instance


LENGTHS = [20, pytest.param(300, marks=pytest.mark.soak)]


@pytest.mark.parametrize("polls", LENGTHS)
def test_polls_without_news_add_only_their_rows_in_crawls(tmp_path: Path, polls: int) -> None:
    polled = Polled(tmp_path, nothing, rest=polls // 10)
    polled.poll(polls)
    polled.report(polls)
    # Four rows a poll in `crawls`, which are kept for thirty days.
    assert polled.growth("warehouse") <= 3 * BLOCK
    assert polled.growth("published") <= 3 * BLOCK
    assert len(Warehouse(polled.data).query("FROM tag_history")) == 100


@pytest.mark.parametrize("polls", LENGTHS)
def test_polls_with_one_moved_tag_add_little_more_than_its_rows(tmp_path: Path, polls: int) -> None:
    polled = Polled(tmp_path, one_tag, rest=polls // 10)
    polled.poll(polls)
    polled.report(polls)
    for file in ("warehouse", "published"):
        assert polled.growth(file) <= (8 + polls // 10) * BLOCK
    assert len(Warehouse(polled.data).query("FROM tag_history")) == 99 + polls


@pytest.mark.parametrize("polls", [12, pytest.param(60, marks=pytest.mark.soak)])
def test_the_history_of_the_runs_stays_as_large_as_the_runs_that_are_kept(
    tmp_path: Path, polls: int, instance: dg.DagsterInstance
) -> None:
    polled = Polled(tmp_path, one_tag, rest=polls // 6)
    polled.run(polls, instance)
    polled.report(polls)
    for job in ("inventory", "housekeeping"):
        assert len(instance.get_runs(dg.RunsFilter(job_name=job))) <= KEPT + 1
    # SQLite's files are given back only once they are mostly free.
    assert polled.growth("runs") <= 1024 * KIB
