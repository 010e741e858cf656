"""Orders that only rows of items tell, for whoever looks into a file before it is loaded.

Belongs here: the sums that dbt makes of current lines (`int_csv_order_sums`, `int_orders`), for one file alone.
Does not belong here: reading the file. A test compares both.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

_OF_ORDER = ("order_total_amount", "order_shipping_amount", "order_tax_amount", "order_discount_amount")


def orders_of_lines(lines: Iterable[Row], orders: Iterable[Row] = ()) -> list[Row]:
    """One row per order number of the lines that no row of `orders` has."""
    known = {row[name] for row in orders for name in ("order_id", "order_number") if row.get(name)}
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in lines:
        if row["order_id"] not in known:
            grouped[row["order_id"]].append(row)
    return [_order(order_id, rows) for order_id, rows in grouped.items()]


def _order(order_id: str, rows: list[Row]) -> Row:
    def first(name: str) -> Any:
        return min((row[name] for row in rows if row[name] is not None), default=None)

    def total(name: str) -> Decimal:
        return sum((row[name] or Decimal(0) for row in rows), Decimal(0))

    def whole(name: str) -> Decimal | None:
        return max((row[name] for row in rows if row[name] is not None), default=None)

    stated, shipping, tax, discount = (whole(name) for name in _OF_ORDER)
    lines = total("total_amount")
    # Freight, tax and discount of the lines are in their sum; those of the order are beside it.
    of_order = (
        (Decimal(0) if total("shipping_amount") else shipping or Decimal(0))
        + ((tax - total("tax_amount")) if tax else Decimal(0))
        - ((discount - total("discount_amount")) if discount else Decimal(0))
    )
    return {
        "order_id": order_id,
        "order_number": first("order_number") or order_id,
        "order_date": first("order_date"),
        "customer_id": first("customer_id"),
        "customer_name": first("customer_name"),
        "currency": rows[0]["currency"],
        "status": first("status"),
        "line_count": len(rows),
        "total_amount": stated if stated is not None else lines + of_order,
        "lines_amount": lines,
        "difference_amount": _difference(stated, lines + of_order, tax or Decimal(0)),
        "source_position": rows[0]["source_position"],
    }


def _difference(stated: Decimal | None, made: Decimal, tax: Decimal) -> Decimal:
    """What the stated total has beyond its parts; prices may hold the tax."""
    if stated is None:
        return Decimal(0)
    return min((stated - made, stated - made + tax), key=abs)
