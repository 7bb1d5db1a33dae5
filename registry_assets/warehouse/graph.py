"""The entity graph, derived from the tables by SQL alone."""

from dataclasses import dataclass
from itertools import count

import duckdb

from registry_assets.warehouse.connection import run_file, transaction
from registry_assets.warehouse.publishing import mark_changed


@dataclass(frozen=True, slots=True)
class Derived:
    """A provider's part of the graph: whether this derivation changed it, and how much there is of each sort now."""

    changed: bool
    entities: dict[str, int]
    relationships: dict[str, int]


def derive(connection: duckdb.DuckDBPyConnection, provider: str) -> Derived:
    """The graph of `provider`, brought up to date in one transaction if its rows have changed since the last time."""
    changed = False
    if _is_due(connection, provider):
        with transaction(connection):
            changed = _refresh(connection, provider)
            if changed:
                mark_changed(connection)
    entities, relationships = run_file(connection, "graph/counts.sql", {"provider": provider})
    return Derived(changed, dict(entities), dict(relationships))


def _is_due(connection: duckdb.DuckDBPyConnection, provider: str) -> bool:
    due = connection.execute(
        "SELECT graph_generation IS DISTINCT FROM generation FROM internal.providers WHERE provider = ?", [provider]
    ).fetchone()
    return due is not None and bool(due[0])


def _refresh(connection: duckdb.DuckDBPyConnection, provider: str) -> bool:
    mine = {"provider": provider}
    run_file(connection, "graph/macros.sql", {})
    run_file(connection, "graph/nodes.sql", mine)
    _give_names(connection)
    written = 0
    for table in ("entities", "relationships"):
        *_, ((deleted,),), ((inserted,),) = run_file(connection, f"graph/{table}.sql", mine)
        written += deleted + inserted
    run_file(connection, "graph/finish.sql", mine)
    return bool(written)


def _give_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Names for all entities that have none: every attempt names one of those that ask for the same name."""
    for attempt in count():
        ((unnamed,),) = run_file(connection, "graph/unnamed.sql", {})[-1]
        if not unnamed:
            return
        run_file(connection, "graph/names.sql", {"attempt": attempt})
