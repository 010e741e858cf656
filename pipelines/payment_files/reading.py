"""What a payment format hands over: rows before provenance, and what the text of the file declares.

Belongs here: the contract between the formats (`pain`, `nacha`) and `read`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

Row = dict[str, Any]
# (stream, currency, business date) -> (records, sum)
Declared = dict[tuple[str, str, date | None], tuple[int, Decimal]]


class UnreadablePayments(ValueError):
    """The file as a whole cannot be read; the message says what was found and where."""


class Rejected(NamedTuple):
    """A record that cannot be landed; position counts all records of the file from 1."""

    position: int
    stream: str
    field: str
    value: str
    expected: str
    is_range: bool
    payload: str
    currency: str
    business_date: date | None
    amount: Decimal


@dataclass
class Payments:
    """message: columns of `messages`; instructions and statuses have their `position` in the file."""

    format: str
    message: Row
    instructions: list[Row] = field(default_factory=list)
    statuses: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    declared: Declared = field(default_factory=dict)


Reader = Callable[[bytes], Payments]


def finding(
    code: str,
    message: str,
    expected: Decimal | None = None,
    found: Decimal | None = None,
    *,
    severity: str = "fatal",
) -> Row:
    return {
        "code": code,
        "severity": severity,
        "message": message,
        "expected_amount": _storable(expected),
        "found_amount": _storable(found),
    }


def _storable(amount: Decimal | None) -> Decimal | None:
    return amount if amount is not None and abs(amount) < Decimal(10) ** 14 else None


def compared(
    code: str, what: str, says: Decimal | int | None, has: Decimal | int, *, is_amount: bool
) -> list[Row]:
    """A finding when a control figure is given and is not what the file holds."""
    if says is None or says == has:
        return []
    amounts = (Decimal(says), Decimal(has)) if is_amount else (None, None)
    return [finding(code, f"{what} says {says}, the file holds {has}", *amounts)]


def added(declared: Declared, key: tuple[str, str, date | None], amount: Decimal) -> None:
    count, total = declared.get(key, (0, Decimal(0)))
    declared[key] = (count + 1, total + amount)
