"""What counts as a date, time, amount or number in a CSV cell.

Belongs here: the definitions, as patterns that the reader (`cells`, whole columns) and the counting
path (`declared`, one value at a time) both honour, each with its own arithmetic. Anything that does not
fit is a reject; nothing is rounded or guessed.
"""

import re
from functools import cache

import pycountry

# strftime directives -> named groups. Widths are strict where a looser reading could move a date.
_DIRECTIVES = {
    "%Y": r"(?P<year>[0-9]{4})",
    "%y": r"(?P<year>[0-9]{2})",
    "%m": r"(?P<month>[0-9]{1,2})",
    "%d": r"(?P<day>[0-9]{1,2})",
    "%b": r"(?P<month>[A-Za-z]{3})\.?",
    "%B": r"(?P<month>[A-Za-z]{3,9})",
    "%H": r"(?P<hour>[0-9]{1,2})",
    "%I": r"(?P<hour>[0-9]{1,2})",
    "%p": r"(?P<half>[AaPp][Mm])",
    "%M": r"(?P<minute>[0-9]{2})",
    "%S": r"(?P<second>[0-9]{2})",
    "%f": r"(?P<fraction>[0-9]{1,9})",
    "%z": r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})",
    "%%": "%",
}
# A date column that holds a time of day as well keeps its date.
_TIME_OF_DAY = r"(?:[T ][0-9]{1,2}:[0-9]{2}.*)?"
ISO_TIMESTAMP = (
    r"^(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r" ?(?P<offset>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?$"
)
MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january januar", "feb february februar", "mar march mär märz mrz", "apr april", "may mai",
         "jun june juni", "jul july juli", "aug august", "sep sept september", "oct october okt oktober",
         "nov november", "dec december dez dezember"), 1
    )
    for name in names.split()
}  # fmt: skip
DATE_FORMATS = (
    "%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y",
    "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip


class UnknownFormat(ValueError):
    """A directive that is not supported."""


@cache
def pattern(format_: str) -> str:
    """The regular expression of a strftime format, with named groups, without anchors."""
    parts = re.split(r"(%.)", format_)
    found = []
    for part in parts:
        if part.startswith("%") and part not in _DIRECTIVES:
            raise UnknownFormat(f"{part} in '{format_}'; supported: {', '.join(_DIRECTIVES)}")
        found.append(_DIRECTIVES[part] if part.startswith("%") else re.escape(part))
    return "".join(found)


def date_pattern(format_: str) -> str:
    return f"^{pattern(format_)}{_TIME_OF_DAY}$"


def timestamp_pattern(format_: str | None) -> str:
    return f"^{pattern(format_)}$" if format_ else ISO_TIMESTAMP


# White space that is no digit: blanks, no-break and thin spaces between groups of three.
SPACES = "[\\s\u00a0\u2007\u2009\u202f]"
_SYMBOL = r"(?:[€$£¥]|[A-Z]{3})?"


def amount_pattern(decimal: str, thousands: str) -> str:
    """Signed amounts after white space is gone and the minus sign is ASCII.

    Groups: open, sign, sign2, sign3 and mark say whether it is negative; whole and fraction are digits.
    """
    groups = re.escape(thousands) if thousands else ("," if decimal == "." else r"\.")
    separator = f"(?:{groups}|['’])"
    return (
        r"^(?P<open>\()?(?P<sign>[+-])?" + _SYMBOL + r"(?P<sign2>[+-])?"
        rf"(?P<whole>[0-9]+|[0-9]{{1,3}}(?:{separator}[0-9]{{2,3}})*{separator}[0-9]{{3}})?"
        rf"(?:{re.escape(decimal)}(?P<fraction>[0-9]*))?"
        r"(?P<sign3>[+-])?" + _SYMBOL + r"(?P<mark>CR|DR|Cr|Dr|cr|dr|H|S)?(?P<close>\))?$"
    )


def plain_pattern(decimal: str, group: str, fraction: int) -> str:
    """The usual way to write an amount; a part of what `amount_pattern` takes."""
    grouped = rf"|[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}}){{1,2}}" if group != decimal else ""
    return rf"^-?(?:[0-9]{{1,10}}{grouped})(?:{re.escape(decimal)}[0-9]{{1,{fraction}}})?$"


# A symbol says which currency it is not: `$` is no euro, and may be any dollar.
_SYMBOL_OF = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "CNY": "¥"}
MARK = "[€£$¥]|[A-Z]{3}"


@cache
def is_other_currency(mark: str, currency: str) -> bool:
    """Whether the symbol or ISO 4217 code beside an amount contradicts the record's currency."""
    if len(mark) == 1:
        return _SYMBOL_OF.get(currency, mark) != mark
    return mark != currency and pycountry.currencies.get(alpha_3=mark) is not None


SIGNS = ("open", "sign", "sign2", "sign3", "mark")  # groups that say a sign
DEBIT_MARKS = ("DR", "Dr", "dr", "S")
# DECIMAL(18,4) holds 14 digits before the point; the last one is room for sums, or one mistyped cell (a bar
# code among the amounts) would stop every table that adds it up.
MAX_WHOLE, MAX_FRACTION = 13, 4
MAX_RATE_WHOLE, MAX_RATE_FRACTION = 10, 8  # DECIMAL(18,8)

TRUE = ("true", "t", "yes", "y", "1", "ja", "j", "x", "wahr", "oui", "si")
FALSE = ("false", "f", "no", "n", "0", "nein", "falsch", "non", "")
