"""What a format module hands over: statements and lines in one shape, before provenance.

Belongs here: the contract between the formats (`camt`, `mt940`, later BAI2, OFX, ...) and the one
place that turns their result into raw rows (`assemble`). A new format is a module that returns a
`Reading`, a scan that counts its payload, and a line in `recognise`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa

# The declared side of the control totals: (currency, booking date) -> (count, signed sum).
Cells = dict[tuple[str, date | None], tuple[int, Decimal]]


class UnreadableFile(ValueError):
    """The file as a whole cannot be read; the message says what was found and where."""


@dataclass
class Statement:
    """One statement (or page of one) as its header and balances say; amounts signed, credit positive."""

    statement_id: str | None = None
    account_number: str | None = None
    account_currency: str | None = None
    account_owner: str | None = None
    bank_bic: str | None = None
    sequence_number: int | None = None
    page_number: int | None = None
    is_last_page: bool | None = None
    from_date: date | None = None
    to_date: date | None = None
    created_at: datetime | None = None
    opening_balance_amount: Decimal | None = None
    opening_balance_date: date | None = None
    closing_balance_amount: Decimal | None = None
    closing_balance_date: date | None = None
    is_intermediate: bool = False
    declared_entry_count: int | None = None
    declared_net_amount: Decimal | None = None
    message_id: str | None = None
    control_problem: str | None = None  # a control total of the format that its content contradicts
    control_residual_amount: Decimal | None = None  # by how much: declared minus found
    is_cut_off: bool | None = None  # the file ends within it, as far as its format can tell
    pages_of: str | None = None  # what the pages of one statement share; None: the statement_id


class Drift(NamedTuple):
    """A field that the standard does not know."""

    field: str
    example: str | None
    occurrences: int


class Lost(NamedTuple):
    """A stretch of the payload that cannot be read, and is one reject: why and where, and its text."""

    message: str
    payload: str


@dataclass
class Reading:
    """One file, read.

    lines: one row per statement line, in file order, with `statement` (index into statements), the
        columns of `raw_bank.transactions` that the format knows, and the raw texts `amount_text`,
        `sign_text`, `currency_text`, `date_text` that a reject quotes. A null in `amount`, `currency`
        or `booking_date` is an invalid record.
    details: rows of `raw_bank.transaction_details`, with `line` (index into lines).
    payload: the record's own text, for a reject.
    declared, declared_statements: count and sums over the payload, measured by a scan that shares no
        code with the reading.
    """

    format: str
    recognised_by: str
    statements: list[Statement]
    lines: pa.Table
    details: pa.Table
    payload: Callable[[int], str]
    declared: Cells
    declared_statements: int
    drift: list[Drift] = field(default_factory=list)
    lost: Lost | None = None
    names_no_account: bool = False  # the format may leave it out; the source's name stands in, as for CSV
