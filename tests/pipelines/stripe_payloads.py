"""Small Stripe objects in the shape of the API, for the tests. Amounts in minor units."""

from typing import Any

CREATED = 1_780_000_000  # 2026-05-28T20:26:40Z


def page(*objects: dict[str, Any], url: str = "/v1/charges") -> dict[str, Any]:
    return {"object": "list", "url": url, "has_more": False, "data": list(objects)}


def charge(charge_id: str = "ch_1", amount: Any = 11990, currency: str = "eur") -> dict[str, Any]:
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "balance_transaction": "txn_1",
        "billing_details": {"address": {"country": "DE"}, "email": "ada@example.com", "name": "Ada Lovelace"},
        "captured": True,
        "created": CREATED,
        "currency": currency,
        "customer": {"id": "cus_1", "object": "customer"},
        "description": "Nordlicht - order #1001",
        "disputed": False,
        "invoice": None,
        "livemode": True,
        "metadata": {"order_id": "5000000001001"},
        "paid": True,
        "payment_intent": "pi_1",
        "payment_method_details": {"type": "card", "card": {"brand": "visa"}},
        "refunded": False,
        "status": "succeeded",
    }


def refund(refund_id: str = "re_1", amount: int = 3000) -> dict[str, Any]:
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": "txn_2",
        "charge": "ch_1",
        "created": CREATED,
        "currency": "eur",
        "metadata": {},
        "payment_intent": "pi_1",
        "reason": "requested_by_customer",
        "status": "succeeded",
    }


def dispute(dispute_id: str = "dp_1") -> dict[str, Any]:
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": 11990,
        "balance_transactions": [{"id": "txn_3", "object": "balance_transaction"}],
        "charge": "ch_1",
        "created": CREATED,
        "currency": "eur",
        "reason": "fraudulent",
        "status": "needs_response",
    }


def balance_transaction(transaction_id: str = "txn_1") -> dict[str, Any]:
    return {
        "id": transaction_id,
        "object": "balance_transaction",
        "amount": 11990,
        "available_on": CREATED,
        "created": CREATED,
        "currency": "eur",
        "description": None,
        "exchange_rate": None,
        "fee": 373,
        "fee_details": [{"amount": 373, "currency": "eur", "type": "stripe_fee"}],
        "net": 11617,
        "reporting_category": "charge",
        "source": "ch_1",
        "status": "available",
        "type": "charge",
    }


def payout(payout_id: str = "po_1") -> dict[str, Any]:
    return {
        "id": payout_id,
        "object": "payout",
        "amount": 11617,
        "arrival_date": CREATED,
        "automatic": True,
        "balance_transaction": "txn_9",
        "created": CREATED,
        "currency": "eur",
        "destination": "ba_1",
        "method": "standard",
        "statement_descriptor": "NORDLICHT",
        "status": "paid",
        "trace_id": {"status": "supported", "value": "TRACE1"},
        "type": "bank_account",
    }


def invoice(invoice_id: str = "in_1") -> dict[str, Any]:
    return {
        "id": invoice_id,
        "object": "invoice",
        "amount_due": 21600,
        "amount_paid": 0,
        "amount_remaining": 21600,
        "billing_reason": "manual",
        "charge": None,
        "created": CREATED,
        "currency": "usd",
        "customer": "cus_2",
        "customer_email": "ap@acme.example",
        "customer_name": "Acme Corp",
        "due_date": CREATED,
        "lines": {
            "object": "list",
            "has_more": False,
            "data": [
                {
                    "id": "il_1",
                    "object": "line_item",
                    "amount": 20000,
                    "currency": "usd",
                    "description": "Blankets",
                    "discount_amounts": [
                        {"amount": 100, "discount": "di_1"},
                        {"amount": 50, "discount": "di_2"},
                    ],
                    "quantity": 4,
                    "tax_amounts": [{"amount": 1600, "inclusive": False, "tax_rate": "txr_1"}],
                }
            ],
        },
        "metadata": {"order_name": "PO-77"},
        "number": "INV-0001",
        "payment_intent": None,
        "status": "open",
        "subtotal": 20000,
        "total": 21600,
        "total_tax_amounts": [{"amount": 1600, "inclusive": False, "tax_rate": "txr_1"}],
    }
