"""One number from its text, for settling a layout and for counting (`declared`).

Belongs here: reading single values with `Decimal`. Whole columns are read by `cells`, with arithmetic of its
own, so that an error in one of the two shows in the control totals.
"""

import re
from decimal import Decimal
from functools import cache, lru_cache

from pipelines.tabular import formats

_SPACES = re.compile(formats.SPACES)
_NO_DIGIT = re.compile("[^0-9]")


@cache
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    return re.compile(formats.amount_pattern(decimal, thousands)[1:-1])


# Prices, fees and empty sides of an entry come again and again.
@lru_cache(maxsize=1 << 16)
def number_of(
    text: str, decimal: str, thousands: str, most_whole: int = 30, most_fraction: int = 30
) -> Decimal | None:
    """One signed number of at most so many digits before and after its mark, or None."""
    dense = _SPACES.sub("", text).replace("\u2212", "-")
    found = _pattern(decimal, thousands).fullmatch(dense)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    if sum(bool(found[name]) for name in formats.SIGNS) > 1:
        return None
    whole = _NO_DIGIT.sub("", found["whole"] or "").lstrip("0")
    fraction = (found["fraction"] or "").rstrip("0")
    if not (found["whole"] or found["fraction"]):
        return None
    if len(whole) > most_whole or len(fraction) > most_fraction:
        return None
    value = Decimal(f"{whole or 0}.{fraction or 0}")
    negative = (
        found["open"]
        or "-" in (found["sign"], found["sign2"], found["sign3"])
        or found["mark"] in formats.DEBIT_MARKS
    )
    return -value if negative else value
