"""The difference that one crawl makes, from its spool to the tables."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from registry_assets.errors import ConfigurationError
from registry_assets.warehouse.connection import run_file, transaction
from registry_assets.warehouse.known import read_address
from registry_assets.warehouse.publishing import mark_changed
from registry_assets.warehouse.spool import Spool

GUARD_FROM = 20
DATA = ("registries", "repositories", "tags", "manifests")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of a table a crawl added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """What a crawl changed.

    `tables` has registries, repositories, tags, manifests and crawl_problems; `guard` says why removals were held,
    and how to confirm them; `rows` counts the provider's rows of each table.
    """

    changed: bool
    tables: dict[str, Counts]
    guard: str | None
    rows: dict[str, int]


def apply_spool(connection: duckdb.DuckDBPyConnection, spool: Spool) -> Applied:
    """Bring the provider's rows to what the crawl read, in one transaction; without news only `crawls` is written."""
    crawl = spool.crawl()
    parameters: dict[str, Any] = {**crawl, **spool.files()}
    with transaction(connection):
        check_same_registry(read_address(connection, crawl["provider"]), crawl["provider"], crawl["api_url"])
        parameters["at"] = _crawl_time(connection, parameters["stages_file"])
        run_file(connection, "apply/spooled.sql", parameters)
        guard = _hold_removals(connection, parameters)
        for step in ("registries", "repositories", "tags", "documents"):
            run_file(connection, f"apply/{step}.sql", parameters)
        ((images_changed,),) = run_file(connection, "apply/manifests.sql", parameters)[-1]
        for step in (*(["sources"] if images_changed else []), "counts", "problems"):
            run_file(connection, f"apply/{step}.sql", parameters)
        tables = _differences(connection)
        changed = any(counts != Counts() for counts in tables.values())
        _finish(connection, parameters, tables, changed=changed)
        rows = dict(run_file(connection, "apply/rows.sql", parameters)[0])
    return Applied(changed, tables, guard, rows)


def check_same_registry(stored: str | None, provider: str, api_url: str) -> None:
    """`ConfigurationError` where the provider's rows come from another address."""
    if stored is not None and stored.rstrip("/") != api_url.rstrip("/"):
        raise ConfigurationError(
            f"provider {provider}: api_url is {api_url} now, its rows come from {stored}. Give the new registry a"
            f" provider name of its own, or run `registry-assets forget {provider}` first to drop the old rows"
        )


def _crawl_time(connection: duckdb.DuckDBPyConnection, stages_file: str) -> datetime:
    row = connection.execute("SELECT max(finished_at) FROM read_parquet(?)", [stages_file]).fetchone()
    return row[0] if row and row[0] else datetime.now(UTC)


def _hold_removals(connection: duckdb.DuckDBPyConnection, parameters: dict[str, Any]) -> str | None:
    """Why removals that nobody confirmed are held; None where they may go on."""
    repositories, gone_repositories, tags, gone_tags, empty = run_file(connection, "apply/gone.sql", parameters)[-1][0]
    many_repositories = repositories >= GUARD_FROM and gone_repositories * 2 > repositories
    many_tags = tags >= GUARD_FROM and gone_tags * 2 > tags
    emptied = bool(empty) and repositories > 0
    if parameters["accept_removals"] or not (many_repositories or many_tags or emptied):
        return None
    stage = "repositories" if many_repositories or emptied else "tags"
    message = (
        f"the registry no longer shows {gone_repositories} of {repositories} repositories and {gone_tags} of {tags}"
        " tags; their rows are kept until this is confirmed"
    )
    advice = (
        f"Check the registry and the credentials; if it is true, run"
        f" `registry-assets crawl {parameters['provider']} --accept-removals`."
    )
    run_file(connection, "apply/hold.sql", {**parameters, "stage": stage, "message": message, "advice": advice})
    return f"{message}. {advice}"


def _differences(connection: duckdb.DuckDBPyConnection) -> dict[str, Counts]:
    rows = run_file(connection, "apply/differences.sql", {})[-1]
    return {table: Counts(added, changed, removed) for table, added, changed, removed in rows}


def _finish(
    connection: duckdb.DuckDBPyConnection, parameters: dict[str, Any], tables: dict[str, Counts], *, changed: bool
) -> None:
    due, recounted = connection.execute(
        "SELECT due, (SELECT count(*) FROM repository_counts) + (SELECT count(*) FROM tag_pulls) > 0 FROM counts_due"
    ).fetchall()[0]
    changed_data = recounted or any(tables[table] != Counts() for table in DATA)
    run_file(connection, "apply/finish.sql", {**parameters, "changed_data": changed_data})
    if changed or due:
        mark_changed(connection)
