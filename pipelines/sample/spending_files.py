"""Exports of the expense tool and the card company: CSV, expenses by week, cards by day."""

import csv
import io
from datetime import date
from pathlib import Path

from pipelines.sample.books import Books, text
from pipelines.sample.days import offset_text
from pipelines.sample.files import write_bytes
from pipelines.sample.spending import Report, Spending

EXPENSES = [
    "Expense ID",
    "Report ID",
    "Report Name",
    "Employee ID",
    "Employee",
    "Expense Date",
    "Submitted",
    "Approved",
    "Updated At",
    "Currency",
    "Amount",
    "Tax",
    "Tax Code",
    "Category",
    "Merchant",
    "Paid With",
    "Card Transaction",
    "Reimbursable",
    "Status",
    "Comment",
    "Cost Center",
]
CARDS = [
    "Transaction ID",
    "Card",
    "Cardholder ID",
    "Transaction Date",
    "Posting Date",
    "Merchant",
    "Billing Currency",
    "Billing Amount",
    "Merchant Currency",
    "Merchant Amount",
    "Merchant Category",
    "Type",
    "Statement",
    "Status",
]
DRIFT_COLUMN = "Project"


def _csv(rows: list[list[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _report_rows(report: Report, state: str, changed: date, time_zone: str) -> list[list[object]]:
    entity = report.entity
    stamp = f"{changed.isoformat()}T11:20:00{offset_text(time_zone, changed)}"
    return [
        [
            x.native_id, report.native_id, report.name, report.employee.native[f"expenses_{entity.suffix}"], report.employee.name,
            x.day, report.submitted, report.approved, stamp, entity.currency, text(x.amount, entity.currency), text(x.tax, entity.currency),
            x.tax_code, x.category, x.merchant, "Company card" if x.is_card else "Personal", x.card_transaction,
            "false" if x.is_card else "true", state, x.comment, report.employee.detail,
        ]
        for x in report.lines
    ]  # fmt: skip


def write_spending(books: Books, spending: Spending, out: Path, drift_from: date | None) -> None:
    """Write expenses_*/ (a file on each day on which reports were approved or paid) and card_*/ by day."""
    for entity in books.company.entities.values():
        expenses: dict[date, list[list[object]]] = {}
        for report in (r for r in spending.reports if r.entity == entity):
            expenses.setdefault(report.approved, []).extend(
                _report_rows(report, "approved", report.approved, entity.time_zone)
            )
            if report.paid:
                expenses.setdefault(report.paid, []).extend(
                    _report_rows(report, "reimbursed", report.paid, entity.time_zone)
                )
        for day, rows in sorted(expenses.items()):
            head: list[object] = list(EXPENSES)
            if entity.suffix == "us" and drift_from and day >= drift_from:
                head, rows = [*head, DRIFT_COLUMN], [[*row, "P-104"] for row in rows]
            write_bytes(
                out / f"expenses_{entity.suffix}" / f"expenses_{day.isoformat()}.csv", _csv([head, *rows])
            )
        cards: dict[date, list[list[object]]] = {}
        for card in (c for c in spending.cards if c.entity == entity):
            cards.setdefault(card.posted, []).append(
                [
                    card.native_id, f"**** {4000 + int(card.employee.party_id[1:])}", card.employee.native[f"card_{entity.suffix}"], card.day,
                    card.posted, card.merchant, entity.currency, text(card.amount, entity.currency), card.original_currency,
                    text(card.original_amount, card.original_currency), card.category, "Purchase", card.statement, "posted",
                ]
            )  # fmt: skip
        for day, rows in sorted(cards.items()):
            write_bytes(
                out / f"card_{entity.suffix}" / f"card_{day.isoformat()}.csv", _csv([list(CARDS), *rows])
            )
