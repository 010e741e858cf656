"""Balances that an export states outside its table: above it, or in the lines of totals below.

Belongs here: finding the opening and the closing balance by the words that name them. Does not belong here: what
follows from them: without a running balance they are the statement's own, beside one they must agree with it
(`chain` for one file, dbt over all).

A bare `Balance` or `Kontostand` may be that of the day of the export and counts as the closing balance only where
the file states an opening one too. Two different amounts under one name prove nothing, and neither is taken.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from pipelines.config import CsvMapping
from pipelines.tabular.declared import amount_of
from pipelines.tabular.layout import Layout
from pipelines.tabular.text import cells_of_line, lines_with

_OPENING = re.compile(
    r"(?i)\b(?:(?:opening|beginning|starting|previous|old|initial)\s+(?:ledger\s+)?balance|balance\s+brought\s+forward"
    r"|balance at (?:the )?(?:start|beginning)\b|(?:alter|letzter|früherer)\s+kontostand|(?:anfangs|eröffnungs|vortrags?)saldo|saldovortrag"
    r"|solde\s+(?:initial|précédent|de départ)|saldo\s+(?:początkowe|początkowy|inicial|iniziale|anterior)|begin\s?saldo"
    r"|ingående\s+saldo|startsaldo)"
)
_CLOSING = re.compile(
    r"(?i)\b(?:(?:closing|ending|final|new)\s+(?:ledger\s+)?balance|balance\s+carried\s+forward|balance at (?:the )?end\b"
    r"|neuer\s+kontostand|(?:end|schluss|abschluss)saldo|solde\s+(?:final|nouveau)|nouveau\s+solde"
    r"|saldo\s+(?:końcowe|końcowy|finale|final)|eind\s?saldo|utgående\s+saldo|slutsaldo)"
)
_WORDS = ("balance", "kontostand", "saldo", "solde")
_PERHAPS_CLOSING = re.compile(rf"(?i)(?:{'|'.join(_WORDS)})\b")


class Stated(NamedTuple):
    opening: Decimal | None = None
    closing: Decimal | None = None


def stated_balances(text: str, records: str, layout: Layout, mapping: CsvMapping) -> Stated:
    """What the lines outside the table say. `text` is the file's, `records` the same with everything blanked that
    is no record; lines have the same numbers in both."""
    found: dict[str, set[Decimal]] = {"opening": set(), "closing": set(), "perhaps": set()}
    for line in _outside(text, records, layout):
        cells = [cell.strip() for cell in cells_of_line(line, layout.delimiter, mapping.quote)]
        cells = [part for cell in cells for part in _label_and_value(cell)]
        role = _role(cells)
        amounts = {amount for cell in cells if (amount := _amount(cell, layout)) is not None}
        if role and len(amounts) == 1:
            found[role] |= amounts
    opening = found["opening"].pop() if len(found["opening"]) == 1 else None
    closing = found["closing"] or (found["perhaps"] if opening is not None else set())
    return Stated(opening, closing.pop() if len(closing) == 1 else None)


def _outside(text: str, records: str, layout: Layout) -> Iterator[str]:
    """Lines above the header record, and blanked ones below it, as far as they speak of a balance."""
    places = sorted(lines_with(_WORDS, text))
    kept = records.split("\n") if places else []
    number, counted = 0, 0
    for begin in places:
        number += text.count("\n", counted, begin)
        counted = begin
        is_record = number >= layout.header_line and number < len(kept) and kept[number].strip()
        if is_record or number == layout.header_line - 1:
            continue
        end = text.find("\n", begin)
        line = text[begin:] if end < 0 else text[begin:end]
        if _PERHAPS_CLOSING.search(line):
            yield line


def _label_and_value(cell: str) -> tuple[str, ...]:
    """`Closing balance: 12.00 EUR` in one cell."""
    label, colon, value = cell.partition(":")
    return (label, value.strip()) if colon and _PERHAPS_CLOSING.search(label) else (cell,)


def _role(cells: list[str]) -> str | None:
    labels = " ".join(cells)
    is_opening, is_closing = bool(_OPENING.search(labels)), bool(_CLOSING.search(labels))
    if is_opening != is_closing:
        return "opening" if is_opening else "closing"
    return None if is_opening else "perhaps"


def _amount(cell: str, layout: Layout) -> Decimal | None:
    """An amount with two decimals at least, or with a currency: a year or an account number is none."""
    if not re.search(r"\d", cell):
        return None
    has_mark = re.search(r"[.,]\d{1,4}\D*$", cell) or re.search(r"[€£$]|\b[A-Z]{3}\b", cell)
    return amount_of(cell, layout.decimal, layout.thousands) if has_mark else None
