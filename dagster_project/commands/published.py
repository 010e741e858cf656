"""Opening the published file for a command."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dagster_project.commands.errors import CommandError
from pipelines.limits import apply_limits
from pipelines.settings import settings


def published_file() -> Path:
    """The published file's path. Raises CommandError when nothing has been published yet."""
    path = settings().published
    if not path.is_file():
        raise CommandError(
            f"nothing has been published yet: {path} does not exist.\nRun the job first: tieout run"
        )
    return path


def version_file(wanted: str | None) -> Path:
    """The current published file, or the version that is meant by an id, a run, a day or a moment."""
    path = published_file()
    if wanted is None:
        return path
    from dagster_project.publish.versions import NoSuchVersion, find

    try:
        return find(path, wanted).path
    except NoSuchVersion as error:
        raise CommandError(str(error)) from error


@contextmanager
def published(version: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can read one published file and nothing else: no writes, no other files.

    Needs no write access: what does not fit into memory goes to the system's temporary folder.
    """
    path = version_file(version)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise CommandError(
            f"{path} cannot be opened: {error}\nIf another program has it open for writing, close it there."
        ) from error
    with tempfile.TemporaryDirectory(prefix="tieout_") as spill:
        try:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set temp_directory = $folder", {"folder": spill})
            apply_limits(connection)
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            yield connection
        finally:
            connection.close()
