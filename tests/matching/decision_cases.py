"""Decisions in few words: lines of the log as the replay reads them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pyarrow as pa

TODAY = date(2026, 6, 30)
FIELDS = ("items", "links", "removed")


def fact(row: dict, written_off: Decimal = Decimal(0)) -> dict:
    """An item row as a decision describes it."""
    return {
        "side": row["side"],
        "type": row["item_type"],
        "id": row["item_id"],
        "amount": str(row["amount"]),
        "currency": row["currency"],
        "date": row["item_date"].isoformat() if row["item_date"] else None,
        "written_off": str(written_off),
    }


def name(row: dict) -> list[str]:
    return [row["item_type"], row["item_id"]]


def link(left: dict | None, right: dict | None, amount: str | Decimal | None = None) -> dict:
    """A link of two rows of one currency; without an amount, the smaller of the two."""
    if left is None or right is None:
        row = left or right
        return {
            "left": name(left) if left else None,
            "right": name(right) if right else None,
            "amount": str(abs(row["amount"])),
            "left_settled": str(left["amount"] if left else 0),
            "right_settled": str(right["amount"] if right else 0),
            "currency": row["currency"],
        }
    money = Decimal(amount) if amount is not None else min(abs(left["amount"]), abs(right["amount"]))
    return {
        "left": name(left),
        "right": name(right),
        "amount": str(money),
        "left_settled": str(money if left["amount"] >= 0 else -money),
        "right_settled": str(money if right["amount"] >= 0 else -money),
        "currency": right["currency"],
    }


def decision(action: str, *rows: dict, links=(), removed=(), **more) -> dict:
    """One line; `rows` are the items that it describes, `removed` pairs of rows."""
    return {
        "action": action,
        "known_date": TODAY,
        "effective_date": TODAY,
        "entity_id": rows[0]["entity_id"] if rows else "E",
        "reconciliation": rows[0]["reconciliation"] if rows else "r",
        "match_rule_id": None,
        "document_type": None,
        "document_id": None,
        "undoes": None,
        "currency": rows[0]["currency"] if rows else None,
        "amount": None,
        "difference_reason": None,
        "changes_postings": True,
        "items": [fact(row) for row in rows],
        "links": list(links),
        "removed": [[name(one), name(other)] for one, other in removed],
        **more,
    }


def accept(left: dict, right: dict, amount: str | None = None, **more) -> dict:
    return decision("accept", left, right, links=[link(left, right, amount)], **more)


def write_off(row: dict, amount: str, **more) -> dict:
    return decision(
        "write_off", row, document_type=row["item_type"], document_id=row["item_id"], amount=Decimal(amount),
        difference_reason="bad_debt", **more,
    )  # fmt: skip


def log(*lines: dict) -> list[dict]:
    """The lines with their places, as the warehouse hands them over."""
    return [
        {**line, "sequence": number, **{field: json.dumps(line[field]) for field in FIELDS}}
        for number, line in enumerate(lines, start=1)
    ]


SCHEMA = pa.schema(
    [
        ("sequence", pa.int64()),
        ("action", pa.string()),
        ("known_date", pa.date32()),
        ("effective_date", pa.date32()),
        ("entity_id", pa.string()),
        ("reconciliation", pa.string()),
        ("match_rule_id", pa.string()),
        ("document_type", pa.string()),
        ("document_id", pa.string()),
        ("undoes", pa.int64()),
        ("currency", pa.string()),
        ("amount", pa.decimal128(18, 4)),
        ("difference_reason", pa.string()),
        ("changes_postings", pa.bool_()),
        ("items", pa.string()),
        ("links", pa.string()),
        ("removed", pa.string()),
    ]
)


def log_table(*lines: dict) -> pa.Table:
    return pa.Table.from_pylist(log(*lines), schema=SCHEMA)
