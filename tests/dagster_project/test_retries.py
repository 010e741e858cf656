"""Waiting cures a lock or a broken connection, and nothing else."""

import duckdb
import pytest

from dagster_project.retries import is_transient


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException('IO Error: Could not set lock on file "tieout.duckdb": Conflicting lock is held'),
        RuntimeError("dbt stopped: IO Error: Could not set lock on file"),
        ConnectionResetError("peer"),
        TimeoutError(),
        raised_from(RuntimeError("the load did not complete"), ConnectionError("refused")),
    ],
)
def test_transient(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("IO Error: No space left on device"),
        duckdb.CatalogException("Table with name orders does not exist"),
        ValueError("not a date"),
        PermissionError(13, "Permission denied"),
    ],
)
def test_not_transient(error: Exception) -> None:
    assert not is_transient(error)
