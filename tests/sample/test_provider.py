"""Stripe's side of the sample is closed: balance transactions, payouts, charges and refunds agree."""

from collections import defaultdict

import pytest

SOURCES = ["stripe_de", "stripe_us"]


@pytest.mark.parametrize("source", SOURCES)
def test_a_payout_is_the_sum_of_its_balance_transactions(stripe, source):
    sums: dict[str, int] = defaultdict(int)
    for url, item in stripe(source, "balance_transactions"):
        assert item["net"] == item["amount"] - item["fee"]
        if "?payout=" in url and item["type"] != "payout":
            sums[url.split("=")[1]] += item["net"]
    payouts = {item["id"]: item["amount"] for _, item in stripe(source, "payouts")}
    assert payouts == dict(sums)
    assert all(amount > 0 for amount in payouts.values())


@pytest.mark.parametrize("source", SOURCES)
def test_every_charge_and_refund_has_its_balance_transaction(stripe, source):
    booked = {item["id"]: item for _, item in stripe(source, "balance_transactions")}
    charges = {item["id"]: item for _, item in stripe(source, "charges")}
    for charge in charges.values():
        if charge["status"] == "failed":
            assert charge["balance_transaction"] is None
            continue
        assert booked[charge["balance_transaction"]]["amount"] == charge["amount"]
        assert booked[charge["balance_transaction"]]["source"] == charge["id"]
    returned: dict[str, int] = defaultdict(int)
    for _, refund in stripe(source, "refunds"):
        assert booked[refund["balance_transaction"]]["amount"] == -refund["amount"]
        returned[refund["charge"]] += refund["amount"]
    assert {c["id"]: c["amount_refunded"] for c in charges.values() if c["amount_refunded"]} == dict(returned)


@pytest.mark.parametrize("source", SOURCES)
def test_a_balance_transaction_is_listed_once(stripe, source):
    ids = [item["id"] for _, item in stripe(source, "balance_transactions")]
    assert len(ids) == len(set(ids))


def test_pages_hold_at_most_a_hundred(landing):
    import json

    for path in (landing / "stripe_de" / "balance_transactions").glob("*.jsonl"):
        for line in path.read_text().splitlines():
            assert 0 < len(json.loads(line)["data"]) <= 100
