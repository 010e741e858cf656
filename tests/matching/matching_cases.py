"""Items in few words, for tests of the matching engine."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
from matching.engine import Options, run
from matching.result import MatchResult
from matching.rules import default_rules


def item(side: str, item_id: str, amount: str, day: str | None = "2026-05-10", **more) -> dict:
    """One item row; `more` overrides any column of the items interface."""
    row = {
        "reconciliation": "r",
        "side": side,
        "item_type": side,
        "item_id": item_id,
        "currency": "EUR",
        "amount": Decimal(amount),
        "item_date": date.fromisoformat(day) if day else None,
        "party_name": None,
        "party_id": None,
        "reference_text": None,
        "reference_keys": None,
        "group_key": None,
        "entity_id": "E",
        "account_id": None,
        "discount_amount": None,
        "discount_until_date": None,
        "original_amount": None,
        "original_currency": None,
    }
    return {**row, **more}


SCHEMA = pa.schema(
    [
        ("reconciliation", pa.string()),
        ("side", pa.string()),
        ("item_type", pa.string()),
        ("item_id", pa.string()),
        ("currency", pa.string()),
        ("amount", pa.decimal128(18, 4)),
        ("item_date", pa.date32()),
        ("party_name", pa.string()),
        ("party_id", pa.string()),
        ("reference_text", pa.string()),
        ("reference_keys", pa.list_(pa.string())),
        ("group_key", pa.string()),
        ("entity_id", pa.string()),
        ("account_id", pa.string()),
        ("discount_amount", pa.decimal128(18, 4)),
        ("discount_until_date", pa.date32()),
        ("original_amount", pa.decimal128(18, 4)),
        ("original_currency", pa.string()),
    ]
)


def match(*rows: dict, rules=None, tolerances=(), **options) -> MatchResult:
    """Run the engine on a few rows, default rules unless given."""
    table = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    return run(table, default_rules() if rules is None else rules, list(tolerances), Options(**options))


def links(result: MatchResult, status: str | None = None) -> set[tuple[str, str]]:
    """The (left id, right id) pairs that were allocated, optionally of one status only."""
    wanted = {m["match_id"] for m in result.matches.to_pylist() if status in (None, m["status"])}
    return {(a["left_id"], a["right_id"]) for a in result.allocations.to_pylist() if a["match_id"] in wanted}
