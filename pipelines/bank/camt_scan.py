"""What a camt document lists: entries and their sums by its text alone, for the control totals.

Belongs here: the second, simple path over the payload. It shares nothing with the reading (`camt`) but
the document and the words for an amount and a date (`values`), so that a line lost there shows.
"""

import re
from collections import Counter
from decimal import Decimal
from typing import Any

from pipelines.bank import values
from pipelines.bank.reading import Cells

_ENTRY_TAGS = re.compile(rb"</?(?:[\w.-]+:)?Ntry(?:\s[^>]*)?>")
_HEAD = re.compile(
    rb"<(?:[\w.-]+:)?(Amt|CdtDbtInd|BookgDt|ValDt)\b([^>]*)>(?:\s*<(?:[\w.-]+:)?(?:Dt|DtTm)\b[^>]*>)?([^<]*)"
)
# The same for an entry in the order of the schema: amount, sign, ..., booking date.
_USUAL_HEAD = re.compile(
    rb"\s*(?:<(?:[\w.-]+:)?NtryRef>[^<]*</(?:[\w.-]+:)?NtryRef>\s*)?<(?:[\w.-]+:)?Amt\b([^>]*)>([^<]*)</(?:[\w.-]+:)?Amt>"
    rb"\s*<(?:[\w.-]+:)?CdtDbtInd>([^<]*)<.*?<(?:[\w.-]+:)?BookgDt>\s*<[^>]*>\s*([^<]{10})",
    re.DOTALL,
)
_CCY = re.compile(rb"""\bCcy\s*=\s*["']([A-Z]{3})["']""")


def scan(document: bytes, statements: list[str]) -> tuple[Cells, int]:
    """Count and sum the entries of a document by its text alone: what the payload lists.

    It shares nothing with the reading above but the document, so that a line lost there shows here.
    `statements` are the names of the elements that hold one. An entry's own amount, sign and dates come before its details; in each entry the first ones count.
    """
    heads = Counter(map(_head, _entry_bodies(document)))
    cells: dict[Any, list[Any]] = {}
    for (attributes, amount, sign, day), count in heads.items():
        value = values.parse_money(amount.decode("ascii", errors="replace")) or Decimal(0)
        sign = sign.strip()
        value = value if sign == b"CRDT" else -value if sign == b"DBIT" else Decimal(0)
        currency = _CCY.search(attributes)
        cell = cells.setdefault(
            (
                currency.group(1).decode() if currency else "XXX",
                values.parse_date(day.decode("ascii", errors="replace")),
            ),
            [0, Decimal(0)],
        )
        cell[0] += count
        cell[1] += value * count
    opened = sum(_openings(document, name.encode()) for name in statements)
    return {key: (count, amount) for key, (count, amount) in cells.items()}, opened


def _entry_bodies(document: bytes) -> list[bytes]:
    opening = re.search(rb"<(?:[\w.-]+:)?Ntry>", document)
    plain = document.split(opening.group())[1:] if opening else []
    # One way of writing the tag is the rule, and a plain split ten times faster.
    if len(plain) * 2 == document.count(b"Ntry>") and b"Ntry " not in document:
        return plain
    return _ENTRY_TAGS.split(document)[1::2]


def _openings(document: bytes, name: bytes) -> int:
    """How often an element is opened; prefixes and attributes are looked for only where they occur."""
    count = document.count(b"<" + name + b">")
    if b":" + name in document or b"<" + name + b" " in document:
        count = len(re.findall(rb"<(?:[\w.-]+:)?" + name + rb"(?:\s[^>]*)?>", document))
    return count


def _head(body: bytes) -> tuple[bytes, ...]:
    """Attributes of the amount, amount, sign and first ten characters of the date of one entry."""
    own = body.partition(b"NtryDtls")[0].partition(b"TxDtls")[0]
    usual = _USUAL_HEAD.match(own)
    if usual:
        return usual.groups()
    found: dict[bytes, tuple[bytes, bytes]] = {}
    for name, attributes, text in _HEAD.findall(own):
        found.setdefault(name, (attributes, text.strip()))
    attributes, amount = found.get(b"Amt", (b"", b""))
    day = found.get(b"BookgDt", (b"", b""))[1] or found.get(b"ValDt", (b"", b""))[1]
    return attributes, amount, found.get(b"CdtDbtInd", (b"", b""))[1], day[:10]
