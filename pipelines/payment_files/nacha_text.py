"""The text of NACHA files: records, fields, and what a file declares about itself.

Belongs here: what depends on columns alone. Does not belong here: batches, control figures, returns (`nacha`).
"""

import re
from datetime import date
from decimal import Decimal

from pipelines.payment_files.reading import Declared, added
from pipelines.payment_files.schema import INSTRUCTIONS, STATUSES
from pipelines.rejects import UNKNOWN_CURRENCY

WIDTH = 94
CENT = Decimal("0.01")
CURRENCY = "USD"
ADVICE_CLASS = "ADV"
_DIGITS = re.compile(r"[0-9]+")


def lines_of(content: bytes) -> list[bytes]:
    text = content.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").rstrip(b"\x1a \r\n\t")
    if not text:
        return []
    lines = re.split(rb"\r\n|\r|\n", text)
    if len(lines) == 1 and len(text) > WIDTH:
        lines = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    return lines


def text_of(line: bytes) -> str:
    """The standard knows ASCII only. Others count characters of UTF-8, or bytes: what fits the record is right."""
    if line.isascii():
        return line.decode("ascii")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
    return (
        text if len(line.rstrip()) > WIDTH or len(line) < WIDTH else line.decode("cp1252", errors="replace")
    )


def day_of(written: str) -> date | None:
    """YYMMDD; NACHA has no century and is younger than 1970."""
    if not _DIGITS.fullmatch(written) or len(written) != 6:
        return None
    year = int(written[:2])
    try:
        return date((1900 if year >= 70 else 2000) + year, int(written[2:4]), int(written[4:6]))
    except ValueError:
        return None


def cents_of(written: str) -> int | None:
    return int(written) if _DIGITS.fullmatch(written) else None


def declared_in(content: bytes) -> Declared:
    """Entries per day and returns, counted on the bytes by their first character alone."""
    declared: Declared = {}
    on: date | None = None
    is_advice = False
    last: tuple[tuple[str, str, date | None], Decimal] | None = None
    for line in map(text_of, lines_of(content)):
        if line[:1] == "9":
            break
        if line[:1] == "5":
            on, last, is_advice = day_of(line[69:75]), None, line[50:53] == ADVICE_CLASS
        elif line[:1] == "8":
            on = None
        elif line[:1] == "6":
            cents = line[27:39] if is_advice else line[29:39]
            amount = cents_of(cents) or 0
            key = (INSTRUCTIONS, CURRENCY, on)
            last = (key, Decimal(amount) * CENT) if _DIGITS.fullmatch(cents) and line[1:3].isdigit() else None
            added(declared, key, Decimal(amount) * CENT)
        elif line[:3] in ("799", "798"):
            added(declared, (STATUSES, UNKNOWN_CURRENCY, None), Decimal(0))
            if last is not None:
                _taken_back(declared, *last)
                last = None
    return declared


def _taken_back(declared: Declared, key: tuple[str, str, date | None], amount: Decimal) -> None:
    """An entry that a return addendum explains was no instruction."""
    count, total = declared.pop(key)
    if count > 1:
        declared[key] = (count - 1, total - amount)
