"""Texts of an invoice as exact amounts, numbers and dates; None where there is none.

Amounts are xs:decimal: digits, an optional sign and point, no exponent, no grouping. What is written
otherwise is not guessed: a misread amount would be booked.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

_DECIMAL = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})")
_DATES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), "%Y-%m-%d"),
    (re.compile(r"\d{8}"), "%Y%m%d"),
)
_ZONE = re.compile(r"(Z|[+-]\d{2}:\d{2})$")


class Unreadable(NamedTuple):
    """A field that is there and cannot be read. is_range: a number, but larger or finer than we can hold."""

    field: str
    value: str
    expected: str
    is_range: bool = False


def text(value: str | None) -> str | None:
    """Without blanks around it and without control characters; None when nothing is left."""
    if value is None:
        return None
    cleaned = "".join(c for c in value if c >= " " or c in "\t\n").strip()
    return cleaned or None


def number(value: str | None, field: str, digits: int, scale: int, bad: list[Unreadable]) -> Decimal | None:
    """A decimal with at most `digits` digits, `scale` of them behind the point."""
    written = (value or "").strip()
    if not written:
        return None
    if not _DECIMAL.fullmatch(written):
        bad.append(Unreadable(field, written, "a decimal number such as 1234.56"))
        return None
    amount = Decimal(written)
    exponent = amount.normalize().as_tuple().exponent
    if abs(amount) >= Decimal(10) ** (digits - scale) or (isinstance(exponent, int) and -exponent > scale):
        bad.append(Unreadable(field, written, f"at most {digits - scale} digits and {scale} decimals", True))
        return None
    return amount


def money(value: str | None, field: str, bad: list[Unreadable]) -> Decimal | None:
    return number(value, field, 18, 4, bad)


def day(value: str | None, field: str, bad: list[Unreadable]) -> date | None:
    """An xs:date (a zone behind it is dropped) or a CII date in format 102."""
    written = _ZONE.sub("", (value or "").strip().partition("T")[0])
    if not written:
        return None
    for pattern, form in _DATES:
        if pattern.fullmatch(written):
            try:
                return datetime.strptime(written, form).date()
            except ValueError:
                break
    bad.append(Unreadable(field, written, "a date such as 2026-06-30"))
    return None
