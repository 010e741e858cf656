"""Everything that decides what a run makes, as one hash per part: equal hashes, equal tables.

Belongs here: what counts as an input. The run id names deliveries, seeds, models and the source
configuration; here come the physical loads (a file read again is another load), the row counts of the raw
tables, our own code and the libraries that compute: an upgrade of DuckDB may not change a figure, and that
it does not is only known after the work was done again.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import duckdb

from dagster_project.run_identity import PROJECT, project_files
from dagster_project.warehouse import existing_tables, quoted, raw_schemas, row_counts
from pipelines.settings import REPOSITORY, Settings

_PACKAGES = ("pipelines", "expectations", "dagster_project")
_PROGRAM = {".py", ".csv", ".j2", ".css", ".yml"}
_LIBRARIES = (
    "duckdb",
    "dbt-core",
    "dbt-duckdb",
    "dlt",
    "great-expectations",
    "numpy",
    "pyarrow",
    "rapidfuzz",
    "scipy",
)


@dataclass(frozen=True)
class Inputs:
    """Hash of each part by its name, as a person would call it."""

    parts: dict[str, str]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr(sorted(self.parts.items())).encode()).hexdigest()

    def changed_since(self, earlier: dict[str, str]) -> list[str]:
        """Names of the parts that differ."""
        names = {*self.parts, *earlier}
        return sorted(name for name in names if self.parts.get(name) != earlier.get(name))


def _of_files(files: Iterable[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _deliveries(connection: duckdb.DuckDBPyConnection, schema: str) -> str:
    """The loads that a raw schema holds, and how many rows each of its tables has."""
    digest = hashlib.sha256()
    for load_id, package in connection.execute(
        f"select load_id, _dlt_load_id from {quoted(schema, 'files')} order by all"
    ).fetchall():
        digest.update(f"{load_id}:{package}\n".encode())
    for table, rows in sorted(row_counts(connection, existing_tables(connection, [schema])).items()):
        digest.update(f"{table}:{rows}\n".encode())
    return digest.hexdigest()


def content_of(schema: str, table: str) -> str:
    """Name of the part that stands for the rows of a raw table."""
    return f"content of {schema}.{table}"


def raw_content(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Part name to a hash over every row of each raw table, whatever the order of its rows. Reads all of
    them: once per run, by the gate that also proves that they are what was declared; a cent changed in place
    must not pass unseen."""
    found = {}
    for schema in raw_schemas(connection):
        for _, table in existing_tables(connection, [schema]):
            row = connection.execute(
                f"select count(*), sum(hash(content)::hugeint) from {quoted(schema, table)} as content"
            ).fetchone()
            found[content_of(schema, table)] = str(row)
    return found


def inputs(
    connection: duckdb.DuckDBPyConnection, settings: Settings, as_of_date: date, content: Mapping[str, str]
) -> Inputs:
    """The inputs of a run as they are now. `connection` reads the warehouse; content: see `raw_content`."""
    files = project_files(settings)
    seeds = [path for path in files if path.is_relative_to(settings.seeds)]
    project = [path for path in files if not path.is_relative_to(settings.seeds)]
    engine = [path for path in project if path.is_relative_to(PROJECT / "matching")]
    models = [path for path in project if path not in set(engine)]
    program = [
        path
        for package in _PACKAGES
        for path in (REPOSITORY / package).rglob("*")
        if path.suffix in _PROGRAM and path != settings.sources_file
    ]
    failures = settings.warehouse.parent.glob("*.failures.json")
    return Inputs(
        {
            "as-of date": str(as_of_date),
            **content,
            **{f"deliveries in {name}": _deliveries(connection, name) for name in raw_schemas(connection)},
            "sources that could not be loaded": _of_files(failures, settings.warehouse.parent),
            "seeds": _of_files(seeds, settings.seeds),
            "models, macros and tests": _of_files(models, PROJECT),
            "matching engine": _of_files(engine, PROJECT),
            "source configuration": _of_files([settings.sources_file], settings.sources_file.parent),
            "program": _of_files(program, REPOSITORY),
            "libraries": " ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        }
    )
