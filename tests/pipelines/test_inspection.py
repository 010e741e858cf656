"""`tieout inspect`: any file, recognised by its content, with its records and what is wrong with it."""

import gzip
import json
from pathlib import Path

import pytest
from bank_files import IBAN, balance, camt, entry, mt940
from einvoice_files import Model, Party, cii, ubl
from payment_file_texts import Nacha, pain001, pain002
from test_bank_bai2 import bai2
from test_bank_coda import PLAIN as CODA
from test_bank_ofx import SGML
from test_bank_qif import QIF
from typer.testing import CliRunner

from dagster_project.cli import app
from pipelines.inspection import inspect

TIED = camt(balance("OPBD", "100.00"), entry("12.50"), balance("CLBD", "112.50"))
RATES = "Date,USD,JPY,\n2026-06-30,1.1542,170.83,\n"
ORDER = (
    '{"orders":[{"id":1,"name":"#1","currency":"EUR","total_price":"10.00","created_at":"2026-06-01T10:00:00Z",'
    '"line_items":[{"id":2,"price":"10.00","quantity":1}]}]}'
)
CHARGE = (
    '{"object":"list","url":"/v1/charges","data":[{"id":"ch_1","object":"charge","amount":1234,"currency":"eur",'
    '"created":1782813600,"status":"succeeded"}]}'
)
INVOICES = (
    "Invoice No,Invoice Date,Due Date,Customer,Currency,Total\nR-1,2026-06-30,2026-07-14,Ada,EUR,11.90\n"
)
BANK_CSV = "Date,Description,Amount,Balance\n2026-06-30,One,5.00,105.00\n2026-06-30,Two,-2.00,103.00\n"


def look(tmp_path: Path, content: str | bytes, name: str = "no_name") -> dict:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    result = CliRunner().invoke(app, ["inspect", str(path), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) == {"format", "recognised_by", "records", "control_totals", "problems", "rejects"}
    return found


def codes(found: dict) -> list[str]:
    return [problem["code"] for problem in found["problems"]]


@pytest.mark.parametrize(
    ("content", "format_", "table"),
    [
        (TIED, "camt.053.001.08", "bank_transactions"),
        (mt940(":61:2606300630C5,00NTRFNONREF"), "mt940", "bank_transactions"),
        ("{1:F01X}{4:\r\n" + mt940(":61:2606300630C5,00NTRFNONREF"), "mt940", "bank_transactions"),
        (bai2("16,165,12550,0,BANK1,CUST1,ACH", "16,475,500,,,,CHECK"), "bai2", "bank_transactions"),
        (SGML, "ofx.1", "bank_transactions"),
        (QIF, "qif", "bank_transactions"),
        (CODA, "coda", "bank_transactions"),
        (ORDER, "shopify_json", "orders"),
        (CHARGE, "stripe_json", "payments"),
        (RATES, "ecb_eurofxref_csv", "fx_rates"),
        (INVOICES, "csv", "invoices"),
        (BANK_CSV, "csv", "bank_transactions"),
    ],
)
def test_content_and_not_the_name_says_what_a_file_is(tmp_path, content, format_, table):
    found = look(tmp_path, content, "statement.pdf")
    assert found["format"] == format_
    assert found["records"][table]
    assert found["records"] == look(tmp_path, gzip.compress(content.encode()), "statement.pdf")["records"]


def test_times_in_the_punctuation_of_the_file_are_read(tmp_path):
    text = INVOICES.replace("Currency", "Last Modified,Currency").replace(",EUR", ",30/06/2026 18:05:00,EUR")
    (invoice,) = look(tmp_path, text)["records"]["invoices"]
    assert invoice["updated_at"] == "2026-06-30T18:05:00+00:00"


def test_bank_rows_have_the_names_of_the_canonical_tables(tmp_path):
    found = look(tmp_path, TIED)
    (statement,) = found["records"]["bank_statements"]
    assert statement["account_number"] == IBAN and statement["currency"] == "EUR"
    assert (statement["opening_balance_amount"], statement["movement_amount"]) == ("100.00", "12.50")
    assert (statement["closing_balance_amount"], statement["balance_residual_amount"]) == ("112.50", "0.00")
    assert (statement["line_count"], statement["sequence_number"]) == (1, 1)
    (line,) = found["records"]["bank_transactions"]
    assert line["amount"] == "12.50" and line["currency"] == "EUR"
    assert line["booking_date"] == line["value_date"] == "2026-06-30"
    assert {
        "counterparty_name", "counterparty_account", "end_to_end_id", "remittance_text",
        "bank_transaction_code", "statement_id", "line_number",
    } <= set(line)  # fmt: skip
    assert found["problems"] == [] and found["rejects"] == []


def test_minor_units_become_amounts(tmp_path):
    (payment,) = look(tmp_path, CHARGE)["records"]["payments"]
    assert (payment["payment_id"], payment["amount"], payment["currency"]) == ("ch_1", "12.34", "EUR")


def test_a_statement_that_does_not_tie_says_by_how_much(tmp_path):
    found = look(tmp_path, TIED.replace(">112.50<", ">112.75<"))
    (problem,) = found["problems"]
    assert (problem["code"], problem["severity"]) == ("statement_does_not_tie", "critical")
    assert (problem["amount"], problem["position"]) == ("-0.25", 1)
    assert "112.75" in problem["message"]


def test_a_declared_count_and_sum_are_held_against_the_lines(tmp_path):
    summary = (
        "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries><TtlNetNtry><Amt>13.50</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry></TtlNtries></TxsSummry>"
    )
    assert codes(look(tmp_path, camt(entry("12.50"), head=summary))) == ["count_mismatch", "sum_mismatch"]


def test_a_control_total_of_the_format_that_does_not_hold_is_a_problem(tmp_path):
    found = look(tmp_path, bai2("16,165,12050,,,,X/", declared=1))
    assert codes(found) == ["control_total_mismatch"]
    assert "account control total 1" in found["problems"][0]["message"]
    assert codes(look(tmp_path, CODA)) == []


def test_what_a_format_cannot_say_is_told(tmp_path):
    assert "currency_unknown" in codes(look(tmp_path, QIF))


def test_gaps_and_repetitions_within_a_file(tmp_path):
    first = mt940(":61:2606300630C5,00NTRFNONREF", closing="C260630EUR105,00")
    third = first.replace("00012/001", "00014/001").replace("STM26001", "STM26003")
    assert codes(look(tmp_path, first + third)) == ["statement_gap", "sequence_gap"]
    assert codes(look(tmp_path, first + first)) == ["statement_duplicate"]


def test_a_csv_statement_ties_by_its_running_balance_and_names_what_it_lacks(tmp_path):
    found = look(tmp_path, BANK_CSV)
    (statement,) = found["records"]["bank_statements"]
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == ("100.00", "103.00")
    assert statement["balance_residual_amount"] == "0.00"
    assert codes(found) == ["account_unknown", "currency_unknown"]


def test_lines_above_the_table_are_no_records_and_may_name_the_account(tmp_path):
    above = f'"Kontonummer:";"{IBAN} / Girokonto"\n\n"Von:";"01.06.2026"\n"Kontostand vom 30.06.2026:";"103,00 EUR"\n\n'
    table = "Buchungstag;Wertstellung;Verwendungszweck;Betrag;Währung\n30.06.2026;30.06.2026;Miete;-1.200,50;EUR\n"
    found = look(tmp_path, (above + table).encode("cp1252"))
    (line,) = found["records"]["bank_transactions"]
    assert (line["account_number"], line["amount"]) == (IBAN, "-1200.50")
    assert (line["booking_date"], line["remittance_text"]) == ("2026-06-30", "Miete")


def test_a_record_that_cannot_be_read_is_a_problem_with_its_place(tmp_path):
    found = look(tmp_path, camt(entry("12.50"), entry("1e3")))
    assert codes(found) == ["rejected_record"]
    assert found["problems"][0]["position"] == found["rejects"][0]["position"] == 2
    assert found["rejects"][0]["field"] == "amount" and "1e3" in found["rejects"][0]["value"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x00" * 100, b"\x1f\x8b\x08broken", b"PK\x03\x04", b"%PDF-1.7", b"\xff" * 5000, b"{", b"[1,2", b"{}",
        b'{"object":"list"}', b'{"orders":5}', b"[" * 100_000, b"a,b,c\n1,2\n", b"<", b"<a", b"<!DOCTYPE a>",
        b"Date,USD\n", b"hello\nworld\n", b":20:\n:61:\n", b"\xef\xbb\xbf", b'"' * 999, b"Date,\x00,Amount\n" * 50,
        b"Date,Amount,Account,Currency\n\"", b"Date,Date,Date,Amount,Amount\n1,1,1,1,1\n",
    ],
)  # fmt: skip
def test_anything_is_answered_and_nothing_is_raised(tmp_path, content):
    found = look(tmp_path, content)
    assert found["problems"] or found["records"] or found["control_totals"] == []


def test_what_cannot_be_opened_ends_with_two_and_a_message(tmp_path):
    for path in (tmp_path / "missing.xml", tmp_path):
        result = CliRunner().invoke(app, ["inspect", str(path), "--json"])
        assert result.exit_code == 2
        assert str(path) in result.stderr and result.stdout == ""


def test_people_get_tables(tmp_path):
    path = tmp_path / "a"
    path.write_text(TIED.replace(">112.50<", ">112.75<"))
    shown = CliRunner().invoke(app, ["inspect", str(path)]).stdout
    assert "camt.053.001.08" in shown and "statement_does_not_tie" in shown and "-0.25" in shown


def test_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("TIEOUT_HOME", str(tmp_path / "home"))
    look(tmp_path, TIED)
    assert not (tmp_path / "home").exists()
    assert inspect(tmp_path / "no_name").problems == []


US = Party("Nordlicht Handel GmbH", "DE", "DE 811 907 980")


@pytest.mark.parametrize(
    ("text", "format_", "table"),
    [
        (ubl(Model(buyer=US)), "ubl_invoice", "bills"),
        (cii(Model(seller=US, buyer=Party("Ada"))), "cii", "invoices"),
        (pain001(), "pain.001.001.09", "payment_instructions"),
        (pain002({"E-1": ("RJCT", "AC04")}), "pain.002.001.10", "payment_statuses"),
        (Nacha().text(), "nacha", "payment_instructions"),
    ],
)
def test_documents_and_payments_are_recognised_by_content(
    tmp_path: Path, text: str, format_: str, table: str
) -> None:
    found = look(tmp_path, text)
    assert (found["format"], codes(found), found["rejects"]) == (format_, [], [])
    assert table in found["records"]


def test_a_broken_rule_is_a_problem_with_its_number_and_amount(tmp_path: Path) -> None:
    found = look(tmp_path, ubl(Model(type_code="381", buyer=US).wrong(due="0.01")))
    assert [(problem["code"], problem["severity"], problem["amount"]) for problem in found["problems"]] == [
        ("BR-CO-16", "critical", "0.01")
    ]
    (bill,) = found["records"]["bills"]
    assert (bill["document_type"], bill["total_amount"], bill["bill_number"]) == (
        "credit_note",
        "-53.55",
        "R-1",
    )


def test_an_invoice_of_strangers_says_so(tmp_path: Path) -> None:
    assert codes(look(tmp_path, ubl(Model(buyer=Party("Somebody Else"))))) == ["einvoice_party_unknown"]
