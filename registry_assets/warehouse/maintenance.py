"""Housekeeping: what goes after its time, and a file that is mostly free space."""

import shutil
from pathlib import Path

import duckdb

from registry_assets.warehouse.connection import connect, create_file, run_file, transaction
from registry_assets.warehouse.publishing import mark_changed

BLOCKS_WORTH_REWRITING = 64


def forget_provider(connection: duckdb.DuckDBPyConnection, provider: str) -> bool:
    """Delete everything that is known of `provider`; whether there was anything."""
    with transaction(connection):
        deleted = sum(
            int(rows[0][0]) for rows in run_file(connection, "maintenance/forget.sql", {"provider": provider})
        )
        if deleted:
            mark_changed(connection)
    return deleted > 0


def delete_old_rows(connection: duckdb.DuckDBPyConnection, *, manifest_days: int, crawl_days: int) -> None:
    """Delete manifests that no tag has reached, crawls, and resolved problems, each after its days."""
    with transaction(connection):
        days = {"manifest_days": manifest_days, "crawl_days": crawl_days}
        if any(rows[0][0] for rows in run_file(connection, "maintenance/retention.sql", days)):
            mark_changed(connection)


def is_mostly_free(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether more than half of the open file is free space, and that is worth a rewrite."""
    connection.execute("CHECKPOINT")
    total, free = connection.execute("SELECT total_blocks, free_blocks FROM pragma_database_size()").fetchall()[0]
    return bool(total >= BLOCKS_WORTH_REWRITING and free * 2 > total)


def remove_leftovers(path: Path) -> None:
    """Remove what a killed process left beside the database at `path`: half a rewrite, spilled data."""
    for leftover in path.parent.glob(f"{path.name}.compact*"):
        leftover.unlink()
    shutil.rmtree(path.parent / "spill", ignore_errors=True)


def rewrite(path: Path) -> None:
    """Copy the database at `path`, which nobody may have open, into a new file without free space in its place."""
    fresh, spill = path.with_name(f"{path.name}.compact"), path.parent / "spill"
    create_file(fresh, spill)
    connection = connect(spill=spill)
    try:
        connection.execute(f"ATTACH '{_quoted(path)}' AS old (READ_ONLY)")
        connection.execute(f"ATTACH '{_quoted(fresh)}' AS fresh")
        connection.execute("DELETE FROM fresh.internal.publication")
        connection.execute("DELETE FROM fresh.internal.schema_version")
        connection.execute("COPY FROM DATABASE old TO fresh (DATA)")
        connection.execute("CHECKPOINT fresh")
    finally:
        connection.close()
    fresh.replace(path)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
