"""What is the case now: of the last runs, the deliveries, the published file. Read, not judged.

Belongs here: reading the warehouse, the published file and Dagster's history in short looks. Where
something cannot be read now (a run holds the warehouse), it is None: unknown, which is neither good nor bad.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.alerts.alert import Amounts, merged
from dagster_project.freshness.arrivals import Arrival, read_arrivals
from dagster_project.freshness.source_status import SourceFailure, read_failures
from dagster_project.names import JOB
from dagster_project.warehouse import is_locked, quoted, raw_schemas, reading
from pipelines.settings import Settings

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """A rule of a gate that stopped a run. rows: what broke it, at most as many as a gate keeps."""

    gate: str
    rule: str
    table: str
    observed: str
    rows: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Finding":
        return cls(
            values["gate"],
            values["rule"],
            values["table"],
            values.get("observed") or "",
            tuple(values.get("rows") or ()),
        )


@dataclass(frozen=True)
class RunOutcome:
    """How the last run of the job ended. failures: step to its message. ended_at: UTC."""

    run_id: str
    is_success: bool
    ended_at: datetime
    failures: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Drift:
    """A field that a source sends and no model reads. files: in how many deliveries."""

    source_name: str
    entity_id: str
    stream: str
    name: str
    example: str | None
    files: int


@dataclass(frozen=True)
class Rate:
    """One row of the summary: how much of a reconciliation is matched (0 to 1)."""

    entity_id: str
    reconciliation: str
    currency: str
    items: int
    rate: Decimal
    open_amount: Decimal


@dataclass(frozen=True)
class Rejects:
    """Rejected records and files that are open."""

    records: int
    oldest_days: int
    oldest_date: date | None
    amounts: Amounts
    by_entity: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Published:
    """What the published file says of itself. usual: per source, its declared amount of a usual day."""

    as_of_date: date
    rates: tuple[Rate, ...]
    rejects: Rejects
    usual: Mapping[str, Amounts]


@dataclass(frozen=True)
class Observations:
    """All that alerts are made of; None is unknown."""

    now: datetime
    run: RunOutcome | None = None
    last_success_at: datetime | None = None
    arrivals: tuple[Arrival, ...] | None = None
    drifts: tuple[Drift, ...] | None = None
    source_failures: tuple[SourceFailure, ...] | None = None
    published: Published | None = None


def read_drifts(connection: duckdb.DuckDBPyConnection) -> list[Drift]:
    found: list[Drift] = []
    for schema in raw_schemas(connection):
        rows = connection.execute(
            f"""
            select
                source_name, any_value(entity_id), stream, field, min(example), count(distinct load_id)
            from {quoted(schema, "schema_drift")}
            group by source_name, stream, field
            order by all
            """
        ).fetchall()
        found += [Drift(*row) for row in rows]
    return found


def read_rates(connection: duckdb.DuckDBPyConnection) -> tuple[Rate, ...]:
    rows = connection.execute(
        """
        select entity_id, reconciliation, currency, item_count, match_rate, open_amount
        from reconciliation.summary
        where match_rate is not null
        order by all
        """
    ).fetchall()
    return tuple(
        Rate(entity, name, currency, items, Decimal(rate), amount)
        for entity, name, currency, items, rate, amount in rows
    )


def _rejects(connection: duckdb.DuckDBPyConnection) -> Rejects:
    rows = connection.execute(
        """
        select entity_id, currency, count(*), max(age_days), min(business_date), sum(abs(amount))
        from reconciliation.exceptions
        where exception_type in ('rejected_record', 'rejected_file') and status <> 'explained'
        group by entity_id, currency
        order by all
        """
    ).fetchall()
    amounts: dict[str, Decimal] = {}
    by_entity: dict[str, int] = {}
    for entity, currency, count, _, _, amount in rows:
        amounts[currency or "XXX"] = amounts.get(currency or "XXX", Decimal(0)) + (amount or 0)
        by_entity[entity or ""] = by_entity.get(entity or "", 0) + count
    dates = [row[4] for row in rows if row[4] is not None]
    return Rejects(
        records=sum(by_entity.values()),
        oldest_days=max((row[3] for row in rows if row[3] is not None), default=0),
        oldest_date=min(dates, default=None),
        amounts=merged(amounts),
        by_entity=tuple(sorted(by_entity.items())),
    )


def _usual(connection: duckdb.DuckDBPyConnection) -> dict[str, Amounts]:
    """Per source and currency the declared amount of the middle one of its last 30 days."""
    rows = connection.execute(
        """
        with days as (
            select source_name, currency, business_date, sum(abs(declared_amount)) as amount
            from reconciliation.control_totals
            where declared_amount <> 0
            group by all
        ),
        recent as (
            select
                *,
                row_number() over (
                    partition by source_name, currency order by business_date desc nulls last
                ) as place,
            from days
        )
        select source_name, currency, quantile_disc(amount, 0.5)
        from recent
        where place <= 30
        group by all
        order by all
        """
    ).fetchall()
    found: dict[str, dict[str, Decimal]] = {}
    for name, currency, amount in rows:
        found.setdefault(name, {})[currency] = amount
    return {name: merged(amounts) for name, amounts in found.items()}


def _published(settings: Settings) -> Published | None:
    if not settings.published.is_file():
        return None
    try:
        with reading(settings.published) as connection:
            row = connection.execute("select max(as_of_date) from checks.expectation_results").fetchone()
            return Published(
                as_of_date=row[0] if row else None,
                rates=read_rates(connection),
                rejects=_rejects(connection),
                usual=_usual(connection),
            )
    except duckdb.Error as error:
        # A file of an older version without a table or column: nothing is known of it.
        _LOG.warning("the published file could not be looked at for alerts: %s", error)
        return None


def _warehouse(settings: Settings) -> tuple[list[Arrival], list[Drift], list[SourceFailure]] | None:
    if not settings.warehouse.is_file():
        return None
    try:
        with reading(settings.warehouse) as connection:
            return read_arrivals(connection), read_drifts(connection), read_failures(connection)
    except duckdb.Error as error:
        if not is_locked(error):
            _LOG.warning("the warehouse could not be looked at for alerts: %s", error)
        return None


def summary_of_the_warehouse(settings: Settings) -> tuple[Rate, ...]:
    """The match rates that a run found and did not publish; empty when they cannot be read."""
    try:
        with reading(settings.warehouse) as connection:
            return read_rates(connection)
    except (duckdb.Error, OSError):
        return ()


def _message(error: Any) -> str:
    while error.cause is not None and error.cls_name != "Failure":
        error = error.cause
    text = error.message.strip()
    for prefix in ("dagster._core.definitions.events.Failure: ", "Failure: "):
        text = text.removeprefix(prefix)
    return text


def last_runs(instance: Any) -> tuple[RunOutcome | None, datetime | None]:
    """How the last finished run of the job ended, and when one last ended well."""
    from dagster import DagsterEventType, DagsterRunStatus, RunsFilter

    ended = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE]
    records = instance.get_run_records(RunsFilter(job_name=JOB, statuses=ended), limit=1, order_by="end_time")
    if not records:
        return None, None
    [record] = records
    is_success = record.dagster_run.status == DagsterRunStatus.SUCCESS
    ended_at = _moment(record.end_time) or record.update_timestamp.replace(tzinfo=UTC)
    if is_success:
        return RunOutcome(record.dagster_run.run_id, True, ended_at), ended_at
    failures: dict[str, str] = {}
    findings: list[Finding] = []
    run_id = record.dagster_run.run_id
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        failures[event.step_key] = _message(event.step_failure_data.error)
        data = event.step_failure_data.user_failure_data
        value = data.metadata.get("findings") if data else None
        if value is not None:
            findings += [Finding.from_json(finding) for finding in json.loads(value.value)]
    if not failures:
        for entry in instance.all_logs(run_id, of_type=DagsterEventType.RUN_FAILURE):
            failures["run"] = entry.dagster_event.message or "The run failed."
    good = instance.get_run_records(
        RunsFilter(job_name=JOB, statuses=[DagsterRunStatus.SUCCESS]), limit=1, order_by="end_time"
    )
    success_at = _moment(good[0].end_time) if good else None
    return RunOutcome(run_id, False, ended_at, failures, tuple(findings)), success_at


def _moment(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)


def observe(settings: Settings, now: datetime, instance: Any | None) -> Observations:
    """Look once. instance: Dagster's, None where there is none (nothing is known of runs then)."""
    run, success_at = last_runs(instance) if instance is not None else (None, None)
    warehouse = _warehouse(settings)
    arrivals, drifts, failures = warehouse if warehouse is not None else (None, None, None)
    return Observations(
        now=now,
        run=run,
        last_success_at=success_at,
        arrivals=None if arrivals is None else tuple(arrivals),
        drifts=None if drifts is None else tuple(drifts),
        source_failures=None if failures is None else tuple(failures),
        published=_published(settings),
    )
