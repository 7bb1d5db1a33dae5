"""What the tables and views are, as their own comments tell."""

from dataclasses import dataclass
from functools import cache

from registry_assets.warehouse.connection import connect, create_schema


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its DuckDB type, and its meaning with the unit."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view of the contract."""

    comment: str
    columns: tuple[Column, ...]


@cache
def describe_tables() -> dict[str, Table]:
    """Every table and view that users read, by name, in the order of their creation; no file is needed."""
    connection = connect()
    try:
        create_schema(connection)
        comments = connection.execute(
            "SELECT table_name, comment FROM (SELECT table_name, comment, table_oid, schema_name, internal"
            " FROM duckdb_tables() UNION ALL SELECT view_name, comment, view_oid, schema_name, internal"
            " FROM duckdb_views()) WHERE schema_name = 'main' AND NOT internal ORDER BY table_oid"
        ).fetchall()
        columns = connection.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
            " WHERE schema_name = 'main' AND NOT internal ORDER BY column_index"
        ).fetchall()
    finally:
        connection.close()
    return {
        name: Table(comment, tuple(Column(*rest) for table, *rest in columns if table == name))
        for name, comment in comments
    }
