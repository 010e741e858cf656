"""The close in one table: per entity and reconciliation what is matched, what waits, what is open."""

from decimal import Decimal
from typing import Any

import duckdb

_SUMMARY = """
select
    summary.entity_id, entities.entity_name, summary.reconciliation, summary.currency, summary.item_count,
    summary.matched_count, summary.waiting_count, summary.open_count, summary.total_amount,
    summary.open_amount, summary.match_rate, summary.exception_count, summary.blocking_exception_count
from reconciliation.summary as summary
left join canonical.legal_entities as entities on summary.entity_id = entities.legal_entity_id
where summary.item_count > 0
order by summary.entity_id, summary.reconciliation
"""

_CONTROL = """
select
    count(distinct source_name) as sources, sum(declared_count) as declared,
    sum(canonical_count) as canonical, sum(rejected_count) as rejected,
    sum(superseded_count) as superseded, sum(duplicate_count) as duplicate,
    sum(abs(count_residual)) as count_residual, sum(abs(amount_residual)) as amount_residual
from reconciliation.control_totals
"""

_CHECKS = """
select
    count(*) as checks, count(*) filter (where success) as passed, max(as_of_date) as as_of_date,
    max(run_id) as run_id
from checks.expectation_results
"""

_FAILED = """
select severity, table_name, expectation as name, observed
from checks.expectation_results
where not success
order by all
"""


def records(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _amount(value: Decimal | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def print_close(connection: duckdb.DuckDBPyConnection) -> None:
    """Print the close of a published file: table, control totals and checks."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if Console().is_terminal else 120)
    [checks] = records(connection, _CHECKS)
    table = Table(
        box=SIMPLE_HEAD,
        title=f"Close as of {checks['as_of_date']}",
        title_justify="left",
        title_style="bold",
        header_style="bold",
        pad_edge=False,
    )
    table.add_column("entity")
    table.add_column("reconciliation")
    for name in ("items", "matched", "waiting", "open", "amount", "open amount"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("rate", justify="right", no_wrap=True)
    entity = None
    for row in records(connection, _SUMMARY):
        if entity not in (None, row["entity_id"]):
            table.add_section()
        first = row["entity_id"] != entity
        entity = row["entity_id"]
        rate = row["match_rate"]
        table.add_row(
            f"{entity}" if first else "",
            row["reconciliation"],
            f"{row['item_count']:,}",
            f"{row['matched_count']:,}",
            f"{row['waiting_count']:,}",
            f"{row['open_count']:,}",
            _amount(row["total_amount"]),
            _amount(row["open_amount"]),
            row["currency"],
            "" if rate is None else f"{100 * rate:.1f} %",
        )
    console.print(table)
    _print_entities(connection, console)
    _print_control(connection, console)
    _print_checks(connection, console, checks)


def _print_entities(connection: duckdb.DuckDBPyConnection, console: Any) -> None:
    for row in records(
        connection,
        """
        select
            summary.entity_id, any_value(entities.entity_name) as entity_name,
            sum(exception_count) as exceptions, sum(blocking_exception_count) as blocking
        from reconciliation.summary as summary
        left join canonical.legal_entities as entities on summary.entity_id = entities.legal_entity_id
        group by all
        order by all
        """,
    ):
        verdict = (
            "can close" if not row["blocking"] else f"cannot close yet: {row['blocking']:,} to clear first"
        )
        console.print(
            f"{row['entity_id']} {row['entity_name']}: {verdict} ({row['exceptions']:,} exceptions)",
            markup=False,
        )


def _print_control(connection: duckdb.DuckDBPyConnection, console: Any) -> None:
    [row] = records(connection, _CONTROL)
    console.print(
        f"Control totals of {row['sources']} sources: {row['declared'] or 0:,} declared = "
        f"{row['canonical'] or 0:,} canonical + {row['rejected'] or 0:,} rejected + "
        f"{row['superseded'] or 0:,} superseded + {row['duplicate'] or 0:,} duplicate; "
        f"residual {row['count_residual'] or 0:,} records, {_amount(row['amount_residual'] or Decimal(0))} in amounts"
    )


def _print_checks(connection: duckdb.DuckDBPyConnection, console: Any, checks: dict[str, Any]) -> None:
    console.print(f"Checks: {checks['passed']} of {checks['checks']} passed")
    for row in records(connection, _FAILED):
        console.print(
            f"  {row['severity']}: {row['table_name']}, {row['name']} ({row['observed']})", markup=False
        )
