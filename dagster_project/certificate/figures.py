"""What a published file says of itself: control totals, gates, match rates, journal, table contents.

Belongs here: the part of a certificate that comes from the published file alone. The certificate is
made with these functions and verified with them, on whatever file is kept of that night.
"""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.certificate.rules import file_hash
from pipelines.hash_chain import content_hash

CONTROL_TOTALS = """
select
    source_name, stream, currency,
    sum(declared_count) as declared_count,
    sum(rejected_count) as rejected_count,
    sum(superseded_count) as superseded_count,
    sum(duplicate_count) as duplicate_count,
    sum(canonical_count) as canonical_count,
    sum(abs(declared_count - rejected_count - superseded_count - duplicate_count - canonical_count)) as count_residual,
    sum(declared_amount) as declared_amount,
    sum(rejected_amount) as rejected_amount,
    sum(superseded_amount) as superseded_amount,
    sum(duplicate_amount) as duplicate_amount,
    sum(canonical_amount) as canonical_amount,
    sum(abs(
        declared_amount - rejected_amount - superseded_amount - duplicate_amount - canonical_amount
    )) as amount_residual
from reconciliation.control_totals
group by all
order by all
"""

GATES = """
select
    gate,
    count(*) as checks,
    count(*) filter (where success) as passed,
    count(*) filter (where not success and severity = 'warning') as warnings,
    count(*) filter (where not success and severity = 'critical') as failed,
    count(error) as errors
from checks.expectation_results
group by gate
order by gate
"""

NOT_PASSED = """
select gate, severity, table_name, expectation, observed
from checks.expectation_results
where not success
order by all
"""

MATCH_RATES = """
select
    entity_id, reconciliation, currency, item_count, matched_count, waiting_count, open_count,
    total_amount, matched_amount, waiting_amount, open_amount, match_rate
from reconciliation.summary
where item_count > 0
order by all
"""

RULE_SETS = """
select reconciliation, rule_set_hash, count(*) as matches
from reconciliation.matches
group by all
order by all
"""

JOURNAL = """
select
    entity_id, base_currency as currency, count(*) as lines, count(distinct journal_entry_id) as entries,
    sum(base_debit_amount) as debit_amount, sum(base_credit_amount) as credit_amount,
    sum(base_debit_amount) - sum(base_credit_amount) as amount_residual
from ledger.journal_lines
group by all
order by all
"""

EXCEPTIONS = """
select entity_id, severity, count(*) as items, sum(base_amount) as base_amount
from reconciliation.exceptions
where status <> 'explained'
group by all
order by all
"""

RUN = "select max(run_id) as run_id, max(as_of_date) as as_of_date from checks.expectation_results"

_SECTIONS = {
    "control_totals": CONTROL_TOTALS,
    "gates": GATES,
    "not_passed": NOT_PASSED,
    "match_rates": MATCH_RATES,
    "rule_sets": RULE_SETS,
    "journal": JOURNAL,
    "exceptions": EXCEPTIONS,
}


def text(value: Any) -> Any:
    """A value as the certificate spells it: amounts and dates as text, numbers of things as they are."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, map(text, row), strict=True)) for row in cursor.fetchall()]


def published_figures(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Every section of the certificate that the published file can be asked for."""
    found: dict[str, Any] = {name: rows(connection, query) for name, query in _SECTIONS.items()}
    found["residuals"] = {
        "records": sum(row["count_residual"] for row in found["control_totals"]),
        "amounts": _sums(found["control_totals"]),
        "journal": _sums(found["journal"]),
    }
    return found


def _sums(listed: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Residuals per currency: amounts of different currencies do not add up."""
    sums: dict[str, Decimal] = {}
    for row in listed:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + abs(Decimal(row["amount_residual"]))
    return {currency: format(value, "f") for currency, value in sorted(sums.items())}


def run_of(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return rows(connection, RUN)[0]


def table_contents(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """What the file says that its tables hold (`checks.published_tables`), in order of their names."""
    return rows(
        connection,
        """
        select schema_name || '.' || table_name as name, row_count as rows, columns, content_hash
        from checks.published_tables
        order by all
        """,
    )


def described(path: Path, tables: list[dict[str, Any]]) -> dict[str, Any]:
    """The published file: SHA-256 of its bytes, and hashes of the content of its tables.

    content_sha256 is over names, columns, row counts and content hashes, and not over the bytes: two
    files with the same figures have the same one.
    """
    listed = [
        {
            "name": table["name"],
            "rows": table["rows"],
            "columns_sha256": content_hash(table["columns"]),
            "content_hash": table["content_hash"],
        }
        for table in tables
    ]
    return {
        "bytes": path.stat().st_size,
        "sha256": file_hash(path),
        "content_sha256": content_hash(listed),
        "tables": listed,
    }
