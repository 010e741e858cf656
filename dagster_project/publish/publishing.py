"""Write, audit, publish: a new file beside the old one, checked, synced, and swapped in whole.

Belongs here: making the published file. A reader has either the old file or the new one, never half
of one, and is never blocked: replacing a name leaves open files as they were. When nothing changed,
the old file stays, so that its date says since when the figures are what they are.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.names import PUBLISHED_SCHEMAS
from dagster_project.publish import versions
from dagster_project.warehouse import existing_tables, quoted, reading
from pipelines.limits import apply_limits

_CONTENTS = """
create table checks.published_tables (
    schema_name varchar, table_name varchar, row_count bigint, columns varchar, content_hash varchar
)
"""
_SELF = ("checks", "published_tables")


class PublishError(RuntimeError):
    """The new file is not what the warehouse holds; the previous published file stays in place."""


@dataclass(frozen=True)
class TableContent:
    """What a table holds, whatever the order of its rows."""

    schema_name: str
    table_name: str
    row_count: int
    columns: str
    content_hash: str


@dataclass(frozen=True)
class Publication:
    """path: the file that readers open. is_changed: whether this run replaced it. version: its id."""

    path: Path
    is_changed: bool
    tables: tuple[TableContent, ...]
    size_bytes: int
    version: str

    @property
    def rows(self) -> int:
        return sum(table.row_count for table in self.tables)


def _filter(schema: str, table: str) -> str:
    """Check results of this run only: a history would make equal inputs publish different bytes."""
    return "where run_id = $run_id" if (schema, table) == ("checks", "expectation_results") else ""


def contents(connection: duckdb.DuckDBPyConnection, run_id: str) -> tuple[TableContent, ...]:
    """Content of every table that is published, by an order-free hash over its rows."""
    found = []
    # Of all tables at once: the catalog is made anew for every question, however little is asked for.
    columns = {
        (schema, table): listed
        for schema, table, listed in connection.execute(
            """
            select
                table_schema, table_name,
                string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position)
            from information_schema.columns
            where table_catalog = current_database() and list_contains($schemas, table_schema)
            group by all
            """,
            {"schemas": list(PUBLISHED_SCHEMAS)},
        ).fetchall()
    }
    for schema, table in existing_tables(connection, PUBLISHED_SCHEMAS):
        if (schema, table) == _SELF:
            continue
        relation, condition = quoted(schema, table), _filter(schema, table)
        row = connection.execute(
            f"select count(*), coalesce(sum(hash(content)::hugeint), 0)::varchar "
            f"from (select * from {relation} {condition}) as content",
            {"run_id": run_id} if condition else None,
        ).fetchone()
        assert row is not None
        found.append(TableContent(schema, table, row[0], columns[schema, table], row[1]))
    return tuple(found)


def published_contents(path: Path) -> tuple[TableContent, ...] | None:
    """What the published file says it holds; None when there is none that can be read."""
    if not path.is_file():
        return None
    try:
        with reading(path) as connection:
            rows = connection.execute(f"select * from {quoted(*_SELF)} order by all").fetchall()
    except duckdb.Error:
        return None
    return tuple(TableContent(*row) for row in rows)


def _comments(connection: duckdb.DuckDBPyConnection, source: str) -> dict[tuple[str, str], list[str]]:
    """Per published table, the statements that give the copy the descriptions of the original."""
    literal = lambda text: "'" + text.replace("'", "''") + "'"  # noqa: E731
    rows = connection.execute(
        """
        select schema_name, table_name, null as column_name, comment, -1 as place
        from duckdb_tables()
        where database_name = $source and comment is not null
            -- What a table was made of (dbt/macros/keyed.sql) differs from run to run, and describes nothing.
            and not starts_with(comment, 'keyed ')
        union all
        select schema_name, view_name, null, comment, -1
        from duckdb_views() where database_name = $source and comment is not null
        union all
        select schema_name, table_name, column_name, comment, column_index
        from duckdb_columns() where database_name = $source and comment is not null
        """,
        {"source": source},
    ).fetchall()
    statements: dict[tuple[str, str], list[str]] = {}
    for schema, table, column, comment, _ in sorted(rows, key=lambda row: (row[0], row[1], row[4])):
        on = f"table {quoted(schema, table)}" if column is None else f"column {quoted(schema, table, column)}"
        statements.setdefault((schema, table), []).append(f"comment on {on} is {literal(comment)}")
    return statements


def _build(building: Path, warehouse: Path, run_id: str, expected: tuple[TableContent, ...]) -> None:
    connection = duckdb.connect(str(building))
    try:
        connection.execute("set TimeZone = 'UTC'")
        apply_limits(connection)
        path = str(warehouse).replace("'", "''")
        # Under the name that it has as a file of its own: views name their tables with it.
        source = warehouse.stem
        connection.execute(f"attach '{path}' as {quoted(source)} (read_only)")
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema {quoted(schema)}")
        comments = _comments(connection, source)
        for table in expected:
            condition = _filter(table.schema_name, table.table_name)
            name = (table.schema_name, table.table_name)
            if condition:
                condition = condition.replace("$run_id", "'" + run_id.replace("'", "''") + "'")
            # Ordered by all columns: the same rows give the same file, whatever the threads did.
            connection.execute(
                f"create table {quoted(*name)} as "
                f"select * from {quoted(source, *name)} {condition} order by all"
            )
            for statement in comments.get(name, ()):
                connection.execute(statement)
        connection.execute(f"detach {quoted(source)}")
        written = contents(connection, run_id)
        if written != expected:
            different = [table.table_name for table in written if table not in expected]
            raise PublishError(f"The new file differs from the warehouse in {different or 'its tables'}.")
        connection.execute(_CONTENTS)
        connection.executemany(
            f"insert into {quoted(*_SELF)} values (?, ?, ?, ?, ?)",
            [
                [table.schema_name, table.table_name, table.row_count, table.columns, table.content_hash]
                for table in sorted(written, key=lambda table: (table.schema_name, table.table_name))
            ],
        )
        connection.execute("checkpoint")
    finally:
        connection.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _building(published: Path) -> Iterator[Path]:
    """A file beside the published one that is gone afterwards, also when an earlier run was killed."""
    published.parent.mkdir(parents=True, exist_ok=True)
    for left_over in published.parent.glob(f".building-*.{published.name}*"):
        left_over.unlink(missing_ok=True)
    building = published.with_name(f".building-{os.getpid()}.{published.name}")
    try:
        yield building
    finally:
        for left_over in published.parent.glob(f"{building.name}*"):
            left_over.unlink(missing_ok=True)


def publish(warehouse: Path, published: Path, run_id: str) -> Publication:
    """Publish the warehouse. On any error the previous file stays as it is.

    Raises PublishError when the copy is not what the warehouse holds, OSError when it cannot be written.
    """
    with reading(warehouse) as connection:
        expected = contents(connection, run_id)
    if not expected:
        raise PublishError(f"{warehouse} has no table to publish; run the whole job first.")
    versions.tidy(published)
    before = published_contents(published)
    # Also when a run was killed after it had replaced the file and before it had kept it.
    version = versions.keep(published) if before is not None else None
    if version is not None and before == expected:
        return Publication(published, False, expected, published.stat().st_size, version)
    with _building(published) as building:
        _build(building, warehouse, run_id, expected)
        # The version shares the file: nobody writes into what stood, not even by accident.
        building.chmod(0o444)
        _sync(building)
        building.replace(published)
        _sync(published.parent)
    version = versions.keep(published)
    assert version is not None
    return Publication(published, True, expected, published.stat().st_size, version)
