"""What an e-invoice declares, measured on its text without an XML parser.

The control totals must not come from the reading that they control: a reader that takes a wrong element
for the total, or loses a document, would agree with itself.
"""

import re
from datetime import date
from decimal import Decimal

from pipelines.agreement import LARGEST_SUM
from pipelines.bank.xml_shred import to_utf8
from pipelines.einvoice.values import Unreadable, day, money
from pipelines.rejects import UNKNOWN_CURRENCY

# Extensions may hold anything, a whole other invoice too; comments and CDATA are not markup.
_ASIDE = re.compile(rb"<!--.*?-->|<((?:[\w.-]+:)?UBLExtensions)[\s>].*?</\1\s*>", re.DOTALL)
_CDATA = re.compile(rb"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


def _element(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"<(?:[\w.-]+:)?" + name.encode() + rb"(?:\s[^>]*)?>\s*([^<]*?)\s*</")


_CURRENCY = (_element("DocumentCurrencyCode"), _element("InvoiceCurrencyCode"))
_ISSUED = (
    _element("IssueDate"),
    re.compile(rb"<(?:[\w.-]+:)?IssueDateTime(?:\s[^>]*)?>\s*<[^>]*>\s*([^<]*?)\s*</"),
)
_GROSS = (_element("TaxInclusiveAmount"), _element("GrandTotalAmount"))
# In UBL a RoundingAmount is one of the tax.
_ROUNDING = {True: (_element("PayableRoundingAmount"),), False: (_element("RoundingAmount"),)}
_UBL_TOTALS = re.compile(rb"<(?:[\w.-]+:)?(?:Legal|Requested)MonetaryTotal[\s>]")
_PAYABLE = (_element("PayableAmount"), _element("DuePayableAmount"))
_ISO_CODE = re.compile(r"[A-Z]{3}")

Cell = tuple[str, date | None, Decimal]


def declared_in(content: bytes) -> Cell:
    """Currency, date and claimed total; XXX, None and 0 where the text does not say."""
    text = _CDATA.sub(rb"\1", _ASIDE.sub(b"", to_utf8(content)))
    currency = _last(_CURRENCY, text) or ""
    issued = _first(_ISSUED, text)
    unreadable: list[Unreadable] = []
    rounds = _ROUNDING[bool(_UBL_TOTALS.search(text))]
    gross, rounding, payable = (
        money(_last(patterns, text), "", unreadable) for patterns in (_GROSS, rounds, _PAYABLE)
    )
    total = payable if gross is None else gross + (rounding or 0)
    return (
        currency if _ISO_CODE.fullmatch(currency) else UNKNOWN_CURRENCY,
        day(issued, "", unreadable),
        total if total is not None and abs(total) < LARGEST_SUM else Decimal(0),
    )


def _first(patterns: tuple[re.Pattern[bytes], ...], text: bytes) -> str | None:
    for pattern in patterns:
        if found := pattern.search(text):
            return found[1].decode(errors="replace")
    return None


def _last(patterns: tuple[re.Pattern[bytes], ...], text: bytes) -> str | None:
    """Totals follow the lines, which may have sums of the same name (EXTENDED)."""
    for pattern in patterns:
        if found := pattern.findall(text):
            return found[-1].decode(errors="replace")
    return None
