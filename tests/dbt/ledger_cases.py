"""Documents of three entities in five currencies for the ledger tests: the smallest that show each case.

Belongs here: input. Ids say the case; amounts are plain decimals as text.
"""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

#: amount in base currency = amount x rate; JPY and KWD on purpose: no and three decimals.
RATES = {
    ("GBP", "GBP"): "1",
    ("GBP", "EUR"): "0.86123457",
    ("GBP", "JPY"): "0.00523811",
    ("GBP", "KWD"): "2.57190031",
    ("GBP", "USD"): "0.79315577",
    ("EUR", "EUR"): "1",
    ("EUR", "GBP"): "1.16112000",
    ("EUR", "USD"): "0.92010000",
    ("USD", "USD"): "1",
    ("USD", "EUR"): "1.08684000",
}
#: From June on a euro, yen or dinar buys more pounds, so that late receipts bring a gain.
JUNE_GAIN = Decimal("1.02")


def rate_on(base: str, quote: str, day: date) -> Decimal:
    rate = Decimal(RATES[base, quote])
    if base != quote and day >= date(2026, 6, 1):
        rate = (rate * JUNE_GAIN).quantize(Decimal("1e-8"))
    return rate


def fx_rates() -> list[Row]:
    days = [date(2026, 4, 1) + timedelta(day) for day in range(91)]
    return [
        {
            "rate_date": day,
            "base_currency": base,
            "quote_currency": quote,
            "rate": str(rate_on(base, quote, day)),
        }
        for base, quote in RATES
        for day in days
    ]


def invoice(
    number: str,
    day: str,
    currency: str,
    lines: list[tuple[str, str, str]],
    entity: str = "UK01",
    **other: Any,
) -> tuple[Row, list[Row]]:
    """lines: (account, net, tax)."""
    net, tax = sum(Decimal(line[1]) for line in lines), sum(Decimal(line[2]) for line in lines)
    source = {"UK01": "erp_uk", "DE01": "erp_de", "US01": "erp_us"}[entity]
    identity = f"{source}:{number}"
    head = {
        "invoice_id": identity, "invoice_number": number, "document_type": "invoice", "entity_id": entity,
        "source_name": source, "source_id": number, "source_updated_at": f"{day} 12:00:00+00", "invoice_date": day,
        "business_date": day, "currency": currency, "net_amount": str(net), "tax_amount": str(tax),
        "total_amount": str(net + tax), "status": "open",
    } | other  # fmt: skip
    parts = [
        {
            "invoice_line_id": f"{identity}:{position}", "invoice_id": identity, "line_number": position,
            "net_amount": line_net, "tax_amount": line_tax, "total_amount": str(Decimal(line_net) + Decimal(line_tax)),
            "account_code": account, "currency": currency, "entity_id": entity, "business_date": day,
        }
        for position, (account, line_net, line_tax) in enumerate(lines, 1)
    ]  # fmt: skip
    return head, parts


def bill(number: str, day: str, known: str, net: str, tax: str, total: str | None = None) -> tuple[Row, Row]:
    identity = f"erp_de:{number}"
    total = total or str(Decimal(net) + Decimal(tax))
    head = {
        "bill_id": identity, "bill_number": f"V-{number}", "document_type": "bill", "entity_id": "DE01",
        "source_name": "erp_de", "source_id": number, "source_updated_at": f"{known} 09:00:00+00", "bill_date": day,
        "business_date": day, "currency": "EUR", "net_amount": net, "tax_amount": tax, "total_amount": total,
        "status": "open", "vendor_id": "V0001",
    }  # fmt: skip
    line = {
        "bill_line_id": f"{identity}:1", "bill_id": identity, "line_number": 1, "net_amount": net, "tax_amount": tax,
        "total_amount": total, "account_code": "5000", "tax_code": "DE19", "currency": "EUR", "entity_id": "DE01",
    }  # fmt: skip
    return head, line


def bank_line(name: str, account: str, day: str, amount: str, currency: str, **other: Any) -> Row:
    entity, source = account[:4], {"DE01": "bank_de", "UK01": "bank_uk", "US01": "bank_us"}[account[:4]]
    return {
        "bank_transaction_id": f"{source}:{name}", "entity_id": entity, "source_name": source, "source_id": name,
        "servicer_reference": f"REF-{name}", "bank_account_id": account, "booking_date": day, "value_date": day,
        "business_date": day, "currency": currency, "amount": amount, "line_number": 1, "is_reversal": False,
    } | other  # fmt: skip


def match(
    name: str, reconciliation: str, pairs: list[tuple[str, str, str, str, str]], currency: str,
    difference: str = "0", reason: str | None = None, status: str = "auto",
) -> tuple[Row, list[Row]]:  # fmt: skip
    """pairs: (left_type, left_id, right_type, right_id, allocated_amount)."""
    head = {
        "match_id": name, "reconciliation": reconciliation, "status": status, "difference_amount": difference,
        "difference_reason": reason, "currency": currency,
    }  # fmt: skip
    return head, [
        {
            "match_id": name, "left_type": left_type, "left_id": left_id, "right_type": right_type,
            "right_id": right_id, "allocated_amount": amount, "currency": currency,
        }
        for left_type, left_id, right_type, right_id, amount in pairs
    ]  # fmt: skip


def random_invoices(
    count: int, seed: int = 7
) -> tuple[list[Row], list[Row], list[Row], list[Row], list[Row]]:
    """Invoices of one to six lines in four currencies, each paid in up to three parts over two months."""
    chance = random.Random(seed)
    decimals = {"GBP": 2, "EUR": 2, "JPY": 0, "KWD": 3}
    heads, lines, receipts, matches, allocations = [], [], [], [], []
    for number in range(count):
        currency = chance.choice(list(decimals))
        unit = Decimal(1).scaleb(-decimals[currency])
        parts = []
        for _ in range(chance.randint(1, 6)):
            net = chance.randint(1, 500_000) * unit
            parts.append((chance.choice(["4010", "4000", "4020"]), str(net), str((net / 5).quantize(unit))))
        head, head_lines = invoice(f"RND{number}", "2026-05-0" + str(chance.randint(2, 9)), currency, parts)
        heads.append(head)
        lines += head_lines
        left = Decimal(head["total_amount"])
        for part in range(chance.randint(0, 3)):
            paid = left if part == 2 else (left * chance.randint(1, 99) / 100).quantize(unit)
            if paid == 0:
                break
            left -= paid
            day = str(date(2026, 5, 20) + timedelta(chance.randint(0, 40)))
            line = bank_line(f"RND{number}-{part}", "UK01-GBP-MAIN", day, str(paid), currency)
            receipts.append(line)
            pair = ("bank_transaction", line["bank_transaction_id"], "invoice", head["invoice_id"], str(paid))
            one, its = match(
                f"m-{line['source_id']}", "bank_to_documents", [pair], currency, "0", "partial_payment"
            )
            matches.append(one)
            allocations += its
    return heads, lines, receipts, matches, allocations
