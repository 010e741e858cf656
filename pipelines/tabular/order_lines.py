"""What the amounts of an export with one row per item mean: whose they are, and what a row adds to its order.

Belongs here: deciding from the values whether a column is of the line or of the whole order (a total repeated on
every row must never be added up), whether a discount is a share or an amount and already taken off, and
whether tax is on top. Does not belong here: the arithmetic over all records (`line_amounts`, `declared`).

What is decided is said in `LineShape.reasons`, which a person reads in `recognised_by`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from pipelines.tabular import formats
from pipelines.tabular.numbers import number_of

# A column of the line, and the one that takes it where it turns out to be of the whole order.
OF_ORDER = {
    "total_amount": "order_total_amount",
    "tax_amount": "order_tax_amount",
    "shipping_amount": "order_shipping_amount",
    "discount_amount": "order_discount_amount",
}
_CENT = Decimal("0.011")  # sums that programs round line by line
_MOST = Decimal("0.9")  # of the rows must fit: exports have corrections by hand
_FEW_ORDERS = 2  # of several rows; one alone may be equal by accident


@dataclass(frozen=True)
class LineShape:
    """How a row's amount is made.

    base: `total` (a column states it whole), `amount` (of the goods) or `price` (times quantity).
    discount: `inside` (already taken off), `rate` (0.05), `percent` (5) or `amount`; empty without one.
    tax: `added` or `inside`; shipping: whether the row has freight of its own, which is added.
    """

    base: str
    discount: str = ""
    tax: str = ""
    shipping: bool = False
    has_quantity: bool = True
    reasons: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns without which a row has no amount."""
        return {
            "total": ("total_amount",),
            "amount": ("line_amount",),
            "price": ("quantity", "unit_price") if self.has_quantity else ("unit_price",),
        }[self.base]

    @property
    def money(self) -> tuple[str, ...]:
        """Amounts that make the row's amount."""
        if self.base == "total":
            return ("total_amount",)
        found = ["line_amount" if self.base == "amount" else "unit_price"]
        found += ["discount_amount"] if self.discount == "amount" else []
        found += ["tax_amount"] if self.tax == "added" else []
        return (*found, "shipping_amount") if self.shipping else tuple(found)

    @property
    def rates(self) -> tuple[str, ...]:
        found = ["quantity"] if self.base == "price" and self.has_quantity else []
        return (*found, "discount_rate") if self.discount in ("rate", "percent") else tuple(found)


class _Row(NamedTuple):
    order: str
    values: Mapping[str, Decimal | None]


def has_items(at: Mapping[str, int], sums: Mapping[str, object]) -> bool:
    """Whether columns are those of items: something sold, and what it cost."""
    have = {*at, *sums}
    priced = have & {"unit_price", "line_amount", "total_amount"}
    return bool(have & {"order_id", "order_number"}) and bool(priced) and bool(
        have & {"sku", "line_id"} or ("quantity" in have and have & {"unit_price", "description"})
    )  # fmt: skip


def repeats_orders(sample: Sequence[Sequence[str]], at: Mapping[str, int]) -> bool:
    """Whether some order has more than one row."""
    place = at.get("order_id", at.get("order_number"))
    if place is None:
        return False
    orders = [row[place].strip() for row in sample if row[place].strip()]
    return len(set(orders)) < len(orders)


def decide(
    at: dict[str, int],
    sums: Mapping[str, tuple[tuple[int, int], ...]],
    sample: Sequence[Sequence[str]],
    headers: Sequence[str],
    decimal: str,
    thousands: str,
    constants: Mapping[str, str],
    is_mapped: bool = False,
) -> tuple[dict[str, int], LineShape]:
    """The columns under the names that their values prove, and how a row's amount is made.

    at: our column to the index of its cell; sums: our column to the cells that it is the sum of; is_mapped:
    whether a mapping names the columns. Then tax, shipping and discount are what it says; a total that every row
    of an order repeats is still none of its rows.
    """
    at = dict(at)
    reasons: list[str] = []
    rows = _rows(at, sums, sample, decimal, thousands)
    several = _several(rows)
    if not is_mapped and _is_rate(rows, "discount_amount", headers, at, sample):
        at["discount_rate"] = at.pop("discount_amount")
        rows = _rows(at, sums, sample, decimal, thousands)
        several = _several(rows)
    rate = _kind_of_rate(rows)
    for name in () if is_mapped else ("tax_amount", "shipping_amount", "discount_amount"):
        if name in at and OF_ORDER[name] not in at and _is_of_order(several, name, _FEW_ORDERS):
            at[OF_ORDER[name]] = at.pop(name)
            reasons.append(f"'{headers[at[OF_ORDER[name]]]}' is of the whole order")
    at, more = _totals(at, sums, rows, several, headers, rate)
    reasons += more
    shape = _shape({*at, *sums}, rows, rate, constants, at)
    return at, replace(shape, reasons=(*reasons, *shape.reasons))


def _rows(
    at: Mapping[str, int],
    sums: Mapping[str, tuple[tuple[int, int], ...]],
    sample: Sequence[Sequence[str]],
    decimal: str,
    thousands: str,
) -> list[_Row]:
    names = ["unit_price", "line_amount", "discount_rate", "quantity", *OF_ORDER, *OF_ORDER.values()]
    place = at.get("order_id", at.get("order_number"))
    rows = []
    for row in sample:
        values: dict[str, Decimal | None] = {}
        for name in names:
            cells = sums[name] if name in sums else ((1, at[name]),) if name in at else ()
            parts = [(sign, number_of(row[i].strip().rstrip("%"), decimal, thousands)) for sign, i in cells if row[i].strip()]  # fmt: skip
            values[name] = (
                sum((sign * part for sign, part in parts if part is not None), Decimal(0)) if parts else None
            )
        rows.append(_Row(row[place].strip() if place is not None else "", values))
    return rows


def _several(rows: Iterable[_Row]) -> list[list[_Row]]:
    """The orders with more than one row."""
    orders: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if row.order:
            orders[row.order].append(row)
    return [found for found in orders.values() if len(found) > 1]


def _is_of_order(several: Sequence[Sequence[_Row]], name: str, at_least: int) -> bool:
    """One value, not zero, on every row of every order of several rows."""
    proofs = 0
    for order in several:
        values = {row.values[name] for row in order}
        if len(values - {None}) > 1 or (None in values and len(values) > 1):
            return False
        proofs += bool(values - {None, Decimal(0)})
    return proofs >= at_least


def _is_rate(
    rows: Sequence[_Row], name: str, headers: Sequence[str], at: Mapping[str, int], sample: Sequence[Sequence[str]]
) -> bool:  # fmt: skip
    """A discount that is a share: it says so, or no value is above one and some are between."""
    if name not in at or "amount" in headers[at[name]].casefold():
        return False
    if "%" in headers[at[name]] or any(row[at[name]].strip().endswith("%") for row in sample):
        return True
    values = [abs(row.values[name]) for row in rows if row.values[name]]  # type: ignore[arg-type]
    if not values or max(values) > 1:
        return False
    # Amounts of less than one unit exist; where price and amount tell, they decide.
    told = [row for row in rows if _gross(row) is not None and row.values["line_amount"] is not None and row.values[name]]  # fmt: skip
    if told:
        as_amount = sum(_near(_gross(row) - row.values[name], row.values["line_amount"]) for row in told)  # type: ignore[operator]
        as_rate = sum(_near(_gross(row) * (1 - row.values[name]), row.values["line_amount"]) for row in told)  # type: ignore[operator]
        if as_amount > as_rate:
            return False
    return True


def _kind_of_rate(rows: Sequence[_Row]) -> str:
    values = [abs(row.values["discount_rate"]) for row in rows if row.values["discount_rate"]]  # type: ignore[arg-type]
    return "percent" if values and max(values) > 1 else "rate"


def _gross(row: _Row) -> Decimal | None:
    price, quantity = row.values["unit_price"], row.values["quantity"]
    return None if price is None else price * (Decimal(1) if quantity is None else quantity)


def _net(row: _Row, rate: str) -> Decimal | None:
    gross = _gross(row)
    if gross is None:
        return None
    share = row.values["discount_rate"] or Decimal(0)
    share = share / 100 if rate == "percent" else share
    taken = abs(row.values["discount_amount"] or Decimal(0))
    return gross * (1 - share) - (taken if gross >= 0 else -taken)


def _near(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and other is not None and abs(abs(one) - abs(other)) <= _CENT


def _fits(rows: Sequence[_Row], name: str, expected: Callable[[_Row], Decimal | None]) -> bool:
    """Whether a column is what is expected of nearly every row that has both and is not zero."""
    told = [row for row in rows if row.values[name] and expected(row)]
    return bool(told) and sum(_near(row.values[name], expected(row)) for row in told) >= _MOST * len(told)


def _plus(row: _Row, rate: str, *names: str) -> Decimal | None:
    net = _net(row, rate)
    return None if net is None else net + sum((row.values[name] or Decimal(0) for name in names), Decimal(0))


def _totals(
    at: dict[str, int],
    sums: Mapping[str, object],
    rows: Sequence[_Row],
    several: Sequence[Sequence[_Row]],
    headers: Sequence[str],
    rate: str,
) -> tuple[dict[str, int], list[str]]:
    """`line_amount` and `total_amount` as they are proven: of the line, or of the order on each of its rows."""
    reasons = []
    for name in ("line_amount", "total_amount"):
        if name not in at or name in sums:
            continue
        header = headers[at[name]]
        goods = _fits(rows, name, _gross) or _fits(rows, name, lambda row: _net(row, rate))
        if goods:
            if name == "total_amount" and "line_amount" not in at and "line_amount" not in sums:
                at["line_amount"] = at.pop(name)
            reasons.append(f"'{header}' is price times quantity")
            continue
        if name == "total_amount" and any(
            _fits(rows, name, lambda row, more=more: _plus(row, rate, *more))  # type: ignore[misc]
            for more in (("tax_amount",), ("shipping_amount",), ("tax_amount", "shipping_amount"))
        ):
            reasons.append(f"'{header}' is the line with tax and shipping")
            continue
        other_amount = "unit_price" in at or "line_amount" in {*at, *sums} - {name}
        proofs = 1 if other_amount else _FEW_ORDERS + 1
        if "order_total_amount" not in at and _is_of_order(several, name, proofs) and other_amount:
            at["order_total_amount"] = at.pop(name)
            reasons.append(f"'{header}' is the order's total on each of its rows, not added up")
        elif name == "total_amount" and "line_amount" not in {*at, *sums} and not other_amount:
            at["line_amount"] = at.pop(name)
    if "order_total_amount" in at and not ({"line_amount", "unit_price", "total_amount"} & {*at, *sums}):
        at["line_amount"] = at.pop("order_total_amount")
    elif "order_total_amount" in at and not any("the order's total" in reason for reason in reasons):
        reasons.append(f"'{headers[at['order_total_amount']]}' is the order's total, not added up")
    return at, reasons


def _shape(
    have: set[str], rows: Sequence[_Row], rate: str, constants: Mapping[str, str], at: dict[str, int]
) -> LineShape:
    discount = rate if "discount_rate" in have else "amount" if "discount_amount" in have else ""
    tax = "" if "tax_amount" not in have else "inside" if _says_inside(constants) else "added"
    shipping, reasons = "shipping_amount" in have, []
    if "total_amount" in have:
        # What the row states as a whole holds tax, freight and discount.
        return LineShape(
            "total", "inside" if discount else "", "inside" if tax else "", False, "quantity" in have
        )
    if "line_amount" in have:
        if "unit_price" in have and _has_noise(rows) and _fits(rows, "line_amount", _gross):
            # Binary fractions of a spreadsheet or script: the product of the two exact columns is what they meant.
            at.pop("line_amount", None)
            reasons.append("price times quantity, because the amounts have more than four decimals")
            return LineShape("price", discount, tax, shipping, "quantity" in have, tuple(reasons))
        if discount:
            if "unit_price" in have:
                is_inside = not _fits(rows, "line_amount", _gross) or _fits(rows, "line_amount", lambda row: _net(row, rate))  # fmt: skip
            else:
                is_inside = discount != "amount"
            if is_inside:
                reasons.append("the discount is already taken off")
                discount = "inside"
        return LineShape("amount", discount, tax, shipping, "quantity" in have, tuple(reasons))
    what = "quantity times price" if "quantity" in have else "price, one of each"
    less = {"": "", "rate": " less the discount's share", "percent": " less the discount in percent", "amount": " less the discount"}  # fmt: skip
    return LineShape(
        "price", discount, tax, shipping, "quantity" in have, (f"a line is {what}{less[discount]}",)
    )


def _has_noise(rows: Sequence[_Row]) -> bool:
    return any(
        value is not None and -value.as_tuple().exponent > formats.MAX_FRACTION  # type: ignore[operator]
        for value in (row.values["line_amount"] for row in rows)
    )


def _says_inside(constants: Mapping[str, str]) -> bool:
    return constants.get("is_tax_included", "").casefold() in formats.TRUE
