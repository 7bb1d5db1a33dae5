"""What was sent to Devgraph servers, and which of it is gone."""

import duckdb

from registry_assets.warehouse.connection import run_file, transaction


def remember(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Note all entities as sent to `target`."""
    with transaction(connection):
        run_file(connection, "pushed/remember.sql", {"target": target})


def gone(connection: duckdb.DuckDBPyConnection, target: str) -> list[tuple[str, str, str]]:
    """(kind, namespace, name) of what was sent to `target` and is no entity any more."""
    (rows,) = run_file(connection, "pushed/gone.sql", {"target": target})
    return [(str(kind), str(namespace), str(name)) for kind, namespace, name in rows]


def forget(connection: duckdb.DuckDBPyConnection, target: str, entity: tuple[str, str, str]) -> None:
    """Note that `entity` is not at `target` any more."""
    kind, namespace, name = entity
    run_file(connection, "pushed/forget.sql", {"target": target, "kind": kind, "namespace": namespace, "name": name})
