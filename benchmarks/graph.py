"""How long deriving the graph takes: `python benchmarks/graph.py [TAGS]` (100,000 by default).

Fills a warehouse with repositories of 100 tags each, every fourth tag an index of two platforms and an attestation,
and prints seconds by the clock and of the processor: for the first derivation, with nothing crawled since, with the
same rows, and with one tag in 100 moved.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from registry_assets.warehouse.connection import open_private
from registry_assets.warehouse.graph import derive

FILL = """
INSERT INTO registries VALUES ('bench', 'private', 'Bench', 'https://registry.example', false, 'default');
INSERT INTO internal.providers VALUES ('bench', 'private', 'https://registry.example', 'default', 300, NULL, 1, NULL);

CREATE TEMP TABLE numbers AS
SELECT i, 'team-' || i // 5000 || '/app-' || i // 100 AS repository, 'sha256:' || sha256('top' || i) AS digest,
    i % 4 = 0 AS is_index, TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_seconds(i) AS seen
FROM range($tags) AS n (i);

INSERT INTO repositories BY NAME
SELECT DISTINCT 'bench' AS provider, repository, split_part(repository, '/', 1) AS namespace,
    split_part(repository, '/', 2) AS name, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS first_seen
FROM numbers;

INSERT INTO tags BY NAME
SELECT 'bench' AS provider, repository, 'v1.' || i % 100 AS tag, digest, seen AS first_seen FROM numbers;

INSERT INTO manifests BY NAME
SELECT 'bench' AS provider, repository, digest,
    'application/vnd.oci.image.' || if(is_index, 'index', 'manifest') || '.v1+json' AS media_type, 2 AS schema_version,
    if(is_index, 'index', 'image') AS kind, if(is_index, NULL, 'amd64') AS architecture,
    if(is_index, NULL, 'linux') AS os, if(is_index, NULL, 142000000 + i) AS size, if(is_index, NULL, 7) AS layer_count,
    if(is_index, NULL, seen) AS created_at, MAP {} AS labels, MAP {} AS annotations, seen AS first_seen
FROM numbers
UNION ALL
SELECT 'bench', repository, 'sha256:' || sha256('child' || i || '-' || position),
    'application/vnd.oci.image.manifest.v1+json', 2, if(position = 2, 'attestation', 'image'),
    ['amd64', 'arm64', 'unknown'][position + 1], if(position = 2, 'unknown', 'linux'), 142000000 + i, 7, seen,
    MAP {}, MAP {}, seen
FROM numbers, range(3) AS p (position)
WHERE is_index;

INSERT INTO manifest_children BY NAME
SELECT 'bench' AS provider, repository, digest, position,
    'sha256:' || sha256('child' || i || '-' || position) AS child_digest,
    'application/vnd.oci.image.manifest.v1+json' AS media_type,
    ['amd64', 'arm64', 'unknown'][position + 1] AS architecture, if(position = 2, 'unknown', 'linux') AS os,
    if(position = 2, 'attestation', 'image') AS kind, MAP {} AS annotations
FROM numbers, range(3) AS p (position)
WHERE is_index;

DROP TABLE numbers;
"""

MOVE = """
UPDATE tags SET digest = (SELECT min(digest) FROM manifests AS m WHERE m.repository = tags.repository)
WHERE tag = 'v1.7';
UPDATE internal.providers SET generation = generation + 1;
"""


def run(connection: duckdb.DuckDBPyConnection, script: str, **parameters: int) -> None:
    """Run the statements of a script, each with the parameters that it names."""
    for statement in connection.extract_statements(script):
        connection.execute(statement, {key: parameters[key] for key in statement.named_parameters})


def report(connection: duckdb.DuckDBPyConnection, what: str) -> None:
    """Derive the graph and print one line about it."""
    started, busy = time.perf_counter(), time.process_time()
    derived = derive(connection, "bench")
    seconds, processor = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    entities, relationships = sum(derived.entities.values()), sum(derived.relationships.values())
    print(
        f"{what:<24} {seconds:7.2f} s  {processor:7.2f} s of processor  {peak:6.0f} MiB peak  {entities:>9,} entities  "
        f"{relationships:>9,} relationships  {'changed' if derived.changed else 'unchanged'}"
    )


def main(tags: int) -> None:
    """Print the figures for a warehouse of that many tags."""
    with tempfile.TemporaryDirectory() as folder, open_private(Path(folder) / "warehouse.duckdb") as connection:
        run(connection, FILL, tags=tags)
        report(connection, "first derivation")
        report(connection, "nothing crawled since")
        run(connection, "UPDATE internal.providers SET generation = generation + 1")
        report(connection, "same rows")
        run(connection, MOVE)
        report(connection, "1 tag in 100 moved")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
