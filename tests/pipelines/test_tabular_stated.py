"""Balances that an export states above or below its table are the statement's, and are held against it."""

from decimal import Decimal

import pytest

from pipelines.inspection import inspect

TABLE = "Date,Description,Amount\n2026-06-29,Sale,5.00\n2026-06-30,Rent,-33.50\n"
RUNNING = "Date,Description,Amount,Balance\n2026-06-29,Sale,5.00,105.00\n2026-06-30,Rent,-33.50,71.50\n"
GERMAN = "Buchungstag;Verwendungszweck;Betrag\n29.06.2026;Verkauf;5,00\n30.06.2026;Miete;-33,50\n"


def found(tmp_path, text):
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")
    result = inspect(path)
    (statement,) = result.records["bank_statements"]
    assert len(result.records["bank_transactions"]) == 2, result.rejects
    return statement, {problem.code: problem for problem in result.problems}


@pytest.mark.parametrize(
    "text",
    [
        "Opening balance,,100.00\nClosing balance,,71.50\n" + TABLE,
        "Opening balance: 100.00\nClosing balance: 71.50 EUR\n\n" + TABLE,
        TABLE + "Closing Balance,,71.50\nOpening Balance,,100.00\n",
        "Description,,Summary Amt.\nBeginning balance as of 06/29/2026,,100.00\nEnding balance as of 06/30/2026,,71.50\n\n" + TABLE,
        "Letzter Kontostand;;100,00\n" + GERMAN + "Kontostand;30.06.2026;71,50\n",
        "Alter Kontostand;100,00 EUR\nNeuer Kontostand;71,50 EUR\n\n" + GERMAN,
        "Anfangssaldo;;100,00\n" + GERMAN + "Endsaldo;;71,50\n",
    ],
)  # fmt: skip
def test_stated_balances_are_those_of_the_statement(tmp_path, text):
    statement, problems = found(tmp_path, text)
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == (
        100,
        Decimal("71.50"),
    )
    assert statement["balance_residual_amount"] == 0 and "statement_does_not_tie" not in problems


def test_a_line_that_is_missing_shows_as_a_residual(tmp_path):
    _, problems = found(tmp_path, "Opening balance,,100.00\nClosing balance,,61.50\n" + TABLE)
    assert problems["statement_does_not_tie"].amount == 10


def test_a_closing_balance_beside_a_running_one_must_be_the_same(tmp_path):
    _, problems = found(tmp_path, RUNNING + "Closing balance,,,81.50\n")
    assert problems["stated_balance_differs"].amount == 10
    _, problems = found(tmp_path, RUNNING + "Closing balance,,,71.50\n")
    assert "stated_balance_differs" not in problems


@pytest.mark.parametrize(
    "text",
    [
        "Balance,,999.00\n" + RUNNING,  # of the day of the export, perhaps
        "Closing balance,,71.50\nClosing balance,,81.50\n" + RUNNING,  # two amounts prove nothing
        "Closing balance 2026\n" + RUNNING,  # no amount
        RUNNING.replace("Rent", "closing balance transfer"),  # a record, not a total
    ],
)
def test_what_names_no_balance_for_sure_is_not_held_against_the_file(tmp_path, text):
    _, problems = found(tmp_path, text)
    assert "stated_balance_differs" not in problems and "statement_does_not_tie" not in problems


def test_a_wrong_iban_and_a_wrong_bic_are_told_by_the_library_once_each(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "Date,Description,Amount,Counterparty,Counterparty IBAN,BIC\n"
        "2026-06-29,Sale,5.00,A,DE88370400440532013000,COBAQQFFXXX\n"
        "2026-06-30,Sale,6.00,A,DE88370400440532013000,COBAQQFFXXX\n"
    )
    codes = [problem.code for problem in inspect(path).problems]
    assert codes.count("invalid_iban") == 1 and codes.count("invalid_bic") == 1
