"""The published copy of the database: when it is due, and how it takes the place of the one before."""

import os
import shutil
from pathlib import Path

import duckdb

from registry_assets.errors import WarehouseError
from registry_assets.warehouse.connection import open_published


def mark_changed(connection: duckdb.DuckDBPyConnection) -> None:
    """Count one more change, so that the published copy is seen to lag behind."""
    connection.execute("UPDATE internal.publication SET revision = revision + 1")


def is_due(connection: duckdb.DuckDBPyConnection, published: Path) -> bool:
    """Whether the published copy lags behind the open database, or is older than an hour, or cannot be read."""
    revision, is_old = connection.execute(
        "SELECT revision, published_at <= now() - INTERVAL 1 HOUR OR published_at > now() FROM internal.publication"
    ).fetchall()[0]
    return bool(is_old) or published_revision(published) != revision


def published_revision(published: Path) -> int | None:
    """The number of changes that the published copy has; None where there is no copy of use."""
    try:
        with open_published(published) as connection:
            row = connection.execute("SELECT revision FROM internal.publication").fetchone()
    except WarehouseError:
        return None
    return int(row[0]) if row else None


def record_publication(connection: duckdb.DuckDBPyConnection) -> None:
    """Write down that the database is published now; the copy holds this too."""
    connection.execute("UPDATE internal.publication SET published_at = now()")


def publish(private: Path, published: Path) -> None:
    """Replace the published file by a copy of the private one, which nobody in this process may have open.

    A log that a reader left beside the old file would be replayed into the new one: it is removed first.
    """
    unfinished = published.with_name(f"{published.name}.new")
    try:
        unfinished.unlink(missing_ok=True)
        shutil.copyfile(private, unfinished)
        unfinished.chmod(0o444)
        _flush(unfinished)
        published.with_name(f"{published.name}.wal").unlink(missing_ok=True)
        unfinished.replace(published)
        _flush(published.parent)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise WarehouseError(f"cannot publish {published}: {error.strerror or error}") from None


def restore(published: Path, private: Path) -> None:
    """A private file made from the published one, which holds all that the private one held at that time."""
    unfinished = private.with_name(f"{private.name}.new")
    unfinished.unlink(missing_ok=True)
    shutil.copyfile(published, unfinished)
    _flush(unfinished)
    unfinished.replace(private)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
