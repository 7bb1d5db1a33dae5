"""What an export costs: `python benchmarks/export.py [ENTITIES] [FORMAT…]` (100,000 and devgraph by default).

Fills a warehouse with repositories of 100 tags each, every tag with its manifest, and prints for each format the
seconds and the peak memory of the command, which runs in a process of its own.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from registry_assets.warehouse import Warehouse
from registry_assets.warehouse.connection import open_private

COMMAND = (sys.executable, "-m", "registry_assets.cli.main", "export")
NODES = """
INSERT INTO entities BY NAME
SELECT 'default' AS entity_namespace, kind, 'team-' || i // 5000 || '-app-' || i // 100 || suffix AS name,
    'bench' AS provider, kind || ' ' || i AS identity, 'entities.devgraph.ai/v1' AS api_version,
    MAP {'registry': 'bench', 'repository': 'app-' || i // 100} AS labels, MAP {} AS annotations,
    json_object('registry', 'bench', 'digest', 'sha256:' || sha256('' || i), 'size', 142000000 + i,
        'architecture', 'amd64', 'os', 'linux', 'created', '2024-01-01T00:00:00+00:00') AS spec,
    TIMESTAMPTZ '2024-01-01 00:00:00+00' AS first_seen
FROM (
    SELECT i, 'DockerImage' AS kind, '-v1-' || i % 100 AS suffix FROM range($tags) AS n (i)
    UNION ALL
    SELECT i, 'DockerManifest', '-manifest-' || sha256('' || i)[:12] FROM range($tags) AS n (i)
    UNION ALL
    SELECT i, 'DockerRepository', '' FROM range(0, $tags, 100) AS n (i)
)
"""
EDGES = """
INSERT INTO relationships BY NAME
SELECT 'BELONGS_TO' AS relation, kind AS source_kind, entity_namespace AS source_namespace, name AS source_name,
    'DockerRepository' AS target_kind, entity_namespace AS target_namespace,
    regexp_extract(name, 'team-[0-9]+-app-[0-9]+') AS target_name, 'bench' AS provider, '{}' AS spec
FROM entities WHERE kind <> 'DockerRepository'
"""


def fill(folder: Path, entities: int) -> None:
    """A published warehouse below `folder` with about that many entities, one relationship for each."""
    with open_private(folder / "private" / "registry.duckdb") as connection:
        connection.execute(NODES, {"tags": entities // 2})
        connection.execute(EDGES)
    Warehouse(folder).publish(force=True)


def report(folder: Path, name: str) -> None:
    """Run one export and print one line about it."""
    output = folder / name
    started = time.perf_counter()
    process = subprocess.Popen([*COMMAND, name, "-o", output], env={**os.environ, "REGISTRY_DATA_DIR": str(folder)})
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    files = output.rglob("*") if output.is_dir() else [output]
    size = sum(file.stat().st_size for file in files) / 1e6
    failed = "  failed" if status else ""
    print(f"{name:<9} {seconds:7.1f} s  {usage.ru_maxrss / 1024:6.0f} MiB peak  {size:8.1f} MB written{failed}")


def main(entities: int, formats: list[str]) -> None:
    """Print the figures for a graph of that many entities."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), entities)
        for name in formats:
            report(Path(folder), name)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2:] or ["devgraph"])
