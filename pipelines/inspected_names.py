"""Raw rows under the names of the canonical tables, for whoever looks into a file before it is loaded.

Belongs here: which raw table and column is called what in `contracts`. Does not belong here: what only
dbt can know (resolved customers, allocated discounts, statuses): such columns keep the source's words.
"""

from decimal import Decimal
from typing import Any

from pipelines.bank.schema import STATEMENT_COLUMNS
from pipelines.config import Kind
from pipelines.provenance import PROVENANCE
from pipelines.stripe.currencies import exponent

Row = dict[str, Any]

# Of the provenance only the place in the file means something before loading.
_LEFT_OUT = {field.name for field in PROVENANCE} - {"source_position", "record_hash"}

_TABLES: dict[Kind, dict[str, str]] = {
    "bank": {
        "statements": "bank_statements",
        "transactions": "bank_transactions",
        "transaction_details": "bank_transaction_details",
    },
    "csv": {"statements": "bank_statements", "expenses": "expense_lines"},
    "stripe": {"charges": "payments"},
    "shopify": {},
    "ecb": {},
    "einvoice": {},
    "payment_files": {
        "messages": "payment_messages",
        "instructions": "payment_instructions",
        "statuses": "payment_statuses",
    },
    "decisions": {},
}
_COLUMNS: dict[str, dict[str, str]] = {
    "bank_statements": {"account_currency": "currency"},
    "bank_transactions": {"transaction_id": "bank_transaction_id"},
    "bank_transaction_details": {"transaction_id": "bank_transaction_id"},
    "orders": {
        "total_price": "total_amount",
        "total_tax": "tax_amount",
        "total_discounts": "discount_amount",
        "total_shipping": "shipping_amount",
    },
    "order_lines": {"price": "unit_price", "line_index": "line_number"},
    "payments": {"charge_id": "payment_id"},
    "fx_rates": {"currency": "quote_currency"},
    "expense_lines": {"report_id": "expense_report_id", "expense_id": "expense_line_id"},
}
_STATEMENT = (*STATEMENT_COLUMNS, "balance_residual_amount", "source_position", "record_hash")


def canonical_rows(kind: Kind, tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows of each table that has any, renamed; a bank file always has both of its tables."""
    renamed: dict[str, list[Row]] = {}
    if kind == "bank":
        renamed = {"bank_statements": [], "bank_transactions": []}
    for table, rows in tables.items():
        name = _TABLES[kind].get(table, table)
        if rows:
            renamed[name] = [_row(name, row) for row in rows]
    return renamed


def _row(table: str, row: Row) -> Row:
    if table == "bank_statements":
        row = {column: row.get(column) for column in _STATEMENT}
    names = _COLUMNS.get(table, {})
    result: Row = {}
    for column, value in row.items():
        if column in _LEFT_OUT:
            continue
        if column.endswith("_minor") and row.get("currency"):
            column, value = _major(column), _scaled(value, row["currency"])
        result[names.get(column, column)] = value
    if table == "bank_transactions":
        result.pop("account_currency", None)
    return result


def _major(column: str) -> str:
    stem = column.removesuffix("_minor")
    return stem if stem == "amount" else stem.removeprefix("amount_") + "_amount"


def _scaled(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else Decimal(minor).scaleb(-exponent(currency))
