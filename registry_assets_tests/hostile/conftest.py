"""The stage of each case: a copy of the tables that one good crawl left."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from registry_assets.providers.models import Provider
from registry_assets.registry import flavours
from registry_assets.registry.flavours.private import Private
from registry_assets.registry.transport import Limits
from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.hostile.stage import BAD, crawl, serve, yesterday
from registry_assets_tests.servers.scripted import Scripted

WorldOf = Callable[..., World]
QUICK = Limits(attempts=2, backoff=0.001, longest_backoff=0.01, longest_wait=2, patience=3, deadline=1.5)


def impatient(provider: Provider, environment: Mapping[str, str]) -> Private:
    """The registry type `private` with waits too short to notice."""
    return Private(provider, environment, QUICK)


@pytest.fixture(scope="session", autouse=True)
def hurried() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(flavours.FLAVOURS, "private", impatient)
        yield


@pytest.fixture(autouse=True)
def no_docker_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    with Scripted() as running:
        yield running


@pytest.fixture(scope="module")
def world_of(server: Scripted, tmp_path_factory: pytest.TempPathFactory) -> WorldOf:
    """A world that was crawled when all was well: with these repositories, and these options since."""

    def make(*repositories: str, **options: Any) -> World:
        config = {
            "registry_type": "private",
            "api_url": server.url,
            "timeout": 1,
            "selectors": [{"max_tags": 0, "exclude_tags": ["t[0-9]+"]}],
        }
        world = World(tmp_path_factory.mktemp("world"), config)
        serve(server, yesterday(repositories))
        assert crawl(world).outcome == "green"
        world.config |= options
        world.write()
        server.asked.clear()
        return world

    return make


@pytest.fixture(scope="module")
def well(world_of: WorldOf) -> World:
    return world_of(BAD)


@pytest.fixture
def world(well: World, tmp_path: Path) -> World:
    """A copy of a world in which `team/bad` did not misbehave yet."""
    shutil.copytree(well.folder / "data", tmp_path / "world" / "data")
    return World(tmp_path / "world", well.config)
