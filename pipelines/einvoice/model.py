"""An invoice after reading: rows of business terms, whatever the syntax it came in.

Belongs here: the shape that `ubl`, `cii` and `zugferd` fill and `totals` and `read` use.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pipelines.einvoice.values import Unreadable

Row = dict[str, Any]


@dataclass
class Invoice:
    """header: columns of `documents`; lines, taxes: columns of their tables; bad: fields that cannot be
    read, those of the header first."""

    header: Row
    lines: list[Row] = field(default_factory=list)
    taxes: list[Row] = field(default_factory=list)
    bad: list[Unreadable] = field(default_factory=list)


def claimed(gross: Decimal | None, rounding: Decimal | None, payable: Decimal | None) -> Decimal | None:
    """What a document claims: with tax (BT-112) and rounding (BT-114); without it, what is payable (BT-115).

    What was paid before (BT-113) is no part of it: that money was a payment, and is matched as one.
    """
    if gross is None:
        return payable
    return gross + (rounding or Decimal(0))
