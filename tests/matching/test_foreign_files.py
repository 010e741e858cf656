"""Files of other countries and products: what no name of a column tells, their values do."""

from decimal import Decimal

import pyarrow as pa
import pytest
from matching.result import spread
from matching.tables import match_tables


def table(header: str, *rows: str) -> pa.Table:
    names = [name.strip() for name in header.split(";")]
    cells = [[cell.strip() or None for cell in row.split(";")] for row in rows]
    return pa.table({name: pa.array([row[k] for row in cells], pa.string()) for k, name in enumerate(names)})


def links(matched) -> set[tuple[str, str]]:
    rows = matched.result.allocations.to_pylist()
    return {(row["left_id"], row["right_id"]) for row in rows}


def euros(cents: int, mark: str = ".") -> str:
    return f"{cents // 100}{mark}{cents % 100:02d}"


def test_direction_in_the_words_of_another_country_signs_the_amounts():
    bank = table(
        "Datum;Af Bij;Bedrag",
        *(
            f"2026-03-{k + 1:02d};{'Af' if k % 2 else 'Bij'};{euros(10_010 + 517 * k, ',')}"
            for k in range(12)
        ),
    )
    book = table(
        "No;Day;Amount",
        *(f"J{k};2026-03-{k + 1:02d};{'-' if k % 2 else ''}{euros(10_010 + 517 * k)}" for k in range(12)),
    )
    matched = match_tables(bank, book)
    assert matched.left.direction == "Af Bij"
    assert links(matched) == {(str(k + 1), f"J{k}") for k in range(12)}


def test_amounts_with_narrow_spaces_and_parentheses_are_read():
    bank = table("Date;Montant", *(f"{k + 1:02d}/03/2026;(1\u202f{200 + k},50)" for k in range(10)))
    book = table("Date;Montant", *(f"{k + 1:02d}/03/2026;-1\u00a0{200 + k},50" for k in range(10)))
    matched = match_tables(bank, book)
    assert matched.result.matches.column("left_amount").to_pylist().count(Decimal("-1200.5000")) == 1
    assert matched.result.matches.num_rows == 10


@pytest.mark.parametrize("label", ["Summe", "", "Grand total:", "Endsaldo"])
def test_a_total_line_is_no_open_item(label):
    rows = [f"R{k};Kunde {k};2026-03-{k + 1:02d};{euros(10_010 + 517 * k)}" for k in range(9)]
    total = sum(10_010 + 517 * k for k in range(9))
    left = table("No;Name;Date;Amount", *rows, f"{label};;;{euros(total)}")
    right = table("No;Name;Date;Amount", *(row.replace("R", "P") for row in rows[:7]))
    matched = match_tables(left, right)
    open_rows = [row for row in matched.result.positions.to_pylist() if row["side"] == "left"]
    assert matched.result.matches.num_rows == 7
    assert (
        len(open_rows) == 10
        and sum(row["open_amount"] for row in open_rows) == Decimal(10_010 * 2 + 517 * 15) / 100
    )
    assert any("total" in remark for remark in matched.remarks)


def test_an_undated_row_of_its_own_amount_stays_open():
    rows = [f"R{k};Total SA;2026-03-{k + 1:02d};{euros(10_010 + 517 * k)}" for k in range(9)]
    left = table("No;Name;Date;Amount", *rows, "R9;Total Energies;;812.44")
    matched = match_tables(left, table("No;Name;Date;Amount", *(row.replace("R", "P") for row in rows)))
    assert matched.result.positions.to_pylist()[9]["open_amount"] == Decimal("812.44")


def test_a_party_is_told_by_its_values_and_joins_the_invoices_of_one_payment():
    names = [
        "Orla Fabrik",
        "Brand und Sohn",
        "Cobalt",
        "Dahlem Bau",
        "Elbwerft",
        "Fuhrpark West",
        "Gartow",
        "Hansa Glas",
    ]
    invoices, payments, wanted = [], [], set()
    for k, name in enumerate(names):
        first, second = 12_345 + 7_919 * k, 23_456 + 6_007 * k
        invoices += [
            f"2026-01-{k + 2:02d};{name};{euros(first)};A{k}",
            f"2026-01-{k + 9:02d};{name};{euros(second)};B{k}",
        ]
        payments.append(f"2026-02-{k + 10:02d};{name.upper()};{euros(first + second)};P{k}")
        wanted |= {(f"P{k}", f"A{k}"), (f"P{k}", f"B{k}")}
    matched = match_tables(
        table("Data;Spalte X;Kwota;Id", *payments), table("Data;Spalte Y;Kwota;Id", *invoices)
    )
    assert (matched.left.party, matched.right.party) == ("Spalte X", "Spalte Y")
    assert links(matched) == wanted


def test_numbers_whose_year_comes_last_are_found_by_the_number_alone():
    right = table(
        "Nr;Data;Kwota",
        *(f"FV/{3501 + k}/2026;2026-04-{k + 1:02d};{euros(50_000 + 100 * (k // 2))}" for k in range(8)),
    )
    left = table(
        "Id;Data;Tytul;Kwota",
        *(f"P{k};2026-05-{k + 1:02d};zaplata {3501 + k};{euros(50_000 + 100 * (k // 2))}" for k in range(8)),
    )
    assert links(match_tables(left, right)) == {(f"P{k}", f"FV/{3501 + k}/2026") for k in range(8)}


def test_a_foreign_card_payment_is_found_by_its_original_amount():
    left = table(
        "Tag;Haendler;Betrag EUR;Originalbetrag;Originalwaehrung",
        *(
            f"2026-05-{k + 2:02d};Laden {k};-{euros(9_100 + 811 * k)};{euros(10_000 + 877 * k)};USD"
            for k in range(9)
        ),
        *(f"2026-05-{k + 2:02d};Laden {k};-{euros(4_000 + 311 * k)};;" for k in range(9, 18)),
    )
    right = table(
        "Beleg;Tag;Betrag;Waehrung",
        *(f"K{k};2026-05-{k + 1:02d};{euros(10_000 + 877 * k)};USD" for k in range(9)),
        *(f"K{k};2026-05-{k + 1:02d};{euros(4_000 + 311 * k)};EUR" for k in range(9, 18)),
    )
    matched = match_tables(left, right)
    assert matched.left.amount == "Betrag EUR"
    assert links(matched) == {(str(k + 1), f"K{k}") for k in range(18)}


def sales(days: int, share: float, each: int):
    """Sales of each day, and what an acquirer pays for them two days later, less its fee."""
    rows, paid, number = [], [], 0
    for day in range(days):
        gross = [1_000 + (day * 7_919 + k * 4_241) % 9_973 for k in range(3 + day % 4)]
        for cents in gross:
            rows.append(f"S{number};2026-03-{day + 1:02d};{euros(cents)}")
            number += 1
        net = sum(cents - round(cents * share) - each for cents in gross)
        paid.append(f"P{day};2026-03-{day + 3:02d};{euros(net)}")
    return table("Id;Date;Amount", *paid), table("Id;Date;Amount", *rows)


def test_days_of_sales_less_a_fee_that_nobody_declared():
    payouts, sold = sales(20, 0.0175, 0)
    found = links(match_tables(payouts, sold))
    days = {row["Id"]: int(row["Date"][-2:]) for row in sold.to_pylist()}
    assert found == {(f"P{day - 1}", sale) for sale, day in days.items()}


def test_differences_without_a_common_fee_join_no_days():
    payouts, sold = sales(20, 0.0175, 0)
    odd = [
        f"P{k};{row['Date']};{euros(int(Decimal(row['Amount']) * (100 - (k * 37) % 11)))}"
        for k, row in enumerate(payouts.to_pylist())
    ]
    matches = match_tables(table("Id;Date;Amount", *odd), sold).result.matches.to_pylist()
    assert not [row for row in matches if row["status"] == "auto"]


def test_a_credit_note_that_explains_the_rest_is_part_of_the_payment():
    right = table(
        "Invoice;Date;Customer;Total",
        "INV-7001;2026-01-05;Orla Fabrik;1000.00",
        "INV-7002;2026-01-09;Orla Fabrik;-137.41",
        *(
            f"INV-{7100 + k};2026-01-{k + 2:02d};Kunde {'ABCDEFGHIJ'[k]}bau;{euros(20_000 + 1_237 * k)}"
            for k in range(10)
        ),
    )
    left = table(
        "Id;Date;Payer;Memo;Amount",
        "P0;2026-02-01;Orla Fabrik;INV-7001;862.59",
        *(
            f"P{k + 1};2026-02-{k + 2:02d};Kunde {'ABCDEFGHIJ'[k]}bau;INV-{7100 + k};{euros(20_000 + 1_237 * k)}"
            for k in range(10)
        ),
    )
    assert {("P0", "INV-7001"), ("P0", "INV-7002")} <= links(match_tables(left, right))


def test_what_lies_half_a_year_apart_is_never_decided_alone():
    def year(number: int, name: str) -> pa.Table:
        rows = [
            f"{name}{k};{number}-03-{k + 1:02d};{'ABCDEFGHIJKL'[k]}lbert Bau;{euros(30_000 + 1_717 * k)}"
            for k in range(12)
        ]
        return table("Id;Date;Customer;Amount", *rows)

    matches = match_tables(year(2026, "L"), year(2025, "R")).result.matches.to_pylist()
    assert not [row for row in matches if row["status"] == "auto"]


def test_a_fee_is_borne_by_every_row_of_the_batch():
    assert spread([100_00, 200_00, 300_00], 6_00) == [100, 200, 300]
    assert spread([-100_00, -200_00, 50_00], -3_00) == [-100, -200, 0]
    assert sum(spread([1, 1, 1], 2)) == 2
