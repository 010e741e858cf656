"""The types that a JSON field may have, each as SQL that gives the exact value or null.

Belongs here: what counts as a valid amount, date, identifier or flag, once for all JSON sources. An
invalid value is never rounded, guessed or replaced: its SQL is null, and the record becomes a reject.
"""

from dataclasses import dataclass

# Eleven digits and four decimals. JSON numbers pass through a double, which is exact up to fifteen
# digits; and a day's total still fits DECIMAL(18,4) when a thousand records have the largest amount.
_MONEY = r"-?[0-9]{1,11}(\.[0-9]{1,4}0*)?"
# Twelve digits: Stripe's own limit is below that, in every currency.
_MINOR = r"-?[0-9]{1,12}"
_DECIMAL = r"-?[0-9]+(\.[0-9]+)?"
# A time without an offset could lie on either of two business dates.
_TIMESTAMP = (
    r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])"
)
# Seconds since 1970, up to the year 2100.
_EPOCH = r"[0-9]{1,9}|[1-3][0-9]{9}|40[0-9]{8}"


@dataclass(frozen=True)
class JsonType:
    """How a field is read.

    value: SQL of the typed value, null when invalid; `{x}` stands for the field's text.
    expected: in words, for the reject. leaf: how the field is kept before typing, `VARCHAR` (its text)
    or `JSON` (with its structure). numeric: whether more digits than `value` takes are out of range.
    """

    value: str
    expected: str
    leaf: str = "VARCHAR"
    numeric: bool = False

    def of(self, x: str) -> str:
        """SQL of the typed value of the text `x`."""
        return self.value.replace("{x}", x)

    def is_out_of_range(self, x: str) -> str:
        """SQL: the text is a number, only too long for the type."""
        return f"regexp_full_match({x}, '{_DECIMAL}')" if self.numeric else "false"


def _matching(pattern: str, value: str) -> str:
    return f"case when regexp_full_match({{x}}, '{pattern}') then {value} end"


TEXT = JsonType("{x}", "text")
NUMBER_ID = JsonType(_matching("[0-9]{1,20}", "{x}"), "a numeric identifier")
OBJECT_ID = JsonType(_matching("[!-~]{1,255}", "{x}"), "an identifier")
CURRENCY = JsonType(_matching("[A-Za-z]{3}", "upper({x})"), "an ISO 4217 code")
MONEY = JsonType(
    _matching(_MONEY, "try_cast({x} as decimal(18,4))"),
    "an amount of at most 11 digits and 4 decimals",
    numeric=True,
)
MINOR = JsonType(
    _matching(_MINOR, "try_cast({x} as bigint)"), "a whole amount in minor units, 12 digits", numeric=True
)
INTEGER = JsonType(_matching("-?[0-9]{1,18}", "try_cast({x} as bigint)"), "a whole number", numeric=True)
BOOLEAN = JsonType(_matching("true|false", "({x} = 'true')"), "true or false")
TIMESTAMP = JsonType(
    _matching(_TIMESTAMP, "try_cast({x} as timestamptz)"),
    "an ISO 8601 time with offset, such as 2026-06-30T09:15:00+02:00",
)
EPOCH = JsonType(_matching(_EPOCH, "to_timestamp(try_cast({x} as bigint))"), "seconds since 1970")
EPOCH_DATE = JsonType(
    _matching(_EPOCH, "cast(to_timestamp(try_cast({x} as bigint)) at time zone 'UTC' as date)"),
    "seconds since 1970",
)
# Tax and exchange rates are information, not amounts: digits beyond the eighth are cut.
RATE = JsonType("try_cast({x} as decimal(18,8))", "a rate")
JSON = JsonType("nullif(cast({x} as varchar), 'null')", "JSON", leaf="JSON")
# An identifier, or the whole object when the request asked to expand it.
REFERENCE = JsonType(
    "case json_type({x}) when 'VARCHAR' then json_extract_string({x}, '$') "
    "when 'OBJECT' then json_extract_string({x}, '$.id') end",
    "an identifier or an object with one",
    leaf="JSON",
)
