"""Which day a run is about, and which inputs it read.

Belongs here: the as-of date and the run id. Both come from what was landed and never from the clock,
so that the same inputs, seeds and date give the same published bytes (a random id in a published
table would make every run look like a change).
"""

import hashlib
from datetime import date
from pathlib import Path

import duckdb

from dagster_project.warehouse import quoted, raw_schemas
from pipelines.settings import REPOSITORY, Settings

PROJECT = REPOSITORY / "dbt"
PLANNING_DAYS = 400  # as the macro is_plausible_date: nobody dates a document further ahead
_IGNORED = {"target", "logs", "__pycache__", ".ruff_cache"}


class NothingLanded(ValueError):
    """No source has declared a record, so there is no day to close."""


# Payments are ordered for days that are still to come: no source has said anything of those days.
PLANNED = "payment_instructions"


def project_files(settings: Settings) -> list[Path]:
    """Models, macros, tests, the matching engine and the seeds: everything that decides a result."""
    found = [
        path
        for root in (PROJECT, settings.seeds)
        for path in root.rglob("*")
        if path.is_file()
        and path.suffix in {".sql", ".py", ".yml", ".yaml", ".csv", ".md"}
        and not _IGNORED.intersection(path.relative_to(root).parts)
    ]
    return sorted(found)


def latest_declared_date(connection: duckdb.DuckDBPyConnection) -> date:
    """The latest business date that any source declared: the default as-of date.

    Not a mistyped one: a single invoice of 9999-12-31 would make every open item thousands of years late.
    Going on from the middle of all declared days, the first gap wider than PLANNING_DAYS ends the search.
    """
    schemas = raw_schemas(connection)
    days = sorted(
        {
            day
            for schema in schemas
            for (day,) in connection.execute(
                f"select distinct business_date from {quoted(schema, 'control_totals')} "
                "where business_date between date '0001-01-01' and date '9999-12-31' and stream <> ?",
                [PLANNED],
            ).fetchall()
        }
    )
    if not days:
        raise NothingLanded(
            "Nothing has been landed: no source declared a record with a date. Put files into the landing "
            "folder as sources.yml describes it, or create the sample company with `tieout sample`."
        )
    middle = (len(days) - 1) // 2
    latest = days[middle]
    for day in days[middle:]:
        if (day - latest).days > PLANNING_DAYS:
            break
        latest = day
    return latest


def as_of(connection: duckdb.DuckDBPyConnection, requested: str | None) -> date:
    """The requested date (YYYY-MM-DD), or the latest one that a source declared."""
    return date.fromisoformat(requested) if requested else latest_declared_date(connection)


def run_id(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of_date: date) -> str:
    """`<as-of date>-<hash of all deliveries, seeds, models and source configuration>`."""
    digest = hashlib.sha256(str(as_of_date).encode())
    for schema in raw_schemas(connection):
        deliveries = connection.execute(
            f"select distinct load_id from {quoted(schema, 'files')} order by all"
        ).fetchall()
        digest.update(f"{schema}:{','.join(load for (load,) in deliveries)}".encode())
    for path in [*project_files(settings), settings.sources_file]:
        if path.is_file():
            digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return f"{as_of_date}-{digest.hexdigest()[:12]}"
