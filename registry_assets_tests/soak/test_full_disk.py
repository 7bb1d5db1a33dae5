"""A disk that fills up at any moment of a crawl: a small tmpfs with less and less room.

That a full disk while committing or publishing is named is proved with a limit on file sizes in warehouse/test_files.py.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_assets.errors import WarehouseError
from registry_assets.warehouse import Warehouse
from registry_assets_tests.soak.machine import Changing, crawl
from registry_assets_tests.soak.test_kills import TAGS, TWICE
from registry_assets_tests.warehouse.crawls import Seen, at, image, rows, spooled

KIB = 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of 24 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def leave_free(disk: Path, size: int) -> None:
    """Fill the disk so that only `size` bytes are left."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - size)


def test_wherever_the_disk_fills_up_the_tables_are_whole_and_the_next_crawl_completes(
    tmp_path: Path, disk: Path
) -> None:
    registry, data = Changing(tmp_path), disk / "data"
    warehouse, failures = Warehouse(data, lock_timeout=5), []
    crawl(registry.provider(), data)
    for number, free in enumerate([0, 8, 32, 64, 256, 1024, 2048, 3072, 4096, 6144, 8192], 1):
        leave_free(disk, free * KIB)
        registry.show(number)
        try:
            crawl(registry.provider(), data)
        except WarehouseError as error:
            failures.append(f"{free} KiB left: {error}")
        whole = [registry.tags(number - 1), registry.tags(number)]
        assert set(warehouse.query(TAGS).itertuples(index=False, name=None)) in whole
        assert warehouse.query(TWICE).to_numpy().tolist() == []
        (disk / "ballast").unlink()
        crawl(registry.provider(), data)
        assert set(rows(warehouse, TAGS)) == registry.tags(number)
        assert set(warehouse.query(TAGS).itertuples(index=False, name=None)) == registry.tags(number)
        assert not list((data / "spool").iterdir())
        warehouse.compact()
    assert any("spool" in failure for failure in failures)
    assert any("private" in failure for failure in failures)
    assert any("cannot publish" in failure for failure in failures)


def test_a_disk_that_fills_up_in_the_middle_of_a_spool_is_named_and_nothing_is_left(disk: Path) -> None:
    """More than one batch: the file is being written when the room ends."""
    warehouse = Warehouse(disk / "data")
    warehouse.publish(force=True)
    leave_free(disk, 256 * KIB)
    names = [f"image-{number}" for number in range(30_000)]
    records = [record for name in names for record in image(name)]
    with pytest.raises(WarehouseError, match=r"spool.*No space left"):
        spooled(warehouse, Seen({"app": {name: name for name in names}}, records), at(0), "run")
    abandoned = disk / "data" / "spool" / "run-acme"
    os.utime(abandoned, (0, 0))
    (disk / "ballast").unlink()
    warehouse.compact()
    assert not abandoned.exists()
