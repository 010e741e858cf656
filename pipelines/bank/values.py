"""Text to typed value, exactly, for whole columns: amounts, dates, currencies, times.

Belongs here: what counts as a valid amount, date or currency in a bank file. An invalid text becomes
null and the caller rejects the record; it is never rounded, cut or guessed. No float is involved:
Arrow parses decimals from their digits.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.provenance import MONEY, RATE, TIMESTAMP

# DECIMAL(18,4) holds 14 digits before the point; the last one is room for sums, or one hostile line would stop
# every table that adds it up. Zeros before and behind say nothing, as many as Arrow takes (38 digits in all).
AMOUNT = r"^0*[0-9]{1,13}(\.[0-9]{0,4}0{0,16})?$"
CURRENCY = r"^[A-Z]{3}$"
_RATE = r"^[0-9]{1,9}(\.[0-9]*)?$"
_NOT_PROVIDED = r"^(?i:not ?provided|nonref|none)$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _only(text: pa.Array, pattern: str) -> pa.Array:
    """The texts that match; null for the others."""
    if text.null_count == len(text):
        return text
    fits = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    return pc.if_else(fits, text, pa.scalar(None, pa.string()))


def money(text: pa.Array) -> pa.Array:
    """Unsigned amounts with a decimal point to DECIMAL(18,4); null where the text is no such amount."""
    return _only(text, AMOUNT).cast(MONEY)


def rate(text: pa.Array) -> pa.Array:
    """Exchange rates to DECIMAL(18,8), rounded half to even: a rate is information, not money."""
    return pc.round(_only(text, _RATE).cast(pa.decimal128(38, 18)), 8, "half_to_even").cast(RATE)


def currency(text: pa.Array) -> pa.Array:
    return _only(text, CURRENCY)


def iso_date(text: pa.Array) -> pa.Array:
    """The date that the bank wrote, also when a time and offset follow: its booking day, not ours."""
    days = pc.utf8_slice_codeunits(_only(text, _DATE), 0, 10)
    distinct = days.dictionary_encode()
    parsed = pa.array([parse_date(day) for day in distinct.dictionary.to_pylist()], pa.date32())
    return parsed.take(distinct.indices)


def parse_date(text: str | None) -> date | None:
    """One ISO date (a time may follow), or None when it is not a day of the calendar."""
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None


def parse_time(text: str | None) -> datetime | None:
    """One ISO 8601 time in UTC; a time without offset is taken as UTC."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def parse_money(text: str | None) -> Decimal | None:
    """One unsigned amount by the rule of `money`."""
    cleaned = (text or "").strip()
    return Decimal(cleaned) if re.fullmatch(AMOUNT, cleaned, re.ASCII) else None


def parse_count(text: str | None) -> int | None:
    cleaned = (text or "").strip()
    return int(cleaned) if re.fullmatch(r"[0-9]{1,18}", cleaned, re.ASCII) else None


def account_number(text: str | None) -> str | None:
    """IBAN or account number as one key: without spaces, upper case."""
    cleaned = re.sub(r"\s+", "", text or "").upper()
    return cleaned or None


def account_numbers(text: pa.Array) -> pa.Array:
    return pc.utf8_upper(pc.replace_substring_regex(text, r"\s+", ""))


def timestamps(values: list[datetime | None]) -> pa.Array:
    return pa.array(values, TIMESTAMP)


def provided(text: pa.Array) -> pa.Array:
    """References without the standard's words for "none", which would match each other."""
    empty = pc.fill_null(pc.match_substring_regex(text, _NOT_PROVIDED), False)
    return pc.if_else(empty, pa.scalar(None, pa.string()), text)
