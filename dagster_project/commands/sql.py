"""`tieout sql`: one query on the published file."""

import duckdb

from dagster_project.commands.errors import CommandError
from dagster_project.commands.published import published
from dagster_project.commands.tables import checked_format, write


def run_query(query: str, format_: str, version: str | None = None) -> None:
    checked_format(format_)
    with published(version) as connection:
        try:
            statements = connection.extract_statements(query)
        except duckdb.Error as error:
            raise CommandError(f"this is not a query that DuckDB understands.\n{error}") from error
        if len(statements) != 1:
            raise CommandError(f"give one query; these are {len(statements)} statements.")
        try:
            cursor = connection.execute(query)
            write(cursor, format_)
        except duckdb.Error as error:
            raise CommandError(
                f"the query failed on the published file (read-only).\n{error}\n"
                'Tables and columns: tieout sql "from information_schema.columns select table_schema, '
                'table_name, column_name"'
            ) from error
