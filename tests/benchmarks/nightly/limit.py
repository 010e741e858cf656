"""The hand-written limit: `limit.sql` on the same files, with seconds and memory of reading and transforming.

Belongs here: running it, and the counts and sums of its tables that must be those of the published file.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

# Table of limit.sql: its sum; the published table and its sum. Shopify's own refunds are not in the limit.
COMPARED: dict[str, tuple[str, str, str, str]] = {
    "orders": ("total_amount", "canonical.orders", "total_amount", "true"),
    "order_lines": ("quantity", "canonical.order_lines", "quantity", "true"),
    "payments": ("amount", "canonical.payments", "amount", "true"),
    "refunds": ("amount", "canonical.refunds", "amount", "source_object = 'refunds'"),
    "balance_transactions": ("net_amount", "canonical.balance_transactions", "net_amount", "true"),
    "payouts": ("amount", "canonical.payouts", "amount", "true"),
    "invoices": (
        "total_amount",
        "canonical.invoices",
        "total_amount",
        "source_object = 'invoices' and source_name like 'erp%'",
    ),
    "gl_entries": ("debit_amount", "canonical.gl_entries", "debit_amount", "true"),
    "bank_transactions": ("amount", "canonical.bank_transactions", "amount", "true"),
    "journal_lines": (
        "debit_amount",
        "ledger.journal_lines",
        "debit_amount",
        "document_type in ('payment', 'payout')",
    ),
}


def published_figures(published: Path) -> dict[str, list[str]]:
    with duckdb.connect(str(published), read_only=True) as connection:
        return {
            name: _figures(connection, table, column, condition)
            for name, (_, table, column, condition) in COMPARED.items()
        }


def _figures(connection: Any, table: str, column: str, condition: str = "true") -> list[str]:
    count, total = connection.execute(
        f"select count(*), coalesce(sum(cast({column} as decimal(38, 4))), 0) from {table} where {condition}"
    ).fetchone()
    return [str(count), str(total)]


def measure(landing: str, database: str, out: str) -> None:
    connection = duckdb.connect(database)
    connection.execute("set TimeZone = 'UTC'")
    text = Path(__file__).with_name("limit.sql").read_text(encoding="utf-8")
    text = text.replace(":landing", "'" + landing.replace("'", "''") + "'")
    reading, transforming = text.split("\n-- transform\n")
    found: dict[str, Any] = {}
    for name, statements in (("read", reading), ("transform", transforming)):
        wall, cpu = time.perf_counter(), time.process_time()
        connection.execute(statements)
        found[name] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    found["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found["figures"] = {name: _figures(connection, name, column) for name, (column, *_) in COMPARED.items()}
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    measure(*sys.argv[1:4])
