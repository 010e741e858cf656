"""Orders of the sample stores add up as Shopify's do."""

from decimal import Decimal

import pytest

D = Decimal


def money(value) -> Decimal:
    return D(str(value))


def test_lines_discounts_shipping_and_tax_make_the_total(orders):
    for order in orders:
        lines = sum(money(x["price"]) * x["quantity"] for x in order["line_items"])
        discounts = sum(money(a["amount"]) for x in order["line_items"] for a in x["discount_allocations"])
        shipping = sum(money(x["discounted_price"]) for x in order["shipping_lines"])
        tax = D(0) if order["taxes_included"] else money(order["total_tax"])
        assert lines - discounts + shipping + tax == money(order["total_price"]), order["name"]
        assert lines - discounts == money(order["subtotal_price"]), order["name"]


def test_tax_lines_make_the_tax_of_the_order(orders):
    for order in orders:
        parts = [t for x in order["line_items"] + order["shipping_lines"] for t in x["tax_lines"]]
        assert sum(money(t["price"]) for t in parts) == money(order["total_tax"]), order["name"]
        assert sum(money(t["price"]) for t in order["tax_lines"]) == money(order["total_tax"]), order["name"]


def test_included_tax_is_the_rate_of_the_discounted_price(orders):
    german = [o for o in orders if o["taxes_included"]]
    assert german
    for order in german:
        for line in order["line_items"]:
            net = money(line["price"]) * line["quantity"] - sum(
                money(a["amount"]) for a in line["discount_allocations"]
            )
            (tax,) = line["tax_lines"]
            rate = money(tax["rate"])
            assert abs(net * rate / (1 + rate) - money(tax["price"])) <= D("0.005"), order["name"]


def test_a_refund_gives_back_what_its_parts_say(orders):
    refunded = [o for o in orders if o["refunds"]]
    assert len(refunded) > 20
    for order in refunded:
        given_back = D(0)
        for refund in order["refunds"]:
            parts = sum(
                money(x["subtotal"]) + (D(0) if order["taxes_included"] else money(x["total_tax"]))
                for x in refund["refund_line_items"]
            )
            parts -= sum(money(x["amount"]) + money(x["tax_amount"]) for x in refund["order_adjustments"])
            paid = sum(money(x["amount"]) for x in refund["transactions"])
            assert parts == paid, order["name"]
            given_back += paid
        assert given_back <= money(order["total_price"]), order["name"]
        assert money(order["current_total_price"]) == money(order["total_price"]) - given_back
        full = given_back == money(order["total_price"])
        assert order["financial_status"] == ("refunded" if full else "partially_refunded")


def test_some_orders_change_over_time_and_some_come_around_midnight(orders):
    assert any("edited" in o["tags"] for o in orders)
    assert any(o["cancelled_at"] for o in orders)
    assert any(o["test"] for o in orders)
    assert any(o["created_at"][11:13] == "23" for o in orders)
    assert any(o["created_at"][11:13] == "00" for o in orders)


@pytest.mark.parametrize(("source", "offset"), [("shopify_de", "+02:00"), ("shopify_us", "-04:00")])
def test_times_carry_the_offset_of_the_store(orders, source, offset):
    assert all(o["created_at"].endswith(offset) for o in orders if o["source"] == source)
