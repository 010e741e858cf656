"""Files that nobody described: what they prove themselves, and what is refused because they do not."""

from datetime import date
from decimal import Decimal

import pytest
from bank_files import read, residuals_of_file

from pipelines.config import CsvMapping
from pipelines.inspection import inspect

GUESSED = CsvMapping(stream="bank_transactions", columns={}, constants={"currency": "EUR"})


def lines(tmp_path, text: str | bytes):
    path = tmp_path / "file"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = inspect(path)
    return found, [(row["booking_date"], row["amount"]) for row in found.records.get("bank_transactions", [])]


def table(*days: str, header: str = "Booking Date,Details,Amount,Currency", end: str = "X,1.00,EUR") -> str:
    return "\n".join([header, *(f"{day},{end}" for day in days), ""])


def test_a_day_above_12_settles_day_and_month(tmp_path):
    _, found = lines(tmp_path, table("03/04/2026", "13/04/2026"))
    assert found[0][0] == date(2026, 4, 3)


def test_a_day_above_12_in_another_column_settles_it_too(tmp_path):
    text = "Booking Date,Value Date,Details,Amount,Currency\n03/04/2026,30/03/2026,X,1.00,EUR\n"
    assert lines(tmp_path, text)[1] == [(date(2026, 4, 3), Decimal(1))]


def test_a_day_above_12_late_in_a_long_file_settles_it(tmp_path):
    text = table(*["03/04/2026"] * 2500, "13/04/2026")
    assert {day for day, _ in lines(tmp_path, text)[1]} == {date(2026, 4, 3), date(2026, 4, 13)}


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_order_of_the_records_settles_it(tmp_path, newest_first):
    days = ["05/03/2026", "07/03/2026", "09/03/2026", "02/04/2026", "04/04/2026"]
    found, rows = lines(tmp_path, table(*(days[::-1] if newest_first else days)))
    assert rows[-1 if newest_first else 0][0] == date(2026, 3, 5)
    assert "the records are in the order of these days" in found.recognised_by


def test_a_decimal_comma_settles_it(tmp_path):
    found, rows = lines(
        tmp_path,
        table("03/04/2026", header="Booking Date;Details;Amount;Currency", end="X;1,50;EUR").replace(
            "26,X", "26;X"
        ),
    )
    assert rows == [(date(2026, 4, 3), Decimal("1.5"))]
    assert "decimal comma" in found.recognised_by


def test_the_language_of_the_headers_settles_it(tmp_path):
    found, rows = lines(tmp_path, table("03/04/2026", header="Buchungstag,Verwendungszweck,Betrag,Währung"))
    assert rows == [(date(2026, 4, 3), Decimal(1))]
    assert "header 'b" in found.recognised_by


@pytest.mark.parametrize(
    "days",
    [
        ["03/04/2026"],
        ["01/02/2026", "01/02/2026", "01/03/2026"],
        ["09/03/2026", "02/05/2026", "04/01/2026"],
        ["02/03/2026", "03/01/2026", "04/02/2026"],
    ],
)
def test_dates_that_nothing_settles_are_refused_with_both_readings(tmp_path, days):
    found, rows = lines(tmp_path, table(*days))
    assert rows == []
    (problem,) = [p for p in found.problems if p.code == "rejected_file"]
    assert (
        "%d/%m/%Y" in problem.message and "%m/%d/%Y" in problem.message and "date_format" in problem.message
    )


@pytest.mark.parametrize(
    ("header", "debit", "credit"),
    [
        ("Af Bij", "Af", "Bij"), ("Soll/Haben", "S", "H"), ("D/C", "D", "C"), ("Type", "Debit", "Credit"),
        ("Sens", "Débit", "Crédit"), ("Dr/Cr", "DR", "CR"), ("Debit/Credit", "DBIT", "CRDT"), ("Segno", "Dare", "Avere"),
        ("Strona", "Wn", "Ma"), ("Cargo/Abono", "Cargo", "Abono"),
    ],
)  # fmt: skip
def test_a_column_of_debit_and_credit_marks_signs_the_amounts(tmp_path, header, debit, credit):
    text = f"Booking Date;{header};Amount;Currency;Details\n2026-06-01;{debit};10,00;EUR;A\n2026-06-02;{credit};2,50;EUR;B\n"
    assert [amount for _, amount in lines(tmp_path, text)[1]] == [Decimal(-10), Decimal("2.5")]


def test_a_mark_that_is_no_mark_makes_its_record_a_reject_and_no_money_in(tmp_path):
    text = "Booking Date;Af Bij;Amount;Currency\n" + "2026-06-01;Af;10;EUR\n" * 2001 + "2026-06-02;??;5;EUR\n"
    tables = read(tmp_path, text, GUESSED)
    (reject,) = tables["rejects"]
    assert reject["value"] == "??" and "'Af Bij'" in reject["message"]
    assert residuals_of_file(tables) == {}


def test_signed_amounts_stay_as_they_are_beside_a_column_of_marks(tmp_path):
    text = "Booking Date,Type,Amount,Currency\n2026-06-01,Debit,-10.00,EUR\n2026-06-02,Credit,2.50,EUR\n"
    assert [amount for _, amount in lines(tmp_path, text)[1]] == [Decimal(-10), Decimal("2.5")]


@pytest.mark.parametrize(
    "last",
    [
        "Total,,7.00,",
        "Totaal,,,",
        ",Closing balance,,",
        "Kontostand,30.06.2026,7.00,EUR",
        "Saldo końcowe,,7.00,",
        "Grand Total:,,7.00,EUR",
    ],
)
def test_totals_and_balances_are_no_records(tmp_path, last):
    text = f"Booking Date,Details,Amount,Currency\n2026-06-01,One,5.00,EUR\n2026-06-02,Two,2.00,EUR\n{last}\n"
    found, rows = lines(tmp_path, text)
    assert [amount for _, amount in rows] == [Decimal(5), Decimal(2)]
    assert found.rejects == []
    assert any(p.code == "lines_left_out" and last[:5].strip(",;") in p.message for p in found.problems)


@pytest.mark.parametrize(
    "line",
    ["2026-06-03,Total,12.00,EUR", "2026-06-03,Total Energies SE,12.00,EUR", "2026-06-03,Saldo,12.00,EUR"],
)
def test_a_business_of_that_name_is_a_record(tmp_path, line):
    text = f"Booking Date,Details,Amount,Currency\n2026-06-01,One,5.00,EUR\n{line}\n"
    assert [amount for _, amount in lines(tmp_path, text)[1]] == [Decimal(5), Decimal(12)]


def test_a_damaged_record_is_a_reject_and_never_a_note(tmp_path):
    text = "Booking Date,Details,Amount,Currency\n2026-06-01,One,5.00,EUR\n2026-06-02,Two is cut o"
    found, rows = lines(tmp_path, text)
    assert len(rows) == 1 and len(found.rejects) == 1


def test_the_header_again_between_records(tmp_path):
    head = "Booking Date,Details,Amount,Currency\n"
    found, rows = lines(tmp_path, f"{head}2026-06-01,One,5.00,EUR\n{head}2026-06-02,Two,2.00,EUR\n")
    assert len(rows) == 2 and found.rejects == []


def test_a_balance_that_does_not_follow_is_named_with_its_line_and_amount(tmp_path):
    text = (
        "Booking Date,Details,Amount,Currency,Balance\n2026-06-01,A,5.00,EUR,105.00\n"
        "2026-06-02,B,-2.00,EUR,103.50\n2026-06-03,C,1.00,EUR,104.50\n"
    )
    found, _ = lines(tmp_path, text)
    (problem,) = [p for p in found.problems if p.code == "balance_break"]
    assert (problem.position, problem.amount) == (2, Decimal("-0.5"))
    assert [p.amount for p in found.problems if p.code == "statement_does_not_tie"] == [Decimal("-0.5")]


def test_each_currency_of_an_account_has_a_balance_of_its_own(tmp_path):
    text = (
        "Booking Date,Details,Amount,Currency,Balance\n2026-06-01,A,5.00,EUR,105.00\n2026-06-01,B,7.00,USD,7.00\n"
        "2026-06-02,C,1.00,EUR,106.00\n"
    )
    found, _ = lines(tmp_path, text)
    ties = {
        (s["currency"], s["opening_balance_amount"], s["balance_residual_amount"])
        for s in found.records["bank_statements"]
    }
    assert ties == {("EUR", Decimal(100), Decimal(0)), ("USD", Decimal(0), Decimal(0))}


def test_a_balance_on_the_last_line_of_a_day_is_bridged(tmp_path):
    text = (
        "Booking Date,Details,Amount,Currency,Balance\n2026-06-01,A,5.00,EUR,\n2026-06-01,B,-1.00,EUR,104.00\n"
        "2026-06-02,C,2.00,EUR,\n"
    )
    (statement,) = lines(tmp_path, text)[0].records["bank_statements"]
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == (
        Decimal(100),
        Decimal(106),
    )


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1'234.50", "1234.5"), ("1’234.50", "1234.5"), ("1\u202f234,50", "1234.5"), ("1\u2009234,50", "1234.5"), ("1 234,50", "1234.5"),
        ("1.234,50", "1234.5"), ("(12,50)", "-12.5"), ("12,50-", "-12.5"), ("-12,50 €", "-12.5"), ("EUR 12,50", "12.5"), ("+12,50", "12.5"),
    ],
)  # fmt: skip
def test_amounts_in_every_notation_are_found_without_a_mapping(tmp_path, written, amount):
    found, rows = lines(tmp_path, f"Booking Date;Details;Amount;Currency\n2026-06-01;A;{written};EUR\n")
    assert rows == [(date(2026, 6, 1), Decimal(amount))], found.rejects


def test_the_currency_beside_the_amounts_is_the_currency(tmp_path):
    found, _ = lines(
        tmp_path, "Datum;Verwendungszweck;Betrag;Saldo\n01.06.2026;A;1.234,50 CHF;2.000,00 CHF\n"
    )
    assert {row["currency"] for row in found.records["bank_transactions"]} == {"CHF"}
