"""Small Shopify orders in the shape of the REST Admin API, for the tests and the speed measurement."""

import copy
from typing import Any


def money_set(amount: str, currency: str) -> dict[str, Any]:
    money = {"amount": amount, "currency_code": currency}
    return {"shop_money": dict(money), "presentment_money": dict(money)}


def line_item(line_id: int, price: str, quantity: int, discount: str | None, tax: str, currency: str) -> dict:
    allocations = (
        [{"amount": discount, "discount_application_index": 0, "amount_set": money_set(discount, currency)}]
        if discount
        else []
    )
    return {
        "id": line_id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line_id}",
        "current_quantity": quantity,
        "fulfillable_quantity": 0,
        "fulfillment_service": "manual",
        "fulfillment_status": "fulfilled",
        "gift_card": False,
        "grams": 450,
        "name": "Wool blanket - Grey",
        "price": price,
        "price_set": money_set(price, currency),
        "product_exists": True,
        "product_id": 7001,
        "properties": [],
        "quantity": quantity,
        "requires_shipping": True,
        "sku": "NL-BLK-01",
        "taxable": True,
        "title": "Wool blanket",
        "total_discount": "0.00",
        "total_discount_set": money_set("0.00", currency),
        "variant_id": 8001,
        "variant_inventory_management": "shopify",
        "variant_title": "Grey",
        "vendor": "Nordlicht",
        "tax_lines": [
            {
                "channel_liable": False,
                "price": tax,
                "price_set": money_set(tax, currency),
                "rate": 0.19,
                "title": "MwSt",
            }
        ],
        "duties": [],
        "discount_allocations": allocations,
    }


def order(number: int = 1001, currency: str = "EUR", created_at: str = "2026-05-03T23:30:00+02:00") -> dict:
    """An order of two lines (one discounted), shipping, tax included: total 119.90."""
    order_id = 5_000_000_000_000 + number
    base = order_id * 10
    return {
        "id": order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order_id}",
        "app_id": 580111,
        "browser_ip": "192.0.2.7",
        "buyer_accepts_marketing": False,
        "cancel_reason": None,
        "cancelled_at": None,
        "client_details": {
            "accept_language": "de-DE",
            "browser_ip": "192.0.2.7",
            "user_agent": "Mozilla/5.0",
        },
        "closed_at": None,
        "confirmed": True,
        "contact_email": "ada@example.com",
        "created_at": created_at,
        "currency": currency,
        "current_subtotal_price": "115.00",
        "current_total_discounts": "5.00",
        "current_total_price": "119.90",
        "current_total_tax": "19.14",
        "customer": {
            "id": 900 + number % 50,
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "state": "enabled",
            "currency": currency,
        },
        "customer_locale": "de-DE",
        "discount_applications": [
            {
                "target_type": "line_item",
                "type": "discount_code",
                "value": "5.0",
                "value_type": "fixed_amount",
                "allocation_method": "one",
                "target_selection": "explicit",
                "code": "SPRING5",
            }
        ],
        "discount_codes": [{"code": "SPRING5", "amount": "5.00", "type": "fixed_amount"}],
        "email": "ada@example.com",
        "estimated_taxes": False,
        "financial_status": "paid",
        "fulfillment_status": "fulfilled",
        "landing_site": "/",
        "line_items": [
            line_item(base + 1, "60.00", 1, "5.00", "8.78", currency),
            line_item(base + 2, "30.00", 2, None, "9.58", currency),
        ],
        "name": f"#{number}",
        "note": None,
        "note_attributes": [],
        "number": number - 1000,
        "order_number": number,
        "payment_gateway_names": ["shopify_payments"],
        "payment_terms": None,
        "phone": None,
        "presentment_currency": currency,
        "processed_at": created_at,
        "refunds": [],
        "shipping_address": {"first_name": "Ada", "city": "Berlin", "zip": "10115", "country_code": "DE"},
        "shipping_lines": [
            {
                "id": base + 5,
                "carrier_identifier": None,
                "code": "DHL",
                "discounted_price": "4.90",
                "discounted_price_set": money_set("4.90", currency),
                "price": "4.90",
                "price_set": money_set("4.90", currency),
                "title": "DHL Paket",
                "tax_lines": [
                    {
                        "price": "0.78",
                        "price_set": money_set("0.78", currency),
                        "rate": 0.19,
                        "title": "MwSt",
                        "channel_liable": False,
                    }
                ],
                "discount_allocations": [],
            }
        ],
        "source_name": "web",
        "subtotal_price": "115.00",
        "subtotal_price_set": money_set("115.00", currency),
        "tags": "",
        "tax_lines": [
            {"price": "19.14", "rate": 0.19, "title": "MwSt", "price_set": money_set("19.14", currency)}
        ],
        "taxes_included": True,
        "test": False,
        "token": "b1946ac92492d2347c6235b4d2611184",
        "total_discounts": "5.00",
        "total_discounts_set": money_set("5.00", currency),
        "total_line_items_price": "120.00",
        "total_line_items_price_set": money_set("120.00", currency),
        "total_outstanding": "0.00",
        "total_price": "119.90",
        "total_price_set": money_set("119.90", currency),
        "total_shipping_price_set": money_set("4.90", currency),
        "total_tax": "19.14",
        "total_tax_set": money_set("19.14", currency),
        "total_tip_received": "0.00",
        "total_weight": 900,
        "updated_at": created_at,
        "user_id": None,
    }


def refunded_order(number: int = 1002) -> dict:
    """The same order, with one unit of the second line refunded (30.00) and 2.00 of goodwill."""
    result = copy.deepcopy(order(number))
    line_id = result["line_items"][1]["id"]
    result["financial_status"] = "partially_refunded"
    result["current_total_price"] = "87.90"
    result["updated_at"] = "2026-05-10T09:00:00+02:00"
    result["line_items"][1]["current_quantity"] = 1
    result["refunds"] = [
        {
            "id": 77,
            "admin_graphql_api_id": "gid://shopify/Refund/77",
            "created_at": "2026-05-10T09:00:00+02:00",
            "note": "damaged",
            "order_id": result["id"],
            "processed_at": "2026-05-10T09:00:00+02:00",
            "restock": True,
            "user_id": 1,
            "refund_line_items": [
                {
                    "id": 771,
                    "line_item_id": line_id,
                    "location_id": 1,
                    "quantity": 1,
                    "restock_type": "return",
                    "subtotal": 30.0,
                    "subtotal_set": money_set("30.00", "EUR"),
                    "total_tax": 4.79,
                    "total_tax_set": money_set("4.79", "EUR"),
                    "line_item": {"id": line_id},
                }
            ],
            "order_adjustments": [
                {
                    "id": 772,
                    "order_id": result["id"],
                    "refund_id": 77,
                    "amount": "-2.00",
                    "amount_set": money_set("-2.00", "EUR"),
                    "tax_amount": "0.00",
                    "tax_amount_set": money_set("0.00", "EUR"),
                    "kind": "refund_discrepancy",
                    "reason": "Refund discrepancy",
                }
            ],
            "transactions": [
                {
                    "id": 773,
                    "order_id": result["id"],
                    "parent_id": 7,
                    "kind": "refund",
                    "status": "success",
                    "gateway": "shopify_payments",
                    "amount": "32.00",
                    "currency": "EUR",
                    "authorization": "re_3Nabc",
                    "processed_at": "2026-05-10T09:00:01+02:00",
                    "created_at": "2026-05-10T09:00:01+02:00",
                }
            ],
            "duties": [],
        }
    ]
    return result
