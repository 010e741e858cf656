"""QIF: sections, dates of two writings, splits, and what the format does not say."""

from datetime import date
from decimal import Decimal

import pytest
from bank_files import bank_residuals, read

QIF = """!Account
NChecking
TBank
^
!Type:Bank
D06/01'26
T1,000.00
POpening Balance
L[Checking]
^
D06/28'26
U-23.99
T-23.99
N1001
PAT&T
MPhone
LUtilities
^
D06/30'26
T150.00
PACME
SSales
EInvoice 1
$100.00
SShipping
$50.00
^
!Type:Cat
NUtilities
^
"""


def tied(tmp_path, text):
    tables = read(tmp_path, text)
    assert bank_residuals(tables) == {}
    return tables


def test_lines_splits_and_the_opening_balance(tmp_path):
    tables = tied(tmp_path, QIF)
    (statement,) = tables["statements"]
    assert (statement["account_number"], statement["opening_balance_amount"]) == ("CHECKING", 1000)
    assert (statement["line_count"], statement["movement_amount"]) == (2, Decimal("126.01"))
    phone, acme = tables["transactions"]
    assert (phone["amount"], phone["booking_date"]) == (Decimal("-23.99"), date(2026, 6, 28))
    assert (phone["counterparty_name"], phone["remittance_text"]) == ("AT&T", "Phone")
    assert phone["customer_reference"] == "1001" and phone["currency"] == "XXX"
    assert acme["detail_count"] == 2
    assert [d["amount"] for d in tables["transaction_details"]] == [100, 50]
    assert tables["schema_drift"][0]["field"] == "!Type:cat"


def test_without_an_account_the_source_stands_in(tmp_path):
    text = "!Type:CCard\nD2026-06-30\nT-5.00\nPShop\n^\n"
    assert tied(tmp_path, text)["statements"][0]["account_number"] == "BANK_DE"


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (("6/30/26", "7/1/26"), date(2026, 6, 30)),
        (("30/6/26", "1/7/26"), date(2026, 6, 30)),
        (("30.06.2026", "01.07.2026"), date(2026, 6, 30)),
        (("06.07.2026", "05.07.2026"), date(2026, 7, 6)),
        (("2026-06-30", "2026-07-01"), date(2026, 6, 30)),
        (("06/07'26", "06/08'26"), date(2026, 6, 7)),
        ((" 6/ 7' 9", "6/8' 9"), date(2009, 6, 7)),
        (("30 Jun 2026", "1 Jul 2026"), date(2026, 6, 30)),
    ],
)
def test_all_dates_of_a_file_decide_their_order(tmp_path, dates, first):
    text = "!Type:Bank\n" + "".join(f"D{day}\nT1\n^\n" for day in dates)
    assert tied(tmp_path, text)["transactions"][0]["booking_date"] == first


def test_dates_of_two_meanings_are_refused(tmp_path):
    (reject,) = read(tmp_path, "!Type:Bank\nD03/04/26\nT1\n^\n")["rejects"]
    assert "month first or day first" in reject["message"]


def test_a_record_without_amount_or_date_is_a_reject(tmp_path):
    tables = tied(tmp_path, "!Type:Bank\nD2026-06-30\nPx\n^\nT5\n^\nD2026-06-30\nT2\n^")
    assert len(tables["rejects"]) == 2 and len(tables["transactions"]) == 1
