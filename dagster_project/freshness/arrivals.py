"""When each source last delivered, read from the warehouse, where the files that were loaded are listed.

Belongs here: lateness by the clock, for alerts and `tieout status`. Does not belong here: staleness in
the published tables, which depends on the as-of date only (`source_status`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from dagster_project.warehouse import quoted, raw_schemas
from pipelines.config import Configuration, SourceInstance

# Which reconciliations are incomplete without a stream. A stream that is not here touches all of them.
AFFECTED: dict[str, tuple[str, ...]] = {
    "orders": ("order_to_payment", "order_to_invoice"),
    "order_lines": ("order_to_payment", "order_to_invoice"),
    "charges": ("order_to_payment", "payment_to_payout", "invoice_to_payment"),
    "payments": ("order_to_payment", "invoice_to_payment"),
    "refunds": ("order_to_payment", "payment_to_payout"),
    "disputes": ("payment_to_payout",),
    "balance_transactions": ("payment_to_payout",),
    "payouts": ("payment_to_payout", "payout_to_bank"),
    "invoices": ("order_to_invoice", "invoice_to_payment"),
    "invoice_lines": ("order_to_invoice", "invoice_to_payment"),
    "bills": ("bill_to_bank",),
    "bill_lines": ("bill_to_bank",),
    "expenses": ("expense_to_bank", "expense_to_card"),
    "card_transactions": ("expense_to_card",),
    "bank_transactions": (
        "bank_statement_continuity",
        "bank_to_documents",
        "bill_to_bank",
        "expense_to_bank",
        "invoice_to_payment",
        "payout_to_bank",
    ),
    "gl_entries": ("subledger_to_ledger",),
}


@dataclass(frozen=True)
class Arrival:
    """What a source delivered last. arrived_at: when a new file of it was last loaded, in UTC.
    newest_date: the latest business date that it declared. streams: what it delivers."""

    source_name: str
    entity_id: str
    arrived_at: datetime
    newest_date: date | None
    streams: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "source_name": self.source_name,
            "entity_id": self.entity_id,
            "arrived_at": self.arrived_at.isoformat(),
            "newest_date": str(self.newest_date) if self.newest_date else None,
            "streams": list(self.streams),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Arrival":
        return cls(
            values["source_name"],
            values["entity_id"],
            datetime.fromisoformat(values["arrived_at"]),
            date.fromisoformat(values["newest_date"]) if values["newest_date"] else None,
            tuple(values["streams"]),
        )


@dataclass(frozen=True)
class Lateness:
    """A source that has been silent for longer than its configuration allows.

    is_stale: longer than `error_after_hours`; else only than `warn_after_hours`.
    """

    arrival: Arrival
    silent_for: timedelta
    allowed: timedelta
    is_stale: bool

    @property
    def reconciliations(self) -> tuple[str, ...]:
        return affected(self.arrival.streams)


def affected(streams: Iterable[str]) -> tuple[str, ...]:
    """Reconciliations that are incomplete without these streams; empty stands for all."""
    return tuple(sorted({name for stream in streams for name in AFFECTED.get(stream, ())}))


def read_arrivals(connection: duckdb.DuckDBPyConnection) -> list[Arrival]:
    """The last delivery of every source that ever delivered, by source name."""
    found: list[Arrival] = []
    for schema in raw_schemas(connection):
        rows = connection.execute(
            f"""
            with arrived as (
                select
                    files.source_name,
                    any_value(files.entity_id) as entity_id,
                    max(loads.inserted_at) as arrived_at,
                from {quoted(schema, "files")} as files
                inner join {quoted(schema, "_dlt_loads")} as loads on files._dlt_load_id = loads.load_id
                group by files.source_name
            ),
            declared as (
                select
                    source_name,
                    max(business_date) as newest_date,
                    list(distinct stream order by stream) as streams,
                from {quoted(schema, "control_totals")}
                group by source_name
            )
            select source_name, entity_id, arrived_at, newest_date, coalesce(streams, [])
            from arrived
            left join declared using (source_name)
            """
        ).fetchall()
        found += [
            Arrival(name, entity, at.astimezone(UTC), newest, tuple(streams))
            for name, entity, at, newest, streams in rows
        ]
    # A source may have entries of several kinds; its last delivery of any kind counts.
    latest: dict[str, Arrival] = {}
    for arrival in sorted(found, key=lambda arrival: arrival.arrived_at):
        latest[arrival.source_name] = arrival
    return [latest[name] for name in sorted(latest)]


def strictest(configuration: Configuration) -> dict[str, SourceInstance]:
    """Per source name the entry with the shortest patience."""
    entries: dict[str, SourceInstance] = {}
    for instance in sorted(configuration.sources, key=lambda entry: entry.freshness.error_after_hours):
        entries.setdefault(instance.name, instance)
    return entries


def late_sources(arrivals: Iterable[Arrival], configuration: Configuration, now: datetime) -> list[Lateness]:
    """Sources that are late at `now`. One that has never delivered is not late: it is not there yet."""
    entries = strictest(configuration)
    late = []
    for arrival in arrivals:
        entry = entries.get(arrival.source_name)
        if entry is None:
            continue
        silent = now - arrival.arrived_at
        warn = timedelta(hours=entry.freshness.warn_after_hours)
        error = timedelta(hours=entry.freshness.error_after_hours)
        if silent > warn:
            late.append(Lateness(arrival, silent, warn, silent > error))
    return late


def duration(value: timedelta) -> str:
    """`3 days 4 h`, `5 h`, `12 min`: as exact as a person needs."""
    minutes = int(value.total_seconds() // 60)
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    return f"{hours} h" if hours else f"{minutes} min"
