"""`tieout match write-off`, and taking one back: settling an open remainder without money.

Belongs here: what is open of a document or bank line, and who may write off how much (write_off_limits.csv).
"""

from matching import decisions as replay

from dagster_project.commands.decisions.books import APPLIED, Books, Row, money, text_of
from dagster_project.commands.decisions.entries import Proposal, entry_of
from dagster_project.commands.decisions.links import ticks_of
from dagster_project.commands.decisions.taking import login_name
from dagster_project.commands.errors import CommandError
from pipelines.company import seed_rows

WRITE_OFF_TYPES = ("invoice", "credit_note", "bill", "vendor_credit_note", "bank_transaction")


def write_off(books: Books, target: str, amount: str | None, why: str, user: str | None) -> Proposal:
    """Settle what is open of a document or bank line without money, within the limits of the seed."""
    item = books.item(target)
    if item[0] not in WRITE_OFF_TYPES:
        raise CommandError(
            f"{item[0]} {item[1]} cannot be written off here; that is for {', '.join(WRITE_OFF_TYPES)}."
        )
    row = min(books.rows([item]), key=lambda row: (row.status not in APPLIED, row.reconciliation))
    rest = min(abs(_open(books, row)), _open_in_mart(books, row))
    if rest <= 0:
        raise CommandError(f"nothing is open of {row.name}.")
    wanted = ticks_of(amount) if amount is not None else rest
    if not 0 < wanted <= rest:
        raise CommandError(
            f"{money(wanted, row.currency)} cannot be written off: {money(rest, row.currency)} of {row.name} are open."
        )
    _within_limit(books, row, wanted, why, user or login_name())
    entry = entry_of(
        "write_off", row.reconciliation, row.entity_id, None, (), {item: row}, difference_reason=why
    )
    entry |= {"document_type": item[0], "document_id": item[1], "amount": text_of(wanted)}
    shown = [
        f"Writes off {money(wanted, row.currency)} of {row.name} ({row.party or 'nobody named'}) as {why.replace('_', ' ')}:",
        f"  open {money(rest, row.currency)} before, {money(rest - wanted, row.currency)} after",
        f"  posted on {books.as_of_date} by the posting rules of write_off",
    ]
    return Proposal(entry, shown)


def take_back(books: Books, name: str) -> Proposal:
    number = name.partition(":")[2]
    decision = next((d for d in books.state.write_offs if str(d.sequence) == number), None)
    if decision is None:
        known = ", ".join(f"decisions:{d.sequence}" for d in books.state.write_offs) or "none"
        raise CommandError(
            f"{name} is no write-off that holds (those that do: {known}). Other decisions are taken back by what "
            "they are about: tieout match unmatch MATCH"
        )
    assert decision.document is not None
    rows = {row.item: row for row in books.rows([decision.document])}
    if not rows:
        raise CommandError(f"{decision.document[0]} {decision.document[1]} is gone.")
    row = rows[decision.document]
    entry = entry_of("unmatch", row.reconciliation, row.entity_id, None, (), rows)
    entry |= {
        "undoes": decision.sequence,
        "amount": text_of(abs(decision.amount)),
        "document_type": decision.document[0],
        "document_id": decision.document[1],
    }
    return Proposal(
        entry, [f"Takes back the write-off of {money(abs(decision.amount), row.currency)} of {row.name}"]
    )


def _open(books: Books, row: Row) -> int:
    """What is open with everything that is decided: by people since the last run, or as published."""
    if row.item in books.state.taken:
        fixed = next(match for match in books.state.matches if row.item in match.members)
        sign = 1 if row.amount >= 0 else -1
        written = sum(abs(d.amount) for d in books.state.write_offs if d.document == row.item)
        return (
            row.amount - books.used_by_people(row.item) - fixed.written_off.get(row.item, 0) - sign * written
        )
    sign = 1 if row.amount >= 0 else -1
    return row.open_amount - sign * books.written_off_since(row.item)


def _open_in_mart(books: Books, row: Row) -> int:
    """What the mart says is open of a document: a credit note that names it has settled a part, too."""
    table, key = {
        "invoice": ("invoice_to_payment", "invoice_id"),
        "credit_note": ("invoice_to_payment", "invoice_id"),
        "bill": ("bill_to_bank", "bill_id"),
        "vendor_credit_note": ("bill_to_bank", "bill_id"),
    }.get(row.item[0], (None, None))
    if table is None:
        return abs(row.amount)
    found = books.connection.execute(
        f"select abs(open_amount) from reconciliation.{table} where {key} = ?", [row.item[1]]
    ).fetchone()
    if not found or row.item in books.state.taken:
        return abs(row.amount)
    return replay.ticks(found[0]) - books.written_off_since(row.item)


def _within_limit(books: Books, row: Row, ticks: int, why: str, user: str) -> None:
    """Raises CommandError unless the seed lets this person write this much off for this reason."""
    limits = seed_rows(books.seeds / "write_off_limits.csv")
    reasons = sorted({limit["difference_reason"] for limit in limits})
    if why not in reasons:
        raise CommandError(
            f"'{why}' is no reason for a write-off. Choose with --as one of: {', '.join(reasons)} (write_off_limits.csv)"
        )

    fits = [
        limit
        for limit in limits
        if limit["difference_reason"] == why
        and _named(limit["entities"], row.entity_id)
        and limit["currency"] in ("*", row.currency)
    ]
    # A row for the currency itself goes before the one for all: 100 is another thing in yen.
    fits = [limit for limit in fits if limit["currency"] == row.currency] or fits
    mine = [limit for limit in fits if _named(limit["users"], user)]
    most = max((replay.ticks(limit["amount_limit"]) for limit in mine), default=0)
    if ticks > most:
        others = sorted(
            f"{limit['users']} up to {limit['amount_limit']}"
            for limit in fits
            if replay.ticks(limit["amount_limit"]) >= ticks
        )
        raise CommandError(
            f"{user} may write off {money(most, row.currency)} as {why}, not {money(ticks, row.currency)} "
            f"(write_off_limits.csv). Who may: {'; '.join(others) or 'nobody'}."
        )


def _named(names: str, name: str) -> bool:
    return names == "*" or name in names.split("|")
