"""Short reads of the warehouse and the published file.

Belongs here: opening a DuckDB file for a moment. A connection is closed before the step goes on,
because one open writer keeps every other process out.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.limits import apply_limits


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection in UTC. Raises duckdb.IOException when another process is writing."""
    connection = duckdb.connect(str(path), read_only=True)
    try:
        connection.execute("set TimeZone = 'UTC'")
        apply_limits(connection)
        yield connection
    finally:
        connection.close()


def quoted(*parts: str) -> str:
    """`schema.table` with each part quoted, so that a name is never read as SQL."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def existing_tables(connection: duckdb.DuckDBPyConnection, schemas: Iterable[str]) -> list[tuple[str, str]]:
    """(schema, table or view) of the connection's main database, sorted."""
    return connection.execute(
        """
        select table_schema, table_name
        from information_schema.tables
        where table_catalog = current_database() and list_contains($schemas, table_schema)
        order by all
        """,
        {"schemas": list(schemas)},
    ).fetchall()


def row_counts(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Rows of each table, in one query."""
    tables = list(tables)
    if not tables:
        return {}
    query = " union all ".join(
        f"select {place}, count(*) from {quoted(*table)}" for place, table in enumerate(tables)
    )
    return {tables[place]: count for place, count in connection.execute(query).fetchall()}


def raw_schemas(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Schemas that hold landed records, sorted."""
    rows = connection.execute(
        """
        select distinct table_schema
        from information_schema.tables
        where starts_with(table_schema, 'raw_') and table_name = 'control_totals'
            and table_catalog = current_database()
        order by all
        """
    ).fetchall()
    return [name for (name,) in rows]


def is_locked(error: BaseException) -> bool:
    """Whether an error says that another process holds the file: it goes away by waiting."""
    return "could not set lock" in str(error).lower()
