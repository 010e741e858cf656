"""Lines that a reader finds one by one, as the columns of a `Reading`.

Belongs here: collecting rows for the formats of companies and households (BAI2, OFX, QIF, CODA), whose
files are small. camt and MT940, which come by the million, are read as columns from the start.
"""

from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.bank import values
from pipelines.bank.schema import DETAIL_COLUMNS, TRANSACTION_COLUMNS

# What assembling adds from the statement.
_OF_STATEMENT = (
    "transaction_id", "statement_id", "statement_position", "account_number", "account_currency", "line_number",
)  # fmt: skip
_TEXTS = ("amount_text", "sign_text", "currency_text", "date_text")
_DEFAULTS: dict[str, Any] = {"is_reversal": False, "entry_status": "BOOK", "detail_count": 0}

LINES = pa.schema(
    [
        pa.field("statement", pa.int64()),
        *(pa.field(name, pa.string()) for name in _TEXTS),
        *(pa.field(name, type_) for name, type_ in TRANSACTION_COLUMNS.items() if name not in _OF_STATEMENT),
    ]
)
DETAILS = pa.schema(
    [
        pa.field("line", pa.int64()),
        *(pa.field(name, type_) for name, type_ in DETAIL_COLUMNS.items() if name != "transaction_id"),
    ]
)


class LineRows:
    """Rows in file order, each with its own text for a reject."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in LINES.names}
        self.details: list[dict[str, Any]] = []
        self.payloads: list[str] = []

    def __len__(self) -> int:
        return len(self.payloads)

    def add(self, payload: str, **row: Any) -> int:
        """One line; empty texts are null. Returns its index, for details."""
        self.payloads.append(payload)
        for name, column in self.columns.items():
            value = row.get(name, _DEFAULTS.get(name))
            column.append(_clean(value) if isinstance(value, str) else value)
        return len(self.payloads) - 1

    def add_detail(self, line: int, **row: Any) -> None:
        """One payment inside a line that holds several."""
        self.columns["detail_count"][line] += 1
        number = self.columns["detail_count"][line]
        cleaned = {name: _clean(value) if isinstance(value, str) else value for name, value in row.items()}
        self.details.append({"line": line, "detail_number": number, **cleaned})

    def table(self) -> pa.Table:
        return pa.table([pa.array(self.columns[f.name], f.type) for f in LINES], schema=LINES)

    def detail_table(self) -> pa.Table:
        return pa.Table.from_pylist(sorted(self.details, key=lambda row: row["line"]), schema=DETAILS)

    def payload(self, line: int) -> str:
        return self.payloads[line]


def _clean(text: str) -> str | None:
    return " ".join(text.split()) or None


def implied(digits: str, decimals: int) -> Decimal | None:
    """`012345` with two implied decimals is 123.45; None for anything but digits, or too many."""
    if not digits.isascii() or not digits.isdigit():
        return None
    padded = digits.rjust(decimals + 1, "0")
    return values.parse_money(
        f"{padded[: len(padded) - decimals].lstrip('0') or '0'}.{padded[len(padded) - decimals :]}"
    )
