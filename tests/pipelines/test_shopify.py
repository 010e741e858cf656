"""Shopify orders: what becomes which row, and what becomes a reject."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from reading import assert_conserved, read_content, read_contents
from shopify_payloads import order, refunded_order

from pipelines.kinds import kind_spec


def lines(*orders):
    return "\n".join(json.dumps(each) for each in orders)


def only(rows):
    (row,) = rows
    return row


def test_an_order_becomes_typed_rows_in_every_table(tmp_path):
    tables = read_content("shopify", tmp_path, lines(refunded_order(1002)), "a.jsonl")

    row = only(tables["orders"])
    assert row["order_id"] == "5000000001002"
    assert row["total_price"] == Decimal("119.9000")
    assert row["total_shipping"] == Decimal("4.9000")
    assert row["created_at"] == datetime(2026, 5, 3, 21, 30, tzinfo=UTC)
    assert row["customer_name"] == "Ada Lovelace"
    assert row["payment_gateway"] == "shopify_payments"
    assert row["taxes_included"] is True
    assert row["cancelled_at"] is None and row["extra_json"] is None
    assert [(each["line_index"], each["price"]) for each in tables["order_lines"]] == [(1, 60), (2, 30)]
    discount = only(tables["order_discounts"])
    assert (discount["target_id"], discount["amount"], discount["code"]) == (
        tables["order_lines"][0]["order_line_id"],
        5,
        "SPRING5",
    )
    assert {(each["target_type"], each["amount"]) for each in tables["order_tax_lines"]} == {
        ("line", Decimal("8.78")),
        ("line", Decimal("9.58")),
        ("shipping", Decimal("0.78")),
    }
    assert only(tables["order_shipping_lines"])["discounted_price"] == Decimal("4.90")
    refund = only(tables["refunds"])
    assert refund["refund_id"] == "77"
    line = only(tables["refund_lines"])
    assert (line["refund_id"], line["subtotal"], line["total_tax"]) == ("77", 30, Decimal("4.79"))
    assert only(tables["refund_adjustments"])["amount"] == -2
    transaction = only(tables["refund_transactions"])
    assert (transaction["kind"], transaction["amount"], transaction["authorization"]) == (
        "refund",
        32,
        "re_3Nabc",
    )
    assert_conserved("shopify", tables)


def test_batches_have_exactly_the_promised_schemas(tmp_path):
    spec = kind_spec("shopify")
    path = tmp_path / "a.jsonl"
    path.write_text(lines(order(), refunded_order()))
    from reading import instance

    from pipelines.landing import landing_file

    for batch in spec.read(landing_file(tmp_path, path, instance("shopify")), instance("shopify")):
        assert batch.rows.schema == spec.all_tables[batch.table], batch.table


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.json", json.dumps({"orders": [order(1), order(2)]})),
        ("page_pretty.json", json.dumps({"orders": [order(1), order(2)]}, indent=2)),
        ("array.json", json.dumps([order(1), order(2)], indent=1)),
        ("array_by_line.json", "[\n" + json.dumps(order(1)) + ",\n" + json.dumps(order(2)) + "\n]\n"),
        ("lines.jsonl", lines(order(1), order(2))),
        ("lines_with_blanks.jsonl", "\n" + lines(order(1)) + "\r\n\r\n" + lines(order(2)) + "\n"),
        ("lines_named_json.json", lines(order(1), order(2))),
        ("pages.jsonl", json.dumps({"orders": [order(1)]}) + "\n" + json.dumps({"orders": [order(2)]})),
        ("zipped.jsonl.gz", lines(order(1), order(2))),
        ("with_bom.json", "\ufeff" + json.dumps({"orders": [order(1), order(2)]})),
        ("answers.jsonl", json.dumps({"order": order(1)}) + "\n" + json.dumps({"order": order(2)})),
    ],
)
def test_every_layout_gives_the_same_records(tmp_path, name, content):
    tables = read_content("shopify", tmp_path, content, name)

    assert [row["source_position"] for row in tables["orders"]] == [1, 2]
    assert [row["order_name"] for row in tables["orders"]] == ["#1", "#2"]
    expected = read_content("shopify", tmp_path, lines(order(1), order(2)), "plain.jsonl")
    assert [row["record_hash"] for row in tables["orders"]] == [
        row["record_hash"] for row in expected["orders"]
    ]
    assert tables["rejects"] == []
    assert_conserved("shopify", tables)


def broken(change):
    result = order(1003)
    change(result)
    return result


@pytest.mark.parametrize(
    ("change", "field", "value", "reason"),
    [
        (lambda o: o.update(total_price="12,50"), "total_price", "12,50", "invalid_value"),
        (lambda o: o.update(total_price="12.34567"), "total_price", "12.34567", "out_of_range"),
        (lambda o: o.update(total_price="123456789012.00"), "total_price", "123456789012.00", "out_of_range"),
        (lambda o: o.update(total_price=None), "total_price", None, "missing_field"),
        (lambda o: o.update(total_price={"amount": "1"}), "total_price", '{"amount":"1"}', "invalid_value"),
        (lambda o: o.pop("currency"), "currency", None, "missing_field"),
        (lambda o: o.update(currency="EURO"), "currency", "EURO", "invalid_value"),
        (lambda o: o.update(created_at="2026-05-03"), "created_at", "2026-05-03", "invalid_value"),
        (
            lambda o: o.update(created_at="2026-05-03T10:00:00"),  # no offset: could be two dates
            "created_at",
            "2026-05-03T10:00:00",
            "invalid_value",
        ),
        (
            lambda o: o.update(created_at="2026-02-30T10:00:00Z"),
            "created_at",
            "2026-02-30T10:00:00Z",
            "invalid_value",
        ),
        (lambda o: o.update(id="gid"), "id", "gid", "invalid_value"),
        (lambda o: o.update(taxes_included="yes"), "taxes_included", "yes", "invalid_value"),
        (lambda o: o["line_items"][1].update(price="abc"), "line_items[1].price", "abc", "invalid_value"),
        (lambda o: o["line_items"][0].pop("quantity"), "line_items[0].quantity", None, "missing_field"),
        (
            lambda o: o["line_items"][0]["tax_lines"][0].update(price="0.123456"),
            "line_items[0].tax_lines[0].price",
            "0.123456",
            "out_of_range",
        ),
        (lambda o: o.update(line_items={"0": {}}), "line_items", "object", "invalid_value"),
        (lambda o: o.pop("line_items"), "line_items", "null", "missing_field"),
        (lambda o: o.update(line_items=[None]), "line_items[0].id", None, "missing_field"),
        (
            lambda o: o["line_items"][1].update(tax_lines="none"),
            "line_items[1].tax_lines",
            "varchar",
            "invalid_value",
        ),
        (lambda o: o.update(customer="Ada"), "customer", "varchar", "invalid_value"),
    ],
)
def test_a_broken_field_rejects_its_order_and_no_other(tmp_path, change, field, value, reason):
    tables = read_content("shopify", tmp_path, lines(order(1), broken(change), order(2)), "a.jsonl")

    assert [row["order_name"] for row in tables["orders"]] == ["#1", "#2"]
    for name in ("order_lines", "order_tax_lines", "order_discounts", "order_shipping_lines"):
        assert {row["source_position"] for row in tables[name]} == {1, 3}
    reject = only(tables["rejects"])
    assert (reject["field"], reject["value"], reject["reason_code"]) == (field, value, reason)
    assert reject["source_position"] == 2
    assert reject["stream"] == "orders"
    assert json.loads(reject["payload"])["name"] == "#1003"
    assert field in reject["message"] and reject["expected"] in reject["message"]
    assert_conserved("shopify", tables)


def test_a_reject_keeps_the_money_that_can_still_be_read(tmp_path):
    tables = read_content("shopify", tmp_path, lines(broken(lambda o: o.update(id=None))), "a.jsonl")

    reject = only(tables["rejects"])
    assert (reject["currency"], reject["business_date"], reject["amount"]) == (
        "EUR",
        date(2026, 5, 3),
        Decimal("119.90"),
    )


def test_several_broken_fields_are_one_reject(tmp_path):
    def change(o):
        o.update(total_price="x", created_at="y")
        o["line_items"][0]["price"] = "z"

    assert only(read_content("shopify", tmp_path, lines(broken(change)), "a.jsonl")["rejects"])


def test_a_malformed_line_is_a_reject_with_its_position_and_text(tmp_path):
    content = lines(order(1)) + '\n{"id": 5, "total_price": \n' + lines(order(2))
    tables = read_content("shopify", tmp_path, content, "a.jsonl")

    reject = only(tables["rejects"])
    assert (reject["source_position"], reject["reason_code"]) == (2, "malformed_record")
    assert reject["payload"] == '{"id": 5, "total_price":'
    assert (reject["currency"], reject["business_date"], reject["amount"]) == ("XXX", None, 0)
    assert [row["source_position"] for row in tables["orders"]] == [1, 3]
    assert_conserved("shopify", tables)


def test_a_line_that_is_not_utf8_is_rejected_and_not_repaired(tmp_path):
    bad = lines(order(2)).encode().replace(b"Ada", b"Ad\xe4")
    content = lines(order(1)).encode() + b"\n" + bad + b"\n" + lines(order(3)).encode()
    tables = read_content("shopify", tmp_path, content, "a.jsonl")

    assert [row["order_name"] for row in tables["orders"]] == ["#1", "#3"]
    assert only(tables["rejects"])["reason_code"] == "malformed_record"
    assert_conserved("shopify", tables)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("truncated.json", json.dumps({"orders": [order(1), order(2)]})[:-200].encode()),
        ("empty.json", b""),
        ("page.html", b"<html><body>Sign in</body></html>"),
        ("utf16.json", json.dumps({"orders": []}).encode("utf-16")),
        ("binary.json", b"{" + bytes(range(256))),
    ],
)
def test_a_file_that_cannot_be_read_is_one_reject(tmp_path, name, content):
    tables = read_content("shopify", tmp_path, content, name)

    reject = only(tables["rejects"])
    assert (reject["reason_code"], reject["source_position"]) == ("unreadable_file", 0)
    assert reject["message"].startswith(name)
    assert only(tables["files"])["status"] == "rejected"
    assert tables["orders"] == []
    assert_conserved("shopify", tables)


def test_a_truncated_gzip_lands_nothing_of_its_first_half(tmp_path):
    import gzip

    cut = gzip.compress(lines(*[order(number) for number in range(200)]).encode())[:-100]
    path_content = {"a.jsonl": lines(order(1)), "cut.jsonl": cut}
    tables = read_contents("shopify", tmp_path, path_content)

    assert [row["order_name"] for row in tables["orders"]] == ["#1"]
    assert only(tables["rejects"])["source_file"] == "cut.jsonl"
    assert_conserved("shopify", tables)


def test_positions_are_counted_per_file_when_files_are_read_together(tmp_path):
    tables = read_contents(
        "shopify",
        tmp_path,
        {
            "a.jsonl": lines(order(1), order(2)),
            "b.json": json.dumps({"orders": []}),
            "c.json": "{ broken",
            "d.jsonl": '{"id": \n' + lines(order(3)),
        },
    )

    found = [(row["source_file"], row["source_position"], row["order_name"]) for row in tables["orders"]]
    assert found == [("a.jsonl", 1, "#1"), ("a.jsonl", 2, "#2"), ("d.jsonl", 2, "#3")]
    assert {(row["source_file"], row["source_position"]) for row in tables["rejects"]} == {
        ("c.json", 0),
        ("d.jsonl", 1),
    }
    assert {row["source_file"]: row["record_count"] for row in tables["files"]} == {
        "a.jsonl": 2,
        "b.json": 0,
        "c.json": 1,
        "d.jsonl": 2,
    }
    assert_conserved("shopify", tables)


def test_chunks_and_slices_do_not_change_the_result(tmp_path, monkeypatch):
    content = lines(*[order(number) for number in range(1, 41)], broken(lambda o: o.update(id="x")))
    whole = read_content("shopify", tmp_path, content, "a.jsonl")
    monkeypatch.setattr("pipelines.json_documents.CHUNK_BYTES", 10_000)
    monkeypatch.setattr("pipelines.json_records.CHUNK_BYTES", 10_000)
    monkeypatch.setattr("pipelines.json_records.SLICE", 3)
    sliced = read_content("shopify", tmp_path, content, "a.jsonl")
    assert {name: sorted(map(str, rows)) for name, rows in sliced.items()} == {
        name: sorted(map(str, rows)) for name, rows in whole.items()
    }


def test_a_line_longer_than_a_document_may_be_is_rejected_and_the_next_one_read(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.json_documents.CHUNK_BYTES", 1_000)
    monkeypatch.setattr("pipelines.json_documents.MAX_DOCUMENT_BYTES", 20_000)
    long = order(2)
    long["note"] = "x" * 30_000
    tables = read_content("shopify", tmp_path, lines(order(1), long, order(3)), "a.jsonl")

    assert [row["order_name"] for row in tables["orders"]] == ["#1", "#3"]
    assert only(tables["rejects"])["source_position"] == 2
    assert_conserved("shopify", tables)


def test_unknown_fields_are_kept_and_reported(tmp_path):
    new = order(1)
    new["loyalty/points"] = {"earned": 12}
    new["line_items"][1]["eco_fee"] = "1.00"
    tables = read_content("shopify", tmp_path, lines(new, order(2)), "a.jsonl")

    rows = sorted(tables["orders"], key=lambda row: row["source_position"])
    assert json.loads(rows[0]["extra_json"]) == {
        "loyalty/points": {"earned": 12},
        "line_items": [{"eco_fee": "1.00", "id": new["line_items"][1]["id"]}],
    }
    assert rows[1]["extra_json"] is None
    assert [(row["field"], row["example"], row["occurrences"]) for row in tables["schema_drift"]] == [
        ("line_items[].eco_fee", '"1.00"', 1),
        ("loyalty/points", '{"earned":12}', 1),
    ]
    assert tables["rejects"] == []


def test_the_business_date_is_local(tmp_path):
    late = order(1, created_at="2026-06-30T23:30:00-04:00")  # 05:30 on 1 July in Berlin
    tables = read_content("shopify", tmp_path, lines(late), "a.jsonl")

    assert only(tables["control_totals"])["business_date"] == date(2026, 7, 1)


def test_numbers_are_read_exactly_like_their_text(tmp_path):
    numeric = order(1)
    numeric["total_price"] = 98765432109.1234
    numeric["line_items"][0]["price"] = 0.1
    tables = read_content("shopify", tmp_path, lines(numeric), "a.jsonl")

    assert only(tables["orders"])["total_price"] == Decimal("98765432109.1234")
    assert tables["order_lines"][0]["price"] == Decimal("0.1000")
    assert_conserved("shopify", tables)
