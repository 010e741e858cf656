"""Mapping: what each column of one file is, and the signed amount that follows from it. Nothing is guessed here."""

from __future__ import annotations

from dataclasses import dataclass, field

from matching import parse
from matching.columns import quoted

#: Words and letters for money out and money in, without accents, as statements and journals print them.
DEBITS = (
    *(
        "D",
        "DR",
        "DB",
        "DBIT",
        "DEBIT",
        "DEBET",
        "DEBE",
        "DEBITO",
        "DARE",
        "S",
        "SOLL",
        "-",
        "W",
        "WITHDRAWAL",
    ),
    *("OUT", "OUTGOING", "PAID OUT", "MONEY OUT", "AF", "CARGO", "SALIDA", "SORTIE", "USCITA", "ADDEBITO"),
    *("AUSGANG", "AUSGABE", "LASTSCHRIFT", "BELASTUNG", "WN", "WINIEN", "OBCIAZENIE", "SAIDA", "UT", "UD"),
)
CREDITS = (
    *("C", "CR", "CRDT", "CREDIT", "KREDIT", "CREDITO", "HABER", "A", "AVERE", "H", "HABEN", "+", "DEPOSIT"),
    *("IN", "INCOMING", "PAID IN", "MONEY IN", "BIJ", "ABONO", "ENTRADA", "ENTREE", "ENTRATA", "ACCREDITO"),
    *("EINGANG", "EINNAHME", "GUTSCHRIFT", "MA", "UZNANIE", "INN", "IND"),
)


@dataclass
class Mapping:
    """What each column of one file is. Names of columns, or None; `amount` may be a debit/credit pair."""

    id: str | None = None
    amount: str | None = None
    debit: str | None = None
    credit: str | None = None
    direction: str | None = None
    fee: str | None = None  # subtracted from the amount: the file gives gross and fee, the other one net
    currency: str | None = None
    date: str | None = None
    due_date: str | None = None
    party: str | None = None
    party_id: str | None = None
    party_account: str | None = None
    group: str | None = None
    original_amount: str | None = None  # what was paid in the other currency
    original_currency: str | None = None
    references: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    formats: dict[str, str] = field(default_factory=dict)  # date format or decimal mark per column
    sign: int = 1

    def words(self) -> list[tuple[str, str]]:
        """(role, column) lines to show a person."""
        rows = [("id", self.id or "row number")]
        rows.append(("amount", self.amount or f"{self.credit} minus {self.debit}"))
        if self.fee:
            rows[-1] = ("amount", f"{self.amount} minus {self.fee}")
        if self.direction:
            rows.append(("direction", self.direction))
        for role in (
            "currency",
            "date",
            "due_date",
            "party",
            "party_id",
            "party_account",
            "group",
            "original_amount",
            "original_currency",
        ):
            if getattr(self, role):
                rows.append(
                    (role.replace("_", " "), f"{getattr(self, role)}{self._form(getattr(self, role))}")
                )
        for role in ("references", "texts", "attributes"):
            if getattr(self, role):
                rows.append((role, ", ".join(getattr(self, role))))
        return rows

    def _form(self, name: str) -> str:
        form = self.formats.get(name, "")
        return f" ({form})" if form.startswith("%") else ""


def direction_word(name: str) -> str:
    """SQL for the word of a direction column, as DEBITS and CREDITS spell it."""
    return f"strip_accents(upper(trim({quoted(name)}, ' .')))"


def amount_expression(mapping: Mapping) -> str:
    """SQL for the signed amount of a file's row, as its columns say."""
    formats = mapping.formats
    if mapping.amount:
        value = parse.amount_sql(quoted(mapping.amount), formats.get(mapping.amount, "."))
    else:
        credit = parse.amount_sql(quoted(mapping.credit), formats.get(mapping.credit, "."))
        debit = parse.amount_sql(quoted(mapping.debit), formats.get(mapping.debit, "."))
        value = f"(coalesce({credit}, 0) - abs(coalesce({debit}, 0)))"
    if mapping.fee and mapping.amount:
        fee = parse.amount_sql(quoted(mapping.fee), formats.get(mapping.fee, "."))
        value = f"({value} - abs(coalesce({fee}, 0)))"
    if mapping.direction and mapping.amount:
        debits = ", ".join(f"'{word}'" for word in DEBITS)
        value = f"(case when {direction_word(mapping.direction)} in ({debits}) then -abs({value}) else abs({value}) end)"
    return value
