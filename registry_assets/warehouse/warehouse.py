"""The warehouse: the files of one data directory and everything that is done with them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pandas as pd
from filelock import FileLock, Timeout

from registry_assets.errors import ConfigurationError, StatementRejected, WarehouseBusy, WarehouseError
from registry_assets.warehouse import graph, maintenance, publishing, pushed
from registry_assets.warehouse.apply import Applied, apply_spool, check_same_registry
from registry_assets.warehouse.connection import FAILURES, open_private, open_published, stream_rows
from registry_assets.warehouse.known import Known, read_address, read_known
from registry_assets.warehouse.spool import Spool, clean_spools, spool_name
from registry_assets.warehouse.tables import describe_tables

T = TypeVar("T")


class Warehouse:
    """The tables of one data directory: `published` to read, a private file to write, one writer at a time.

    `lock_timeout` is how many seconds a writer waits for the one before it.
    """

    def __init__(self, data_dir: Path, *, lock_timeout: float = 300) -> None:
        self.published = data_dir / "registry.duckdb"
        self._private = data_dir / "private" / "registry.duckdb"
        self._spools = data_dir / "spool"
        self._lock_path = data_dir / "registry.lock"
        self._lock_timeout = lock_timeout

    def known(self, provider: str) -> Known:
        """What is known of `provider`, from the published file: does not wait for a writer."""
        if not self._has_published():
            return Known()
        with open_published(self.published) as connection:
            return read_known(connection, provider)

    def check_identity(self, provider: str, api_url: str) -> None:
        """`ConfigurationError` where the rows of `provider` come from another address than `api_url`."""
        if self._has_published():
            with open_published(self.published) as connection:
                check_same_registry(read_address(connection, provider), provider, api_url)

    def new_spool(self, run_id: str, provider: str) -> Spool:
        """An empty spool for one crawl; those that dead crawls left are removed."""
        clean_spools(self._spools)
        return Spool(self._spools / spool_name(run_id, provider))

    def apply(self, spool: Spool) -> Applied:
        """Commit what a crawl read, and publish if that is due."""
        with self._writing() as connection:
            return apply_spool(connection, spool)

    def derive_graph(self, provider: str) -> graph.Derived:
        """Bring the graph of `provider` up to date with its rows, and publish if that changed it."""
        with self._writing() as connection:
            return graph.derive(connection, provider)

    def publish(self, *, force: bool = False) -> None:
        """Publish if that is due, or in any case."""
        with self._writing(force=force):
            pass

    def forget(self, provider: str) -> bool:
        """Delete everything that is known of `provider`; whether there was anything."""
        with self._writing() as connection:
            return maintenance.forget_provider(connection, provider)

    def compact(self, *, manifest_days: int = 90, crawl_days: int = 30) -> None:
        """Delete what is older than it is kept, and rewrite a file that is mostly free space.

        Manifests are kept `manifest_days` after the last tag left them; crawls and resolved problems `crawl_days`.
        """
        clean_spools(self._spools)
        with self._locked():
            with self._opened() as connection:
                maintenance.delete_old_rows(connection, manifest_days=manifest_days, crawl_days=crawl_days)
                wasteful = maintenance.is_mostly_free(connection)
            with _reported(self._private):
                maintenance.remove_leftovers(self._private)
                if wasteful:
                    maintenance.rewrite(self._private)
            with self._opened() as connection:
                due = wasteful or publishing.is_due(connection, self.published)
                if due:
                    publishing.record_publication(connection)
            if due:
                publishing.publish(self._private, self.published)

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """The answer of a statement on the published file, read-only."""
        with open_published(self.published) as connection, _reported(self.published):
            try:
                return connection.execute(sql, parameters).df()
            except FAILURES:
                raise
            except duckdb.Error as error:
                raise StatementRejected(str(error)) from None

    def preview(self, table: str, provider: str, limit: int = 10) -> pd.DataFrame:
        """The first rows that `provider` has in `table`."""
        _check_table(table)
        with open_published(self.published) as connection, _reported(self.published):
            mine = duckdb.ColumnExpression("provider") == duckdb.ConstantExpression(provider)
            return connection.table(table).filter(mine).limit(limit).df()

    def row_count(self, table: str) -> int:
        """How many rows `table` has, of all providers."""
        _check_table(table)
        with open_published(self.published) as connection, _reported(self.published):
            row = connection.table(table).count("*").fetchone()
        return int(row[0]) if row else 0

    def stream(self, export: str) -> Iterator[dict[str, Any]]:
        """The rows of `sql/export/<export>.sql` on the published file, a batch at a time."""
        with open_published(self.published) as connection, _reported(self.published):
            yield from stream_rows(connection, export)

    def remember_pushed(self, target: str) -> None:
        """Note that all entities as they are now are about to be sent to `target`."""
        with self._writing() as connection:
            pushed.remember(connection, target)

    def pushed_and_gone(self, target: str) -> list[tuple[str, str, str]]:
        """(kind, namespace, name) of what was sent to `target` and is gone for sure."""
        with self._writing() as connection:
            return pushed.gone(connection, target)

    def forget_pushed(self, target: str, entity: tuple[str, str, str]) -> None:
        """Note that `entity`, as (kind, namespace, name), was deleted at `target`."""
        with self._writing() as connection:
            pushed.forget(connection, target, entity)

    def _has_published(self) -> bool:
        """Whether there is a published file, made anew where it is gone, damaged, or open to be written to."""
        if self._private.exists() and publishing.published_revision(self.published) is None:
            self.publish(force=True)
        return self.published.exists()

    @contextmanager
    def _writing(self, *, force: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """The private database under the lock; afterwards it is closed, and published if that is due."""
        with self._locked():
            with self._opened() as connection:
                yield connection
                due = force or publishing.is_due(connection, self.published)
                if due:
                    publishing.record_publication(connection)
            if due:
                publishing.publish(self._private, self.published)

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with _reported(self._private):
            if not self._private.exists() and self.published.exists():
                self._private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                publishing.restore(self.published, self._private)
            with open_private(self._private) as connection:
                yield connection
                connection.execute("CHECKPOINT")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _reported(self._lock_path):
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._lock_path, timeout=self._lock_timeout)
            try:
                lock.acquire()
            except Timeout:
                raise WarehouseBusy(f"{self._lock_path} is held by another run for {self._lock_timeout:g} s") from None
        try:
            yield
        finally:
            lock.release()


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Turns what the disk and DuckDB say into our errors; a mistake in a statement of ours stays what it is."""
    try:
        yield
    except FAILURES as error:
        raise WarehouseError(f"{path}: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise WarehouseError(f"{error.filename or path}: {error.strerror or error}") from None


def _check_table(table: str) -> None:
    if table not in describe_tables():
        raise ConfigurationError(f"there is no table {table!r}; there are {', '.join(describe_tables())}")
