"""Three matches whose explanations show what an analyst reads: a fee, a batch, and a choice that is left to a person."""

from __future__ import annotations

import json

import pyarrow as pa
from matching.tables import match_tables

BANK = """
B-1041 | 2026-05-12 | INV-20260188 MERIDIAN FOODS   | 1985.00
B-1042 | 2026-05-13 | CARD SETTLEMENT TERMINAL 4     | 743.15
B-1043 | 2026-05-15 | HALDEN OPTICS                  | 480.00
B-1044 | 2026-05-18 | INV-20260193 CORVUS MEDIA      | 312.40
"""
BOOKS = """
INV-20260188 | 2026-05-02 | Meridian Foods Ltd | 2000.00
INV-20260193 | 2026-05-06 | Corvus Media GmbH  | 312.40
INV-20260201 | 2026-05-08 | Halden Optics AG   | 480.00
INV-20260207 | 2026-05-09 | Halden Optics AG   | 480.00
T4-0001      | 2026-05-12 | Terminal 4         | 218.35
T4-0002      | 2026-05-12 | Terminal 4         | 97.90
T4-0003      | 2026-05-12 | Terminal 4         | 311.45
T4-0004      | 2026-05-12 | Terminal 4         | 115.45
"""
TITLES = {
    "B-1041": "One payment, one invoice, a charge deducted",
    "B-1042": "One settlement, several sales",
    "B-1043": "Two invoices fit alike",
}


def _table(text: str, names: list[str]) -> pa.Table:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return pa.table({name: pa.array([row[k] for row in rows]) for k, name in enumerate(names)})


def explanations() -> list[tuple[str, str, str]]:
    """(title, status, summary) of the three matches, as the engine wrote them."""
    matched = match_tables(
        _table(BANK, ["bank_id", "booking_date", "text", "amount"]),
        _table(BOOKS, ["document", "date", "customer", "amount"]),
    ).result
    of = {row["left_id"]: row["match_id"] for row in matched.allocations.to_pylist()}
    matches = {row["match_id"]: row for row in matched.matches.to_pylist()}
    found = []
    for bank_id, title in TITLES.items():
        row = matches[of[bank_id]]
        found.append((title, row["status"], json.loads(row["explanation"])["summary"]))
    return found
