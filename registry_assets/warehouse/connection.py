"""Connections to database files: the private one to write, the published one to read."""

import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from registry_assets.errors import WarehouseBusy, WarehouseError, WarehouseNewer, WarehouseUnreadable

MEMORY_LIMIT_MIB = 2048
EXPORT_BATCH = 10_000
FAILURES = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
    duckdb.TransactionException,
)


def statements(name: str) -> str:
    """The text of a `.sql` file of this package, such as `schema.sql` or `apply/tags.sql`."""
    return files(__package__).joinpath("sql", *name.split("/")).read_text(encoding="utf-8")


def run_file(
    connection: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any]
) -> list[list[tuple[Any, ...]]]:
    """The rows of each statement of a `.sql` file; each takes those of the parameters that it names."""
    return [
        connection.execute(statement, {key: parameters[key] for key in statement.named_parameters}).fetchall()
        for statement in connection.extract_statements(statements(name))
    ]


def stream_rows(connection: duckdb.DuckDBPyConnection, export: str) -> Iterator[dict[str, Any]]:
    """The rows of `sql/export/<export>.sql` by column name, in bounded memory."""
    for batch in connection.execute(statements(f"export/{export}.sql")).to_arrow_reader(EXPORT_BATCH):
        yield from batch.to_pylist()


def schema_upgrades() -> dict[int, str]:
    """The statements that lead to each schema version from the one before it."""
    folder = files(__package__).joinpath("sql", "upgrades")
    if not folder.is_dir():
        return {}
    return {
        int(file.name[:4]): file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name[:4].isdigit()
    }


def newest_version(upgrades: Mapping[int, str] | None = None) -> int:
    """The schema version that this version of the project writes."""
    return max(schema_upgrades() if upgrades is None else upgrades, default=1)


def memory_limit_mib() -> int:
    """How much memory DuckDB may use before it spills to disk: half of the machine's, at most 2 GiB."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(256, min(MEMORY_LIMIT_MIB, physical // 2))


def settings(spill: Path | None) -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB's configuration: nothing comes from a network or from this process's variables, memory is bounded."""
    temporary: dict[str, str | bool | int | float | list[str]] = {"temp_directory": str(spill)} if spill else {}
    return {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
        "python_enable_replacements": False,
        "memory_limit": f"{memory_limit_mib()}MiB",
        **temporary,
    }


def connect(path: Path | None = None, *, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A read-write connection to the file at `path`, or to memory; its times are UTC."""
    connection = duckdb.connect(str(path) if path else ":memory:", config=settings(spill))
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Everything inside is committed together, or not at all."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a failed COMMIT has rolled back already; the first error is the one that tells
            connection.execute("ROLLBACK")
        raise


def create_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every table and view in an empty database."""
    with transaction(connection):
        connection.execute(statements("schema.sql"))
        connection.execute(statements("views.sql"))
        connection.execute("INSERT INTO internal.schema_version VALUES (?)", [newest_version()])


def upgrade_schema(
    connection: duckdb.DuckDBPyConnection, path: Path, upgrades: Mapping[int, str] | None = None
) -> None:
    """Bring the open file to this version's schema, in one transaction; `WarehouseNewer` if it is beyond that."""
    steps = schema_upgrades() if upgrades is None else upgrades
    version = schema_version(connection, path)
    newest = newest_version(steps)
    if version > newest:
        raise WarehouseNewer(f"{path} has schema version {version}; this version of the project knows {newest}")
    if version == newest:
        return
    with transaction(connection):
        for step in range(version + 1, newest + 1):
            connection.execute(steps[step])
        connection.execute(statements("views.sql"))
        connection.execute("UPDATE internal.schema_version SET version = ?", [newest])


def schema_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The schema version of the open file; `WarehouseUnreadable` if it is no warehouse."""
    try:
        row = connection.execute("SELECT version FROM internal.schema_version").fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise WarehouseUnreadable(f"{path} is a database, but not one of this project")
    return int(row[0])


@contextmanager
def open_private(path: Path, *, wait: float = 30) -> Iterator[duckdb.DuckDBPyConnection]:
    """The private database, read-write, with the newest schema; created if it does not exist.

    `wait` is how many seconds another program may still hold the file. The caller holds the warehouse's lock.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    spill = path.parent / "spill"
    if not path.exists():
        create_file(path, spill)
    connection = _connect_patiently(path, spill, wait)
    try:
        upgrade_schema(connection, path)
        yield connection
    finally:
        connection.close()


def create_file(path: Path, spill: Path) -> None:
    """A new warehouse at `path`: complete, or not there."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.with_name(f"{unfinished.name}.wal").unlink(missing_ok=True)
    connection = connect(unfinished, spill=spill)
    try:
        create_schema(connection)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    unfinished.replace(path)


@contextmanager
def open_published(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published database, read-only, as the default catalog of a connection of its own.

    It is attached to an empty database in memory: DuckDB shares what it opened by path within a process, and would
    go on showing a file that has been replaced since.
    """
    if not path.exists():
        raise WarehouseError(f"{path} does not exist: nothing has been crawled yet")
    connection = connect()
    try:
        with readable(path):
            connection.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS registry (READ_ONLY)")
            connection.execute("USE registry")
            version = schema_version(connection, path)
        if version > newest_version():
            raise WarehouseNewer(f"{path} has schema version {version}; this version knows {newest_version()}")
        yield connection
    finally:
        connection.close()


def _connect_patiently(path: Path, spill: Path, wait: float) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + wait
    while True:
        try:
            with readable(path):
                return connect(path, spill=spill)
        except WarehouseBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.05, 0.25))  # noqa: S311


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what DuckDB says of a file that it cannot open into our errors."""
    try:
        yield
    except FAILURES as error:
        message = str(error).splitlines()[0]
        if "Could not set lock" in message:
            raise WarehouseBusy(f"{path} is open in another program: {message}") from None
        if "version number" in message or "newer version" in message:
            raise WarehouseNewer(f"{path}: {message}") from None
        if "Permission denied" in message or "Read-only file system" in message:
            raise WarehouseError(f"{path}: {message}") from None
        raise WarehouseUnreadable(f"{path} cannot be read: {message}") from None
