"""How much of the machine DuckDB may take, for every connection that may meet much data.

Belongs here: reading the limits from the environment, where `operations.yml` puts them, so that child
processes and dbt have them too. What is not set is DuckDB's own choice.
"""

import os

import duckdb

# Setting of DuckDB to the environment variable that holds it.
VARIABLES = {
    "memory_limit": "TIEOUT_MEMORY_LIMIT",
    "max_temp_directory_size": "TIEOUT_TEMPORARY_DISK",
    "threads": "TIEOUT_DUCKDB_THREADS",
}


def limits() -> dict[str, str]:
    """DuckDB settings that are limited, by name."""
    return {setting: os.environ[name] for setting, name in VARIABLES.items() if os.environ.get(name)}


def apply_limits(connection: duckdb.DuckDBPyConnection) -> None:
    """Limit the database of a connection. Raises duckdb.Error when a limit is no size."""
    for setting, value in limits().items():
        connection.execute(f"set {setting} = $value", {"value": value})
