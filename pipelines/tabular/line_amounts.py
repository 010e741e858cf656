"""What a row of an item export adds to its order: exactly, and the same one by one and for whole columns.

Belongs here: the arithmetic of a `LineShape`, once with `Decimal` for counting and once with Arrow for loading.
Does not belong here: which shape a file has (`order_lines`).

Nothing is rounded to the currency's smallest unit: prices of a tenth of a cent add up over a quantity. What has
more than four decimals is rounded half away from zero to four.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.agreement import LARGEST_SUM
from pipelines.provenance import MONEY
from pipelines.tabular.order_lines import LineShape

_FOUR = Decimal("0.0001")
_EXACT = Context(prec=76)
_WIDE = pa.decimal256(
    60, 22
)  # 13 digits of an amount times 10 of a quantity; 4 + 8 + 8 decimals and two of a percent


def line_total(shape: LineShape, values: Mapping[str, Decimal | None]) -> Decimal:
    """The amount of one row; 0 where it is more than can be stored. Missing discounts, taxes and freight are 0."""

    def value(name: str) -> Decimal:
        return values.get(name) or Decimal(0)

    if shape.base == "total":
        total = value("total_amount")
    elif shape.base == "amount":
        total = value("line_amount")
    else:
        total = value("unit_price")
        if shape.has_quantity:
            total = _EXACT.multiply(total, value("quantity"))
    if shape.base != "total":
        if shape.discount in ("rate", "percent"):
            share = value("discount_rate") * (Decimal("0.01") if shape.discount == "percent" else 1)
            total = _EXACT.multiply(total, 1 - share)
        elif shape.discount == "amount":
            taken = abs(value("discount_amount"))
            total = _EXACT.subtract(total, taken if total >= 0 else -taken)
        if shape.tax == "added":
            total = _EXACT.add(total, value("tax_amount"))
        if shape.shipping:
            total = _EXACT.add(total, value("shipping_amount"))
    if abs(total) >= LARGEST_SUM:
        return Decimal(0)
    return total.quantize(_FOUR, ROUND_HALF_UP, _EXACT)


def line_totals(shape: LineShape, columns: Mapping[str, pa.Array]) -> tuple[pa.Array, pa.Array, pa.Array]:
    """(what each row adds, the discount that was taken off it, which rows are more than can be stored).

    Rows without what the shape needs have no amount.
    """
    count = len(columns["currency"])

    def wide(name: str) -> pa.Array:
        return pc.fill_null(columns[name].cast(_WIDE), pa.scalar(Decimal(0), _WIDE))

    if shape.base == "total":
        total = wide("total_amount")
    elif shape.base == "amount":
        total = wide("line_amount")
    else:
        total = wide("unit_price")
        if shape.has_quantity:
            total = _product(total, columns["quantity"])
    discount = _rounded(pc.abs(wide("discount_amount")))
    if shape.base != "total":
        if shape.discount in ("rate", "percent"):
            share = pc.fill_null(
                columns["discount_rate"], pa.scalar(Decimal(0), columns["discount_rate"].type)
            )
            off = _product(total, share)
            if shape.discount == "percent":
                off = _shifted(off)
            total = pc.subtract(total, off).cast(_WIDE)
            discount = _rounded(off)
        elif shape.discount == "amount":
            taken = pc.abs(wide("discount_amount"))
            is_sale = pc.greater_equal(total, pa.scalar(Decimal(0), _WIDE))
            taken = pc.if_else(is_sale, taken, pc.negate(taken))
            total = pc.subtract(total, taken).cast(_WIDE)
            discount = _rounded(taken)
        if shape.tax == "added":
            total = pc.add(total, wide("tax_amount")).cast(_WIDE)
        if shape.shipping:
            total = pc.add(total, wide("shipping_amount")).cast(_WIDE)
    too_large = pc.greater_equal(pc.abs(total), pa.scalar(LARGEST_SUM, _WIDE))
    total = pc.if_else(too_large, pa.scalar(Decimal(0), _WIDE), total)
    has_all = pa.repeat(True, count)
    for name in shape.needs:
        has_all = pc.and_(has_all, pc.is_valid(columns[name]))
    nothing = pa.scalar(None, MONEY)
    return pc.if_else(has_all, _rounded(total), nothing), discount, too_large


def _product(amount: pa.Array, factor: pa.Array) -> pa.Array:
    """An amount of at most 12 decimals times a number of 8."""
    number = pc.fill_null(factor, pa.scalar(Decimal(0), factor.type)).cast(pa.decimal256(18, 8))
    return pc.multiply(amount.cast(pa.decimal256(38, 12)), number).cast(_WIDE)


def _shifted(amount: pa.Array) -> pa.Array:
    """A hundredth."""
    hundredth = pa.scalar(Decimal("0.01"), pa.decimal256(3, 2))
    return pc.multiply(amount.cast(pa.decimal256(56, 20)), hundredth).cast(_WIDE)


def _rounded(amount: pa.Array) -> pa.Array:
    fits = pc.less(pc.abs(amount), pa.scalar(LARGEST_SUM, _WIDE))
    safe = pc.if_else(fits, amount, pa.scalar(Decimal(0), _WIDE))
    return pc.round(safe, 4, round_mode="half_towards_infinity").cast(MONEY)
