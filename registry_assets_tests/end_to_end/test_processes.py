"""Several processes on one warehouse, and processes that are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from registry_assets_tests.end_to_end.world import World, push_sample
from registry_assets_tests.servers.docker_registry import RunningRegistry

CRAWL = """
import sys, uuid
from pathlib import Path
from registry_assets.crawl import crawl_provider
from registry_assets.providers.file import load_configuration
from registry_assets.warehouse import Warehouse
configuration = load_configuration(Path(sys.argv[1]))
warehouse = Warehouse(Path(sys.argv[2]))
provider = configuration.provider(sys.argv[3])
crawl_provider(provider, warehouse, run_id=str(uuid.uuid4()))
warehouse.derive_graph(provider.name)
"""


def start(world: World, data: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CRAWL, str(world.folder / "providers.yaml"), str(data), world.name]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


@pytest.fixture
def registry(empty_registry: Callable[[], RunningRegistry]) -> RunningRegistry:
    running = empty_registry()
    push_sample(running)
    return running


@pytest.fixture
def killed_at_the_end() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def test_two_crawls_land_while_a_reader_holds_the_published_file(
    registry: RunningRegistry, tmp_path: Path, killed_at_the_end: list[subprocess.Popen[bytes]]
) -> None:
    config = {**registry.config, "selectors": [{"max_tags": 0}]}
    first = World(tmp_path / "first", config, name="first")
    first.crawl()
    data = tmp_path / "first" / "data"
    reader = duckdb.connect(str(data / "registry.duckdb"), read_only=True)
    second, third = (World(tmp_path / name, config, name=name) for name in ("second", "third"))
    killed_at_the_end += [start(second, data), start(third, data)]
    for process in killed_at_the_end:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert reader.execute("SELECT count(DISTINCT provider) FROM tags").fetchall() == [(1,)]
    reader.close()
    counts = first.rows("SELECT provider, count(*) FROM tags GROUP BY 1 ORDER BY 1")
    assert [name for name, _ in counts] == ["first", "second", "third"]
    assert len({count for _, count in counts}) == 1


@pytest.mark.parametrize("after", [0.3, 0.8, 1.1, 1.4, 1.8])
def test_a_killed_crawl_leaves_a_warehouse_in_which_the_next_completes(
    registry: RunningRegistry, tmp_path: Path, after: float, killed_at_the_end: list[subprocess.Popen[bytes]]
) -> None:
    world = World(tmp_path / "world", {**registry.config, "selectors": [{"max_tags": 0}]})
    process = start(world, world.folder / "data")
    killed_at_the_end.append(process)
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    spools = world.folder / "data" / "spool"
    for leftover in spools.iterdir() if spools.exists() else ():
        os.utime(leftover, (0, 0))  # a spool that was just made might be about to be locked by its owner
    assert world.crawl().complete
    assert world.rows("SELECT count(*) FROM repositories") == [(5,)]
    assert world.rows("SELECT repository, tag FROM tags GROUP BY ALL HAVING count(*) > 1") == []
    assert list(spools.iterdir()) == []
