"""A crawl's records on disk, one Parquet file per record type, until the warehouse applies them."""

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from registry_assets.errors import WarehouseBusy, WarehouseError
from registry_assets.records import (
    ChildRecord,
    ConfigRecord,
    CrawlRecord,
    LayerRecord,
    ManifestRecord,
    OtherRepositoryRecord,
    ProblemRecord,
    Record,
    RegistryRecord,
    RepositoryRecord,
    StageRecord,
    TagRecord,
)

FILES: dict[type, str] = {
    RegistryRecord: "registries",
    RepositoryRecord: "repositories",
    OtherRepositoryRecord: "others",
    TagRecord: "tags",
    ManifestRecord: "manifests",
    ConfigRecord: "configs",
    ChildRecord: "children",
    LayerRecord: "layers",
    ProblemRecord: "problems",
    StageRecord: "stages",
}
BATCH = 5_000
INTEGER_32 = {"schema_version", "status_code"}
# A spool's owner holds its lock; a directory this young may belong to one that is just about to take it.
SECONDS_TO_LOCK = 60


class Spool:
    """One crawl's records. Whoever made it discards it; `finish` makes it ready to be applied."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = FileLock(directory / "owner.lock", timeout=0)
        self._rows: dict[type, list[Any]] = {record_type: [] for record_type in FILES}
        self._writers: dict[type, pq.ParquetWriter] = {}
        with self._on_disk():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(mode=0o700, parents=True)
            self._lock.acquire()

    def add(self, record: Record) -> None:
        """Take one record; it reaches the disk with its batch."""
        self._add(type(record), record)

    def finish(self, crawl: CrawlRecord) -> None:
        """Close the files and write down, last, what the crawl was: a spool without that is ignored."""
        for stage in crawl.stages:
            self._add(StageRecord, stage)
        with self._on_disk():
            for record_type in FILES:
                self._flush(record_type)
            self._close()
            unfinished = self.directory / "crawl.json.new"
            with unfinished.open("w", encoding="utf-8") as file:
                json.dump({**asdict(crawl), "stages": []}, file)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self.directory / "crawl.json")

    def crawl(self) -> dict[str, Any]:
        """The crawl's settings as `finish` wrote them, without its stages."""
        file = self.directory / "crawl.json"
        if not file.exists():
            raise WarehouseError(f"{self.directory} holds a crawl that did not finish")
        settings: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return settings

    def files(self) -> dict[str, str]:
        """The paths of the Parquet files, by the parameter names that the statements use."""
        return {f"{name}_file": str(self.directory / f"{name}.parquet") for name in FILES.values()}

    def discard(self) -> None:
        """Remove the files; harmless when they are gone."""
        self._rows.clear()
        try:
            self._close()
        except (OSError, pa.ArrowException):
            self._writers.clear()  # a full disk keeps a file from being closed properly, not from being removed
        shutil.rmtree(self.directory, ignore_errors=True)
        self._lock.release()

    def _add(self, record_type: type, record: Any) -> None:
        rows = self._rows[record_type]
        rows.append(record)
        if len(rows) >= BATCH:
            with self._on_disk():
                self._flush(record_type)

    def _flush(self, record_type: type) -> None:
        rows, self._rows[record_type] = self._rows[record_type], []
        schema = SCHEMAS[record_type]
        if record_type not in self._writers:
            path = self.directory / f"{FILES[record_type]}.parquet"
            self._writers[record_type] = pq.ParquetWriter(path, schema)
        columns = [column([getattr(row, field.name) for row in rows], field.type) for field in schema]
        self._writers[record_type].write_table(pa.Table.from_arrays(columns, schema=schema))

    def _close(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except Timeout:
            raise WarehouseBusy(f"{self.directory} belongs to a crawl that is running") from None
        except OSError as error:
            raise WarehouseError(f"cannot write {self.directory}: {error.strerror or error}") from None


def clean_spools(parent: Path) -> None:
    """Remove the spools that dead crawls left: those whose lock nobody holds."""
    try:
        directories = list(parent.iterdir())
    except OSError:
        return  # there is nothing yet, or nothing that may be removed
    for directory in directories:
        try:
            if abs(time.time() - directory.stat().st_mtime) < SECONDS_TO_LOCK:  # the clock may have been set back
                continue
            with FileLock(directory / "owner.lock", timeout=0):
                shutil.rmtree(directory, ignore_errors=True)
        except (Timeout, OSError):
            continue  # its owner is alive, or has just removed it


def spool_name(run_id: str, provider: str) -> str:
    """The name of a spool's directory."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"{run_id}-{provider}")


def column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """A column of values; text that is no Unicode is mended, numbers that do not fit are unknown."""
    try:
        return pa.array(_entries(values, kind), kind)
    except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
        bits = kind.bit_width if pa.types.is_integer(kind) else 64
        return pa.array(_entries([_storable(value, bits) for value in values], kind), kind)


def _entries(values: list[Any], kind: pa.DataType) -> list[Any]:
    return [sorted(value.items()) for value in values] if pa.types.is_map(kind) else values


def _storable(value: Any, bits: int) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        return None
    if isinstance(value, dict):
        return {_storable(key, bits): _storable(item, bits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item, bits) for item in value]
    return value


def _schema(record_type: type) -> pa.Schema:
    hints = get_type_hints(record_type)
    return pa.schema([(field.name, _arrow_type(field.name, hints[field.name])) for field in fields(record_type)])


def _arrow_type(name: str, hint: Any) -> pa.DataType:
    if isinstance(hint, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    if name in INTEGER_32:
        return pa.int32()
    kind: Callable[[], pa.DataType] = {
        str: pa.string,
        int: pa.int64,
        bool: pa.bool_,
        datetime: lambda: pa.timestamp("us", "UTC"),
        dict: lambda: pa.map_(pa.string(), pa.string()),
        list: lambda: pa.list_(pa.string()),
        tuple: lambda: pa.list_(pa.string()),
    }[get_origin(hint) or hint]
    return kind()


SCHEMAS: dict[type, pa.Schema] = {record_type: _schema(record_type) for record_type in FILES}
