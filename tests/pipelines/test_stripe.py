"""Stripe objects: what becomes which row, and what becomes a reject."""

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from reading import assert_conserved, instance, read_content
from stripe_payloads import (
    CREATED,
    balance_transaction,
    charge,
    dispute,
    invoice,
    page,
    payout,
    refund,
)

from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.stripe.currencies import exponent

OBJECTS = ("charges", "refunds", "disputes", "balance_transactions", "payouts", "invoices")


def only(rows):
    (row,) = rows
    return row


def lines(*objects):
    return "\n".join(json.dumps(each) for each in objects)


def test_objects_are_recognised_by_themselves_and_not_by_the_file(tmp_path):
    mixed = page(charge(), refund(), dispute(), balance_transaction(), payout(), invoice())
    tables = read_content("stripe", tmp_path, json.dumps(mixed), "charges.json")

    assert {name: len(tables[name]) for name in OBJECTS} == dict.fromkeys(OBJECTS, 1)
    row = only(tables["charges"])
    assert (row["charge_id"], row["amount_minor"], row["currency"]) == ("ch_1", 11990, "EUR")
    assert row["customer_id"] == "cus_1"  # expanded in the payload
    assert row["order_reference"] == "5000000001001"
    assert (row["billing_name"], row["payment_method_type"]) == ("Ada Lovelace", "card")
    assert only(tables["refunds"])["charge_id"] == "ch_1"
    assert only(tables["disputes"])["balance_transaction_ids"] == '["txn_3"]'
    assert only(tables["balance_transactions"])["fee_minor"] == 373
    paid = only(tables["payouts"])
    assert (paid["arrival_date"], paid["trace_id"]) == (date(2026, 5, 28), "TRACE1")
    billed = only(tables["invoices"])
    assert (billed["total_minor"], billed["tax_minor"], billed["order_reference"]) == (21600, 1600, "PO-77")
    line = only(tables["invoice_lines"])
    assert (line["invoice_id"], line["line_index"]) == ("in_1", 1)
    assert (line["amount_minor"], line["discount_minor"], line["tax_minor"]) == (20000, 150, 1600)
    assert tables["rejects"] == [] and tables["schema_drift"] == []
    assert_conserved("stripe", tables)


def test_batches_have_exactly_the_promised_schemas(tmp_path):
    spec = kind_spec("stripe")
    path = tmp_path / "a.jsonl"
    path.write_text(
        lines(charge(), refund(), dispute(), balance_transaction(), payout(), invoice(), {"object": "x"})
    )
    for batch in spec.read(landing_file(tmp_path, path, instance("stripe")), instance("stripe")):
        assert batch.rows.schema == spec.all_tables[batch.table], batch.table


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.json", json.dumps(page(charge("ch_1"), charge("ch_2")), indent=2)),
        ("pages.jsonl", lines(page(charge("ch_1")), page(charge("ch_2")))),
        ("objects.jsonl", lines(charge("ch_1"), charge("ch_2"))),
        ("array.json", json.dumps([charge("ch_1"), charge("ch_2")])),
        ("zipped.jsonl.gz", lines(page(charge("ch_1"), charge("ch_2")))),
    ],
)
def test_every_layout_gives_the_same_records(tmp_path, name, content):
    tables = read_content("stripe", tmp_path, content, name)

    assert [(row["source_position"], row["charge_id"]) for row in tables["charges"]] == [
        (1, "ch_1"),
        (2, "ch_2"),
    ]
    assert_conserved("stripe", tables)


def test_the_address_of_the_list_names_the_payout(tmp_path):
    listed = page(balance_transaction(), url="/v1/balance_transactions?limit=100&payout=po_1Nxy")
    unlisted = page(balance_transaction(), url="/v1/balance_transactions?limit=100")
    tables = read_content("stripe", tmp_path, lines(listed, unlisted), "a.jsonl")

    first, second = tables["balance_transactions"]
    assert (first["payout_id"], second["payout_id"]) == ("po_1Nxy", None)
    # Says something that the object alone does not: no copy of it, or the payout could be lost.
    assert first["record_hash"] != second["record_hash"]


@pytest.mark.parametrize(
    ("currency", "minor", "declared"),
    [("eur", 11990, "119.90"), ("jpy", 11990, "11990"), ("kwd", 11990, "11.99"), ("isk", 11900, "119")],
)
def test_declared_amounts_are_in_units_of_the_currency(tmp_path, currency, minor, declared):
    tables = read_content("stripe", tmp_path, lines(charge(amount=minor, currency=currency)), "a.jsonl")

    assert only(tables["control_totals"])["declared_amount"] == Decimal(declared)
    assert only(tables["charges"])["amount_minor"] == minor


def test_decimals_of_currencies_are_those_of_the_seed():
    seed = Path(__file__).parents[2] / "seeds" / "currencies.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        differing = [
            row["currency"]
            for row in csv.DictReader(file)
            if exponent(row["currency"]) != int(row["stripe_exponent"])
        ]
    assert differing == []


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"amount": 119.9}, "amount", "out_of_range"),
        ({"amount": "119,90"}, "amount", "invalid_value"),
        ({"amount": None}, "amount", "missing_field"),
        ({"amount": 10**13}, "amount", "out_of_range"),
        ({"created": "2026-05-28"}, "created", "invalid_value"),
        ({"created": -5}, "created", "invalid_value"),
        ({"currency": "euro"}, "currency", "invalid_value"),
        ({"id": ""}, "id", "missing_field"),
        ({"captured": 1}, "captured", "invalid_value"),
        ({"customer": 7}, "customer", "invalid_value"),
        ({"billing_details": []}, "billing_details", "invalid_value"),
    ],
)
def test_a_broken_field_rejects_its_object_and_no_other(tmp_path, change, field, reason):
    content = json.dumps(page(charge("ch_1"), {**charge("ch_2"), **change}, charge("ch_3")))
    tables = read_content("stripe", tmp_path, content)

    assert [row["source_position"] for row in tables["charges"]] == [1, 3]
    reject = only(tables["rejects"])
    assert (reject["field"], reject["reason_code"], reject["stream"]) == (field, reason, "charges")
    assert_conserved("stripe", tables)


def test_an_invoice_whose_lines_are_no_list_is_rejected(tmp_path):
    tables = read_content("stripe", tmp_path, lines({**invoice(), "lines": {"data": {}}}), "a.jsonl")

    assert only(tables["rejects"])["field"] == "lines.data"
    assert tables["invoices"] == []
    assert_conserved("stripe", tables)


def test_an_object_of_another_type_is_a_reject(tmp_path):
    content = lines(charge(), {"object": "customer", "id": "cus_1"}, {"error": {"message": "no such key"}})
    tables = read_content("stripe", tmp_path, content, "a.jsonl")

    assert [(row["reason_code"], row["value"], row["stream"]) for row in tables["rejects"]] == [
        ("unexpected_record", "customer", "unknown"),
        ("unexpected_record", None, "unknown"),
    ]
    assert_conserved("stripe", tables)


def test_unknown_fields_are_kept_and_reported(tmp_path):
    tables = read_content("stripe", tmp_path, lines({**charge(), "surcharge": 5}), "a.jsonl")

    assert json.loads(only(tables["charges"])["extra_json"]) == {"surcharge": 5}
    drift = only(tables["schema_drift"])
    assert (drift["stream"], drift["field"], drift["example"]) == ("charges", "surcharge", "5")


def test_the_business_date_is_local(tmp_path):
    late = {**charge(), "created": CREATED + 2 * 3600}  # 22:26 UTC is 00:26 in Berlin
    assert only(read_content("stripe", tmp_path, lines(late), "a.jsonl")["control_totals"])[
        "business_date"
    ] == date(2026, 5, 29)
