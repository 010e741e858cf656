"""`checks.source_status`: which part of the published tables is stale, and since when.

Belongs here: staleness by the as-of date, which is the same on any day that one looks, and sources whose
files could not be loaded. Lateness by the clock is in `arrivals`.

| column | meaning |
|---|---|
| source_name, entity_id, kind | the source |
| status | `current`; `stale`: its newest day is further back than `freshness.error_after_hours` allows; `failed`: its files could not be loaded in this run; `empty`: it has never delivered |
| newest_business_date | the latest day that it declared, up to the as-of date |
| stale_since | the day up to which it is complete; null when it is current |
| days_behind | days from there to the as-of date |
| reconciliations | which ones are incomplete without it, with commas; empty: all |
| message | why it failed |
| as_of_date | of the run |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from dagster_project.freshness.arrivals import affected, strictest
from dagster_project.warehouse import quoted, raw_schemas
from pipelines.config import Configuration

TABLE = ("checks", "source_status")

_CREATE = """
create or replace table checks.source_status (
    source_name varchar not null,
    entity_id varchar not null,
    kind varchar not null,
    status varchar not null,
    newest_business_date date,
    stale_since date,
    days_behind integer,
    reconciliations varchar not null,
    message varchar,
    as_of_date date not null
)
"""


@dataclass(frozen=True)
class SourceFailure:
    """A source whose files could not be loaded while the others were. stale_since: its newest day."""

    source_name: str
    entity_id: str
    message: str
    stale_since: date | None


def _declared(
    connection: duckdb.DuckDBPyConnection, as_of_date: date
) -> dict[str, tuple[date | None, tuple[str, ...]]]:
    """Per source its newest day up to the as-of date, and its streams."""
    found: dict[str, tuple[date | None, set[str]]] = {}
    for schema in raw_schemas(connection):
        for name, newest, streams in connection.execute(
            f"""
            select source_name, max(business_date) filter (where business_date <= $day), list(distinct stream)
            from {quoted(schema, "control_totals")}
            group by source_name
            """,
            {"day": as_of_date},
        ).fetchall():
            before, known = found.get(name, (None, set()))
            days = [day for day in (before, newest) if day is not None]
            found[name] = (max(days, default=None), known | set(streams))
    return {name: (newest, tuple(sorted(streams))) for name, (newest, streams) in found.items()}


def record_source_status(
    connection: duckdb.DuckDBPyConnection,
    configuration: Configuration,
    as_of_date: date,
    failures: Mapping[str, str],
) -> None:
    """Write the table anew. failures: source name to why its files could not be loaded."""
    declared = _declared(connection, as_of_date)
    rows = []
    for name, entry in sorted(strictest(configuration).items()):
        newest, streams = declared.get(name, (None, ()))
        behind = (as_of_date - newest).days if newest else None
        # A day is declared when it is over, so the as-of day itself and the next night belong to it.
        allowed = timedelta(hours=entry.freshness.error_after_hours)
        if name in failures:
            status = "failed"
        elif newest is None:
            status = "empty"
        else:
            status = "stale" if timedelta(days=behind or 0) > allowed else "current"
        rows.append(
            [
                name,
                entry.entity_id,
                entry.kind,
                status,
                newest,
                newest if status in ("stale", "failed") else None,
                behind,
                ", ".join(affected(streams)),
                failures.get(name),
                as_of_date,
            ]
        )
    connection.execute("create schema if not exists checks")
    connection.execute("begin")
    connection.execute(_CREATE)
    if rows:
        connection.executemany(f"insert into checks.source_status values ({', '.join('?' * 10)})", rows)
    connection.execute("commit")


def read_failures(connection: duckdb.DuckDBPyConnection) -> list[SourceFailure]:
    """Sources that could not be loaded in the last run; none before the first."""
    exists = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'checks' and table_name = 'source_status'"
    ).fetchall()
    if not exists:
        return []
    return [
        SourceFailure(*row)
        for row in connection.execute(
            "select source_name, entity_id, coalesce(message, ''), stale_since from checks.source_status "
            "where status = 'failed' order by all"
        ).fetchall()
    ]
