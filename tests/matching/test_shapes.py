"""The shapes of a match: which money belongs to which documents, in the smallest cases that show it."""

from __future__ import annotations

from decimal import Decimal

from matching.result import allocate
from matching_cases import item, links, match


def open_amounts(result) -> dict[str, Decimal]:
    return {p["item_id"]: p["open_amount"] for p in result.positions.to_pylist() if p["open_amount"]}


def test_a_receipt_of_500_pays_the_invoices_200_and_300_and_leaves_100_open():
    result = match(
        item("left", "receipt", "500", party_name="Acme GmbH"),
        item("right", "i100", "100", "2026-05-01", party_name="ACME"),
        item("right", "i200", "200", "2026-05-01", party_name="ACME"),
        item("right", "i300", "300", "2026-05-01", party_name="ACME"),
    )
    assert links(result) == {("receipt", "i200"), ("receipt", "i300")}
    assert open_amounts(result) == {"i100": Decimal(100)}


def test_a_remittance_list_beats_other_invoices_of_the_same_amount():
    result = match(
        item("left", "receipt", "300.50", reference_text="RE-10001, RE-10002"),
        item("right", "a", "100.25", "2026-05-01", reference_keys=["RE-10001"]),
        item("right", "b", "200.25", "2026-05-01", reference_keys=["RE-10002"]),
        item("right", "c", "100.25", "2026-05-01", reference_keys=["RE-10003"]),
    )
    assert links(result, "auto") == {("receipt", "a"), ("receipt", "b")}
    assert open_amounts(result) == {"c": Decimal("100.25")}


def test_a_short_payment_with_reference_leaves_the_rest_of_the_invoice_open():
    result = match(
        item("left", "receipt", "400", reference_text="RE-10001"),
        item("right", "invoice", "1000", "2026-05-01", reference_keys=["RE-10001"]),
    )
    row = result.matches.to_pylist()[0]
    assert row["difference_reason"] == "partial_payment"
    assert row["right_open_amount"] == Decimal(600)
    assert open_amounts(result) == {"invoice": Decimal(600)}


def test_two_payments_of_one_invoice_are_one_match():
    result = match(
        item("left", "first", "400", "2026-05-10", reference_text="RE-10001"),
        item("left", "second", "600", "2026-05-20", reference_text="RE-10001 rest"),
        item("right", "invoice", "1000", "2026-05-01", reference_keys=["RE-10001"]),
    )
    assert result.matches.num_rows == 1
    assert links(result, "auto") == {("first", "invoice"), ("second", "invoice")}


def test_a_bank_and_a_ledger_of_opposite_signs_still_agree():
    result = match(
        item("left", "b1", "120.10"),
        item("left", "b2", "-33.07"),
        item("right", "l1", "-120.10"),
        item("right", "l2", "33.07"),
    )
    assert links(result) == {("b1", "l1"), ("b2", "l2")}


def test_two_equal_invoices_and_one_payment_are_never_decided_alone():
    result = match(
        item("left", "receipt", "100.00", party_name="Acme"),
        item("right", "a", "100.00", "2026-05-01", party_name="Acme"),
        item("right", "b", "100.00", "2026-05-01", party_name="Acme"),
    )
    assert links(result, "auto") == set()


def test_a_line_is_spent_once_over_all_reconciliations():
    line = {"item_type": "bank_transaction", "reference_text": "PO-12345 RE-77777"}
    result = match(
        item(
            "left",
            "payout",
            "50.00",
            reconciliation="payout_to_bank",
            item_type="payout",
            reference_keys=["PO-12345"],
        ),
        item("right", "line", "50.00", reconciliation="payout_to_bank", **line),
        item("left", "line", "50.00", reconciliation="bank_to_documents", **line),
        item(
            "right",
            "invoice",
            "50.00",
            reconciliation="bank_to_documents",
            item_type="invoice",
            reference_keys=["RE-77777"],
        ),
    )
    assert result.matches.num_rows == 1


def test_the_same_receipt_without_any_party_is_still_explained_by_the_only_sum_that_fits():
    result = match(
        item("left", "receipt", "500"),
        item("right", "i100", "100", "2026-05-01"),
        item("right", "i200", "200", "2026-05-01"),
        item("right", "i300", "300", "2026-05-01"),
    )
    assert links(result) == {("receipt", "i200"), ("receipt", "i300")}


def test_amounts_that_add_up_in_two_ways_are_never_decided_alone():
    result = match(
        item("left", "receipt", "500", party_name="Acme"),
        *(item("right", f"i{n}", str(n), "2026-05-01", party_name="Acme") for n in (100, 200, 300, 400)),
    )
    assert links(result, "auto") == set()


def test_rows_with_nothing_in_common_are_refused():
    result = match(
        item("left", "a", "512.33", "2026-05-10", reference_text="Miller"),
        item("right", "b", "512.33", "2025-01-01", reference_text="Zebra"),
    )
    assert links(result) == set()


def test_swapped_digits_are_suggested_with_their_reason_and_the_difference_stays_open():
    result = match(
        item("left", "b", "1254.00", reference_text="CHECK 10012"),
        item("right", "g", "1245.00", "2026-05-09", reference_text="Check 10012"),
    )
    row = result.matches.to_pylist()[0]
    assert (row["status"], row["difference_reason"], row["left_open_amount"]) == (
        "suggested",
        "transposed_digits",
        Decimal(9),
    )


def test_the_second_part_of_a_payment_needs_no_words_when_it_is_exactly_the_rest():
    result = match(
        item("left", "first", "613.27", "2026-05-10", reference_text="RE-10001"),
        item("left", "second", "386.73", "2026-05-20"),
        item("left", "other", "386.73", "2026-05-20", party_name="Zebra AG"),
        item("right", "invoice", "1000", "2026-05-01", party_name="Acme GmbH", reference_keys=["RE-10001"]),
    )
    assert links(result) == {("first", "invoice"), ("second", "invoice")}


def test_two_near_amounts_alone_are_no_match():
    result = match(item("left", "a", "100.00"), item("right", "b", "103.77"))
    assert links(result) == set()


def test_a_netted_credit_note_runs_against_its_match_and_every_row_adds_up():
    result = match(
        item("left", "paid", "150.00", reference_text="INV-7001 CN-9001"),
        item("right", "invoice", "200.00", "2026-05-01", reference_keys=["INV-7001"]),
        item("right", "credit", "-50.00", "2026-05-02", reference_keys=["CN-9001"]),
    )
    allocated = {a["right_id"]: a["allocated_amount"] for a in result.allocations.to_pylist()}
    assert allocated == {"invoice": Decimal(200), "credit": Decimal(-50)}
    assert open_amounts(result) == {}


def test_ten_thousand_equal_amounts_on_one_day_end_undecided_and_say_so():
    rows = [item(side, f"{side}{i}", "100.00") for side in ("left", "right") for i in range(5_000)]
    result = match(*rows)
    assert links(result, "auto") == set()
    assert "block_undecided" in result.notes.column("code").to_pylist()


def test_within_a_group_equal_amounts_belong_to_each_other():
    found, left, right = allocate([5990, 2000, 3990], [3990, 1500, 5990])
    assert found[:2] == [(0, 2, 5990), (2, 0, 3990)]
    assert found[2:] == [(1, 1, 1500)] and left == [0, 500, 0] and right == [0, 0, 0]


def batches(second_sale: str = "2026-03-03", **payouts: str):
    """Two days of sales with one sum, and one payment for each."""
    sales = ["-99.00", "19.11", "47.28", "95.83"]
    days = {"a": "2026-03-02", "b": second_sale}
    rows = [
        item("left", f"{day}{k}", amount, date)
        for day, date in days.items()
        for k, amount in enumerate(sales)
    ]
    usual = [
        row
        for k in range(14)
        for row in (
            item("left", f"u{k}", f"{20 + k}.{10 + k}", f"2026-02-{k + 1:02d}"),
            item("left", f"v{k}", f"{31 + k}.{20 + k}", f"2026-02-{k + 1:02d}"),
            item("right", f"w{k}", f"{51 + 2 * k}.{30 + 2 * k}", f"2026-02-{k + 3:02d}"),
        )
    ]
    return match(*rows, *usual, *(item("right", name, "63.22", date) for name, date in payouts.items()))


def test_two_batches_of_one_sum_may_be_crossed_and_are_left_to_a_person():
    result = batches(p="2026-03-04", q="2026-03-05")
    status = {row["match_id"]: row["status"] for row in result.matches.to_pylist() if row["left_count"] == 4}
    assert len(status) == 2 and set(status.values()) == {"suggested"}


def test_a_payment_made_twice_does_not_take_the_documents_from_the_first_for_sure():
    bills = [item("right", f"b{k}", amount, f"2026-04-{10 + k}", party_name="Pied Piper") for k, amount in enumerate(["74.78", "545.14", "479.79", "81.41"])]  # fmt: skip
    money = [item("left", name, "1181.12", date, party_name="Pied Piper") for name, date in (("first", "2026-05-05"), ("again", "2026-05-06"))]  # fmt: skip
    result = match(*bills, *money)
    assert {row["status"] for row in result.matches.to_pylist()} <= {"suggested"}


def test_equal_amounts_of_one_contract_pair_off_by_date_and_form_no_group():
    result = match(
        *(item("right", f"f{month}", amount, f"2026-0{month}-05", reference_keys=["59317865"]) for month, amount in ((3, "59.90"), (4, "59.90"), (5, "39.90"))),
        *(item("left", f"z{month}", amount, f"2026-0{month}-1{month}", reference_text="Vertrag 59317865") for month, amount in ((3, "59.90"), (4, "59.90"), (5, "39.90"))),
    )  # fmt: skip
    assert links(result) == {("z3", "f3"), ("z4", "f4"), ("z5", "f5")}
