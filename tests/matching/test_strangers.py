"""Files of strangers: how other people write numbers, dates and batches, and when the answer is to refuse."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from matching.command import match_files
from matching.marginals import marginals
from matching_cases import item, links, match


def run(tmp_path: Path, left: list[str], right: list[str]):
    """Match two CSV files given as lines; (pairs by status, left open rows, right open rows, outcome)."""
    for name, lines in (("left.csv", left), ("right.csv", right)):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    outcome = match_files(tmp_path / "left.csv", tmp_path / "right.csv", tmp_path / "out", echo=None)
    tables = {f.stem: pq.read_table(f).to_pylist() for f in outcome.files if f.suffix == ".parquet"}
    status = {m["match_id"]: m["status"] for m in tables["matches"]}
    pairs = {(a["left_id"], a["right_id"]): status[a["match_id"]] for a in tables["match_allocations"]}
    return pairs, tables["left_open"], tables["right_open"], outcome


def cents(rng: random.Random, low: int, high: int) -> Decimal:
    return Decimal(rng.randint(low * 100, high * 100)) / 100


def test_a_number_of_parts_is_found_as_people_write_it(tmp_path):
    rng = random.Random(3)
    left, right, truth = ["id,date,memo,amount"], ["invoice_no,issued,total"], set()
    writings = ("INV-2026-{:05d}", "inv 2026 {:05d}", "Inv {:04d}", "{:05d}", "INV2026{:05d}")
    for i in range(60):
        serial = 100 + 3 * i
        amount = cents(rng, 100, 5000)
        right.append(f"INV-2026-{serial:05d},2026-01-{1 + i % 28:02d},{amount}")
        paid = (amount * Decimal("0.6")).quantize(Decimal("0.01"))
        left.append(
            f"P{i},2026-02-{1 + i % 28:02d},part of {writings[i % len(writings)].format(serial)},{paid}"
        )
        truth.add((f"P{i}", f"INV-2026-{serial:05d}"))
    pairs, *_ = run(tmp_path, left, right)
    assert set(pairs) == truth


def test_an_order_and_an_invoice_with_the_same_serial_number_are_strangers():
    result = match(
        item("left", "a", "500.00", reference_keys=["SO-2025-00138"]),
        item("right", "b", "731.00", reference_keys=["INV-2026-00138"]),
    )
    assert links(result) == set()


def test_a_batch_of_many_rows_under_one_key_is_one_match(tmp_path):
    rng = random.Random(4)
    left, right, truth = ["payout_id,arrived,amount"], ["id,created,net,payout"], set()
    for p in range(30):
        payout, total = f"po_{p}Kq{rng.randint(0, 9)}zR", Decimal(0)
        for k in range(rng.randint(4, 20)):
            net = cents(rng, 5, 300)
            total += net
            right.append(f"ch_{p}x{k},2026-03-{1 + p % 28:02d},{net},{payout}")
            truth.add((payout, f"ch_{p}x{k}"))
        left.append(f"{payout},2026-03-{1 + p % 28:02d},{total}")
    pairs, *_ = run(tmp_path, left, right)
    assert set(pairs) == truth and set(pairs.values()) == {"auto"}


def test_a_document_paid_twice_is_not_a_batch():
    result = match(
        item("left", "a", "100.13", reference_text="INV-7001"),
        item("right", "b", "100.13", reference_text="INV-7001"),
        item("right", "c", "100.13", reference_text="INV-7001"),
    )
    assert links(result, "auto") == set()


def test_dates_of_two_digit_years_and_sums_of_days_less_fees(tmp_path):
    rng = random.Random(5)
    start = date(2026, 3, 1)
    left, right, truth = ["Buchung;Text;Betrag"], ["Order,Paid at,Total,Transaction Fee"], set()
    for d in range(40):
        day, net = start + timedelta(d), Decimal(0)
        for k in range(rng.randint(3, 9)):
            gross = cents(rng, 5, 300)
            fee = (gross * Decimal("0.015")).quantize(Decimal("0.01")) + Decimal("0.25")
            net += gross - fee
            right.append(f"#{10000 + 20 * d + k},{day:%d.%m.%Y},{gross},{fee}")
            truth.add((str(len(left)), f"#{10000 + 20 * d + k}"))
        left.append(f"{day + timedelta(2):%d.%m.%y};PAYOUT;{str(net).replace('.', ',')}")
        if d % 4 == 0:
            left.append(f"{day:%d.%m.%y};Rent;-{str(cents(rng, 20, 900)).replace('.', ',')}")
    pairs, *_, outcome = run(tmp_path, left, right)
    assert outcome.match.left.date == "Buchung"
    assert set(pairs) == truth


def test_one_accidental_amount_does_not_turn_the_sign_of_a_file():
    rng = random.Random(6)
    rows = []
    for d in range(20):
        parts = [cents(rng, 5, 300) for _ in range(4)]
        day = date(2026, 3, 1) + timedelta(d)
        rows += [item("right", f"r{d}.{k}", str(x), day.isoformat()) for k, x in enumerate(parts)]
        rows.append(item("left", f"l{d}", str(sum(parts)), (day + timedelta(1)).isoformat()))
    rows.append(item("left", "fee", f"-{rows[0]['amount']}", "2026-03-20"))
    assert links(match(*rows)) >= {(f"l{d}", f"r{d}.{k}") for d in range(20) for k in range(4)}


def test_equal_heaps_of_one_day_prove_nothing():
    rng = random.Random(7)
    days = [(date(2026, 1, 1) + timedelta(rng.randrange(90))).isoformat() for _ in range(200)]
    rows = [item("left" if i % 2 else "right", f"{i}", "9.99", day) for i, day in enumerate(days)]
    assert links(match(*rows), "auto") == set()


def test_sums_of_unrelated_files_are_at_most_suggested():
    for seed in range(4):
        rng = random.Random(seed)
        rows = [
            item(
                side,
                f"{side}{i}",
                str(cents(rng, 10, 2000)),
                (date(2026, 1, 1) + timedelta(rng.randrange(100))).isoformat(),
            )
            for side in ("left", "right")
            for i in range(300)
        ]
        result = match(*rows)
        grouped = [m for m in result.matches.to_pylist() if m["shape"] not in ("1:1", "offset")]
        assert [m for m in grouped if m["status"] == "auto"] == []


def test_files_without_dates_are_searched_too(tmp_path):
    pairs, *_ = run(tmp_path, ["id,amount", "P,500"], ["id,amount", "A,100", "B,200", "C,300"])
    assert set(pairs) == {("P", "B"), ("P", "C")}


def test_a_file_with_a_header_only_leaves_everything_open(tmp_path):
    full, empty = ["id,date,amount", "A,2026-01-02,10.00", "B,2026-01-03,-4.50"], ["id,date,amount"]
    pairs, left_open, right_open, outcome = run(tmp_path, full, empty)
    assert pairs == {} and right_open == []
    assert [(row["left_id"], row["open_amount"]) for row in left_open] == [
        ("A", Decimal("10.00")),
        ("B", Decimal("-4.50")),
    ]
    assert "no rows" in outcome.summary
    assert len(run(tmp_path, empty, full)[2]) == 2


def test_whole_amounts_that_lie_close_meet_by_accident(tmp_path):
    for seed in range(5):
        rng = random.Random(seed)
        files = []
        for _ in range(2):
            days = [date(2026, 1, 5) + timedelta(rng.randrange(120)) for _ in range(200)]
            files.append(["id,date,amount", *(f"{i},{d},{rng.randint(1, 500)}" for i, d in enumerate(days))])
        pairs, *_ = run(tmp_path, *files)
        assert "auto" not in pairs.values()


def test_headers_with_accents_and_of_other_languages(tmp_path):
    left = ["Buchungstag;Text;Soll;Haben;Währung", "05.01.2026;a;12,50;;EUR", "07.01.2026;b;;1.300,10;EUR"]
    right = ["Numéro;Échéance;Débit;Crédit;Devise", "F1;2026-01-05;12,50;;EUR", "F2;2026-01-07;;1300,10;EUR"]
    pairs, *_, outcome = run(tmp_path, left, right)
    assert outcome.match.left.currency == "Währung" and outcome.match.right.debit == "Débit"
    assert set(pairs) == {("1", "F1"), ("2", "F2")}


def test_a_batch_less_an_unknown_fee_is_found_by_its_key(tmp_path):
    rng = random.Random(8)
    left, right, truth = ["settlement_reference,paid_on,deposit"], ["sale_id,batch,sold_at,gross"], set()
    for b in range(40):
        total = Decimal(0)
        for k in range(rng.randint(2, 9)):
            gross = cents(rng, 5, 200)
            total += gross
            right.append(f"s{b}x{k},B{3000 + b},2026-03-{1 + b % 28:02d},{gross}")
            truth.add((f"B{3000 + b}", f"s{b}x{k}"))
        fee = (total * Decimal("0.027")).quantize(Decimal("0.01"))
        left.append(f"B{3000 + b},2026-03-{1 + b % 28:02d},{total - fee}")
    pairs, *_ = run(tmp_path, left, right)
    # Some part of a batch may add up to its net by accident; strangers never come in.
    assert set(pairs) <= truth and len(pairs) >= 0.97 * len(truth)


def test_two_groups_far_above_doubt_are_still_told_apart():
    members = (np.array([0, 3, 6]), np.array([0, 1, 2, 0, 1, 3]))
    probability = marginals(members, np.array([60.0, 45.0]), 4)
    assert probability[0] > 0.999 and probability[1] < 0.001
