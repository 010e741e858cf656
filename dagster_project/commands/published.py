"""Opening the published file for a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dagster_project.commands.errors import CommandError
from pipelines.settings import settings


def published_file() -> Path:
    """The published file's path. Raises CommandError when nothing has been published yet."""
    path = settings().published
    if not path.is_file():
        raise CommandError(
            f"nothing has been published yet: {path} does not exist.\nRun the job first: tieout run"
        )
    return path


@contextmanager
def published() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can read the published file and nothing else: no writes, no other files."""
    path = published_file()
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise CommandError(
            f"{path} cannot be opened: {error}\nIf another program has it open for writing, close it there."
        ) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()
