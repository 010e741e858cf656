"""Numbers that Dagster plots from night to night: records, money, residuals, match rates.

Belongs here: what is worth a line in a plot, per table. Amounts are whole hundredths of a currency unit
(`_cents_EUR`): Dagster plots integers and floats, and no float touches an amount.
"""

from collections.abc import Iterable
from typing import Any

import duckdb

Figures = dict[str, int | float]

_CONTROL = """
select
    sum(declared_count), sum(canonical_count), sum(rejected_count), sum(superseded_count),
    sum(duplicate_count), sum(abs(count_residual))
from reconciliation.control_totals
"""
_CONTROL_NAMES = (
    "declared_records",
    "canonical_records",
    "rejected_records",
    "superseded_records",
    "duplicate_records",
    "residual_records",
)

_RESIDUAL_AMOUNTS = """
select currency, cast(100 * sum(abs(amount_residual)) as bigint)
from reconciliation.control_totals
where declared_amount <> 0 or amount_residual <> 0
group by currency
order by currency
"""

_SUMMARY = """
select
    reconciliation, sum(item_count), sum(matched_count), sum(waiting_count), sum(open_count)
from reconciliation.summary
where item_count > 0
group by reconciliation
order by reconciliation
"""

_OPEN_AMOUNTS = """
select currency, cast(100 * sum(open_amount) as bigint)
from reconciliation.summary
where item_count > 0
group by currency
order by currency
"""

_EXCEPTIONS = """
select
    count(*) filter (where status <> 'explained'),
    count(*) filter (where status <> 'explained' and blocks_close),
    count(*) filter (where status = 'to_review'),
    coalesce(max(age_days) filter (where status <> 'explained'), 0)
from reconciliation.exceptions
"""
_EXCEPTION_NAMES = ("open_exceptions", "blocking_exceptions", "exceptions_to_review", "oldest_exception_days")


def _control_totals(connection: duckdb.DuckDBPyConnection) -> Figures:
    [row] = connection.execute(_CONTROL).fetchall()
    figures: Figures = {name: int(value or 0) for name, value in zip(_CONTROL_NAMES, row, strict=True)}
    for currency, cents in connection.execute(_RESIDUAL_AMOUNTS).fetchall():
        figures[f"residual_cents_{currency}"] = int(cents)
    return figures


def _summary(connection: duckdb.DuckDBPyConnection) -> Figures:
    figures: Figures = {}
    items = matched = waiting = 0
    for name, *counts in connection.execute(_SUMMARY).fetchall():
        of_this = [int(count) for count in counts]
        # What waits is neither matched nor missed; it would make every month's end look bad.
        due = of_this[0] - of_this[2]
        if due:
            figures[f"match_rate_{name}"] = round(of_this[1] / due, 4)
        items, matched, waiting = items + of_this[0], matched + of_this[1], waiting + of_this[2]
    if items - waiting:
        figures["match_rate"] = round(matched / (items - waiting), 4)
    figures |= {"items": items, "matched_items": matched, "waiting_items": waiting}
    for currency, cents in connection.execute(_OPEN_AMOUNTS).fetchall():
        figures[f"open_cents_{currency}"] = int(cents)
    return figures


def _exceptions(connection: duckdb.DuckDBPyConnection) -> Figures:
    [row] = connection.execute(_EXCEPTIONS).fetchall()
    return {name: int(value) for name, value in zip(_EXCEPTION_NAMES, row, strict=True)}


_OF_TABLE = {
    ("reconciliation", "control_totals"): _control_totals,
    ("reconciliation", "summary"): _summary,
    ("reconciliation", "exceptions"): _exceptions,
}


def figures(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Figures]:
    """Figures of those of the tables that have some."""
    return {table: _OF_TABLE[table](connection) for table in tables if table in _OF_TABLE}


def close_figures(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Everything about a close that is worth a plot: all of the above together."""
    found: dict[str, Any] = {}
    for read in _OF_TABLE.values():
        found |= read(connection)
    return found
