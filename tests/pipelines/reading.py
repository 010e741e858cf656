"""What the reader tests share: reading a text as a delivered file, and the law of conservation."""

import gzip
import itertools
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.config import Kind, SourceInstance
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.loading import read_files
from pipelines.stripe.currencies import exponent

Tables = dict[str, list[dict[str, Any]]]

TIME_ZONE = "Europe/Berlin"
_numbers = itertools.count()


def instance(kind: Kind) -> SourceInstance:
    return SourceInstance(
        name=f"{kind}_de", kind=kind, entity_id="DE01", path=f"{kind}_de/**/*", time_zone=TIME_ZONE
    )


def read_content(kind: Kind, landing: Path, content: str | bytes, name: str = "a.json") -> Tables:
    """All rows that the reader gives for one file with that content, by table."""
    return read_contents(kind, landing, {name: content})


def read_contents(kind: Kind, landing: Path, contents: dict[str, str | bytes]) -> Tables:
    """The same for several files that are read together."""
    folder = landing / str(next(_numbers))
    folder.mkdir(parents=True)
    files = []
    for name, content in contents.items():
        data = content.encode() if isinstance(content, str) else content
        path = folder / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        files.append(landing_file(folder, path, instance(kind)))
    tables: Tables = {name: [] for name in kind_spec(kind).all_tables}
    for batch in read_files(kind_spec(kind), files, instance(kind)):
        tables[batch.table] += batch.rows.to_pylist()
    return tables


# Stream: (table, amount column, timestamp or date column).
_COUNTED = {
    "shopify": {"orders": ("orders", "total_price", "created_at")},
    "stripe": {
        "charges": ("charges", "amount_minor", "created_at"),
        "refunds": ("refunds", "amount_minor", "created_at"),
        "disputes": ("disputes", "amount_minor", "created_at"),
        "balance_transactions": ("balance_transactions", "amount_minor", "created_at"),
        "payouts": ("payouts", "amount_minor", "created_at"),
        "invoices": ("invoices", "total_minor", "created_at"),
    },
    "ecb": {"fx_rates": ("fx_rates", None, "rate_date")},
    "einvoice": {"einvoices": ("documents", "total_amount", "issue_date")},
    "payment_files": {
        "payment_instructions": ("instructions", "amount", "execution_date"),
        "payment_statuses": ("statuses", None, None),
    },
}


def assert_conserved(kind: Kind, tables: Tables) -> None:
    """declared = landed + rejected, in records and amounts, per stream, currency and business date."""
    cells: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for row in tables["control_totals"]:
        cell = cells[row["stream"], row["currency"], row["business_date"]]
        cell[0] += row["declared_count"]
        cell[1] += row["declared_amount"]
    for row in tables["rejects"]:
        cell = cells[row["stream"], row["currency"], row["business_date"]]
        cell[0] -= 1
        cell[1] -= row["amount"]
    for stream, (table, amount_column, time_column) in _COUNTED[kind].items():
        for row in tables[table]:
            day = row[time_column] if time_column else None
            if time_column == "created_at":
                day = day.astimezone(ZoneInfo(TIME_ZONE)).date()
            amount = Decimal(row[amount_column]) if amount_column else Decimal(0)
            if kind == "stripe":
                amount = amount.scaleb(-exponent(row["currency"]))
            cell = cells[stream, row.get("currency", "XXX"), day]
            cell[0] -= 1
            cell[1] -= amount
    residuals = {key: cell for key, cell in cells.items() if cell != [0, Decimal(0)]}
    assert residuals == {}
    assert sum(row["record_count"] for row in tables["files"]) == sum(
        row["declared_count"] for row in tables["control_totals"]
    )
