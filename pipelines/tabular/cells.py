"""Cells to typed columns, for whole columns at once and exactly.

Belongs here: the arithmetic of amounts, dates, times, numbers and flags on Arrow columns. A cell that
does not fit its type is null here and told apart from an empty one by the caller. No float.
"""

from collections.abc import Callable
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bank.pieces import tidy
from pipelines.provenance import MONEY, RATE, TIMESTAMP
from pipelines.tabular import formats


def amounts(text: pa.Array, decimal: str, thousands: str) -> pa.Array:
    """Signed DECIMAL(18,4) from amounts in the file's punctuation."""
    return _decimals(text, decimal, thousands, formats.MAX_WHOLE, formats.MAX_FRACTION).cast(MONEY)


def rates(text: pa.Array, decimal: str, thousands: str) -> pa.Array:
    """Signed DECIMAL(18,8): quantities, percentages, exchange rates; a percent sign is dropped."""
    plain = pc.utf8_rtrim(text, characters="%")
    return _decimals(plain, decimal, thousands, formats.MAX_RATE_WHOLE, formats.MAX_RATE_FRACTION).cast(RATE)


def _decimals(text: pa.Array, decimal: str, thousands: str, whole: int, fraction: int) -> pa.Array:
    """Plainly written numbers by two replacements; only the others through the full pattern, which is
    ten times slower."""
    group = thousands or ("," if decimal == "." else ".")
    plain = pc.match_substring_regex(text, formats.plain_pattern(decimal, group, fraction))
    is_other = pc.fill_null(pc.invert(plain), False)
    number = pc.if_else(pc.fill_null(plain, False), text, pa.scalar(None, pa.string()))
    if group != decimal:
        number = pc.replace_substring(number, group, "")
    number = pc.replace_substring(number, decimal, ".").cast(pa.decimal128(whole + fraction + 1, fraction))
    other = np.flatnonzero(is_other.to_numpy(zero_copy_only=False))
    if not other.size:
        return number
    position = np.arange(len(text))
    position[other] = len(text) + np.arange(other.size)
    written = _written_otherwise(text.take(pa.array(other)), decimal, thousands, whole, fraction)
    return pa.concat_arrays([number, written]).take(pa.array(position))


def _written_otherwise(text: pa.Array, decimal: str, thousands: str, whole: int, fraction: int) -> pa.Array:
    """Signs behind, parentheses, symbols, CR and DR, blanks between groups."""
    dense = pc.replace_substring_regex(text, formats.SPACES + "+", "")
    dense = pc.replace_substring(dense, "\u2212", "-")
    parts = pc.extract_regex(dense, formats.amount_pattern(decimal, thousands))
    part: Callable[[str], pa.Array] = lambda name: pc.struct_field(parts, name)  # noqa: E731
    digits = pc.replace_substring_regex(part("whole"), "[^0-9]", "")
    digits = pc.replace_substring_regex(digits, "^0+", "")
    decimals = pc.replace_substring_regex(part("fraction"), "0+$", "")
    has_digits = pc.or_(pc.not_equal(part("whole"), ""), pc.not_equal(part("fraction"), ""))
    fits = pc.and_(
        pc.and_(
            pc.less_equal(pc.binary_length(digits), whole),
            pc.less_equal(pc.binary_length(decimals), fraction),
        ),
        pc.and_(has_digits, pc.equal(pc.equal(part("open"), "("), pc.equal(part("close"), ")"))),
    )
    # At most one of the ways to say a sign: `-5-` and `(5) CR` have no agreed meaning.
    said = [pc.cast(pc.not_equal(part(name), ""), pa.int8()) for name in formats.SIGNS]
    fits = pc.and_(fits, pc.less_equal(reduce(pc.add, said), 1))
    minus = [pc.equal(part(name), "-") for name in ("sign", "sign2", "sign3")]
    debit = pc.is_in(part("mark"), pa.array(formats.DEBIT_MARKS))
    negative = reduce(pc.or_, [pc.equal(part("open"), "("), *minus, debit])
    number = pc.binary_join_element_wise("0", digits, "")
    number = pc.binary_join_element_wise(number, decimals, ".")
    number = pc.if_else(pc.fill_null(fits, False), number, pa.scalar(None, pa.string()))
    unsigned = number.cast(pa.decimal128(whole + fraction + 1, fraction))
    return pc.if_else(negative, pc.negate(unsigned), unsigned)


def _part(parts: pa.Array, name: str, missing: int) -> np.ndarray:
    """A named group of digits as numbers; `missing` where the group is absent or empty."""
    if parts.type.get_field_index(name) < 0:
        return np.full(len(parts), missing, np.int64)
    numbers = tidy(pc.struct_field(parts, name)).cast(pa.int64())
    return pc.fill_null(numbers, missing).to_numpy(zero_copy_only=False)


def _days(parts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 and which rows are days of the calendar."""
    year = _part(parts, "year", 0)
    year = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
    month_text = pc.struct_field(parts, "month")
    if pc.any(pc.match_substring_regex(month_text, "[A-Za-z]")).as_py():
        words = month_text.dictionary_encode()
        known = [formats.MONTHS.get((word or "").lower(), 0) for word in words.dictionary.to_pylist()]
        month = np.array(known, np.int64)[pc.fill_null(words.indices, 0).to_numpy(zero_copy_only=False)]
    else:
        month = _part(parts, "month", 0)
    day = _part(parts, "day", 0)
    matched = pc.is_valid(parts).to_numpy(zero_copy_only=False)
    valid = matched & (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(valid, day - 1, 0)
    return days.astype(np.int64), valid & (days.astype("datetime64[M]") == months)


def dates(text: pa.Array, format_: str) -> pa.Array:
    distinct = text.dictionary_encode()
    parts = pc.extract_regex(distinct.dictionary, formats.date_pattern(format_))
    days, valid = _days(parts)
    return pa.array(days, pa.int64(), mask=~valid).cast(pa.int32()).cast(pa.date32()).take(distinct.indices)


def timestamps(text: pa.Array, format_: str | None, time_zone: str) -> pa.Array:
    """UTC timestamps; without an offset in the text, local time of the source's time zone."""
    parts = pc.extract_regex(text, formats.timestamp_pattern(format_))
    days, valid = _days(parts)
    hour, minute, second = (_part(parts, name, 0) for name in ("hour", "minute", "second"))
    valid &= (hour <= 24) & (minute < 60) & (second < 61)
    if parts.type.get_field_index("half") >= 0:
        half = pc.utf8_lower(pc.struct_field(parts, "half"))
        is_afternoon = pc.fill_null(pc.equal(half, "pm"), False).to_numpy(zero_copy_only=False)
        valid &= (hour >= 1) & (hour <= 12)
        hour = hour % 12 + np.where(is_afternoon, 12, 0)
    micros = np.zeros(len(text), np.int64)
    if parts.type.get_field_index("fraction") >= 0:
        fraction = pc.utf8_rpad(pc.utf8_slice_codeunits(pc.struct_field(parts, "fraction"), 0, 6), 6, "0")
        micros = pc.fill_null(fraction.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    moment = ((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros
    local = pa.array(moment, pa.int64(), mask=~valid).cast(pa.timestamp("us"))
    # Half past midnight of a day that summer time begins at one is of that day (Brazil until 2018).
    utc = pc.assume_timezone(local, time_zone, ambiguous="earliest", nonexistent="latest").cast(TIMESTAMP)
    if parts.type.get_field_index("offset") < 0:
        return utc
    offset = tidy(pc.struct_field(parts, "offset"))
    has_offset = pc.is_valid(offset)
    if not pc.any(has_offset).as_py():
        return utc
    zero = pc.is_in(offset, pa.array(["Z", "UTC"]))
    compact = pc.replace_substring(pc.if_else(pc.or_(zero, pc.invert(has_offset)), "+0000", offset), ":", "")
    sign = np.where(
        pc.equal(pc.utf8_slice_codeunits(compact, 0, 1), "-").to_numpy(zero_copy_only=False), -1, 1
    )
    hours = pc.utf8_slice_codeunits(compact, 1, 3).cast(pa.int64()).to_numpy(zero_copy_only=False)
    minutes = pc.utf8_slice_codeunits(compact, 3, 5).cast(pa.int64()).to_numpy(zero_copy_only=False)
    shifted = pa.array(moment - sign * (hours * 60 + minutes) * 60_000_000, pa.int64(), mask=~valid)
    return pc.if_else(has_offset, shifted.cast(TIMESTAMP), utc)


def integers(text: pa.Array) -> pa.Array:
    plain = pc.replace_substring_regex(text, r"^([+-]?[0-9]+)[.,]0+$", r"\1")
    fits = pc.fill_null(pc.match_substring_regex(plain, "^[+-]?[0-9]{1,18}$"), False)
    number = pc.utf8_ltrim(pc.if_else(fits, plain, pa.scalar(None, pa.string())), characters="+")
    return number.cast(pa.int64())


def flags(text: pa.Array) -> pa.Array:
    lower = pc.utf8_lower(text)
    return pc.case_when(
        pc.make_struct(pc.is_in(lower, pa.array(formats.TRUE)), pc.is_in(lower, pa.array(formats.FALSE))),
        pa.scalar(True),
        pa.scalar(False),
    )


def currencies(text: pa.Array) -> pa.Array:
    """ISO 4217 codes in capitals; the three symbols that mean one currency are understood."""
    for symbol, code in (("€", "EUR"), ("£", "GBP")):
        text = pc.if_else(pc.fill_null(pc.equal(text, symbol), False), code, text)
    fits = pc.fill_null(pc.match_substring_regex(text, "^[A-Za-z]{3}$"), False)
    return pc.ascii_upper(pc.if_else(fits, text, pa.scalar(None, pa.string())))
