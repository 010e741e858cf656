"""The CSV that a US bank's portal exports: debit and credit columns, running balance."""

import csv
import io

from pipelines.sample.statements import Statement

HEADER = (
    "Account", "Posting Date", "Value Date", "Type", "Description", "Debit", "Credit", "Balance", "Bank Reference", "Trace Number",
    "Counterparty", "Counterparty Account",
)  # fmt: skip
TYPES = {"bank_fee": "FEE", "payment_run": "ACH DEBIT", "card_settlement": "ACH DEBIT"}


def _dollars(minor: int) -> str:
    return f"{minor // 100:,}.{minor % 100:02d}" if minor >= 0 else f"-{-minor // 100:,}.{-minor % 100:02d}"


def bank_csv(statement: Statement) -> bytes:
    """The day's lines, oldest first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    balance = statement.opening
    for line in statement.lines:
        balance += line.amount
        day = f"{line.day:%m/%d/%Y}"
        kind = TYPES.get(line.kind, "ACH CREDIT" if line.amount > 0 else "ACH DEBIT")
        debit, credit = ("", _dollars(line.amount)) if line.amount >= 0 else (_dollars(-line.amount), "")
        writer.writerow(
            (
                line.account.number, day, day, kind, line.remittance, debit, credit, _dollars(balance), line.reference,
                line.end_to_end_id, line.name, line.counterparty,
            )
        )  # fmt: skip
    return out.getvalue().encode()
