"""`kill -9` at random points, many times in a row on one warehouse. SOAK_SEED picks other points."""

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from registry_assets.warehouse import Warehouse
from registry_assets_tests.soak.machine import PROCESSES, Changing, Tags, crawl, processes, work_for_ever
from registry_assets_tests.warehouse.crawls import rows

SEED = int(os.environ.get("SOAK_SEED", "1"))
TWICE = """
SELECT 'tags' FROM tags GROUP BY provider, repository, tag HAVING count(*) > 1
UNION ALL
SELECT 'manifests' FROM manifests GROUP BY provider, repository, digest HAVING count(*) > 1
UNION ALL
SELECT 'layers' FROM layers GROUP BY provider, repository, digest, position HAVING count(*) > 1
UNION ALL
SELECT 'entities' FROM entities GROUP BY entity_namespace, kind, name HAVING count(*) > 1
UNION ALL
SELECT 'two current intervals' FROM tag_history WHERE valid_to IS NULL
GROUP BY provider, repository, tag HAVING count(*) > 1
UNION ALL
SELECT 'no manifest' FROM tags ANTI JOIN manifests USING (provider, repository, digest)
UNION ALL
SELECT 'no current interval' FROM tags
ANTI JOIN (FROM tag_history WHERE valid_to IS NULL) USING (provider, repository, tag, digest)
"""
TAGS = "SELECT repository, tag, digest FROM tags"


def check_published(warehouse: Warehouse, versions: list[Tags]) -> None:
    """What users open is one whole version, at any time."""
    if warehouse.published.exists():
        assert warehouse.query(TWICE).to_numpy().tolist() == []
        assert set(warehouse.query(TAGS).itertuples(index=False, name=None)) in versions


def leftovers(data: Path) -> list[str]:
    """What a process left that was killed in the middle of something, by the kind of its name."""
    kinds = {"spool": "spool/*", "log": "private/*.wal", "compaction": "private/*.compact*", "copy": "*.new"}
    return [kind for kind, pattern in kinds.items() if any(data.glob(pattern))]


def complete(registry: Changing, data: Path) -> None:
    """A run after the kill completes without waiting for a lock, and cleans up."""
    for spool in (data / "spool").glob("*"):
        os.utime(spool, (0, 0))  # a spool that was just made might be about to be locked by its owner
    registry.show(0)
    crawl(registry.provider(), data)
    warehouse = Warehouse(data, lock_timeout=0)
    warehouse.compact()
    for found in (set(rows(warehouse, TAGS)), set(warehouse.query(TAGS).itertuples(index=False, name=None))):
        assert found == registry.tags(0)
    assert rows(warehouse, TWICE) == []
    assert leftovers(data) == []
    assert {file.name for file in data.iterdir()} == {"registry.duckdb", "registry.lock", "private", "spool"}
    assert {file.name for file in (data / "private").iterdir()} <= {"registry.duckdb", "spill"}


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_a_warehouse_survives_kills_in_a_row_at_random_points(tmp_path: Path, kills: int) -> None:
    """Every third kill hits a process that starts on what the one before it left."""
    chance = random.Random(SEED)
    registry, data = Changing(tmp_path), tmp_path / "data"
    versions: list[Tags] = [set(), registry.tags(0), registry.tags(1)]
    warehouse = Warehouse(data)
    crawl(registry.provider(), data)
    left: Counter[str] = Counter()
    with processes() as started:
        for kill in range(kills):
            process = PROCESSES.Process(target=work_for_ever, args=(registry, data))
            started.append(process)
            process.start()
            time.sleep(chance.uniform(0.05, 3))
            assert process.is_alive(), f"a process did not survive what kill {kill} of seed {SEED} left"
            process.kill()
            process.join()
            left.update(leftovers(data) or ["nothing"])
            check_published(warehouse, versions)
            if kill % 3:
                complete(registry, data)
    complete(registry, data)
    sys.stdout.write(f"{kills} kills survived (seed {SEED}); left behind: {dict(left)}\n")
