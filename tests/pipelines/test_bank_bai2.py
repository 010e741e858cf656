"""BAI2: records, continuations, funds types, decimals by currency, and three levels of control totals."""

from datetime import date
from decimal import Decimal

import pytest
from bank_files import bank_residuals, read

# The specimen that BAI2 implementations exchange: an account listed once per value date.
SPECIMEN = """01,0004,12345,060321,0829,001,80,1,2/
02,12345,0004,1,060317,,CAD,/
03,10200123456,CAD,040,+000,,,045,+000,,/
88,100,000000000208500,00003,V,060316,,400,000000000208500,00008,V,060316,/
16,409,000000000002500,V,060316,,,,RETURNED CHEQUE     /
16,409,000000000090000,V,060316,,,,RTN-UNKNOWN         /
16,409,000000000000500,V,060316,,,,RTD CHQ SERVICE CHRG/
16,108,000000000203500,V,060316,,,,TFR 1020 0345678    /
16,108,000000000002500,V,060316,,,,MACLEOD MALL        /
16,108,000000000002500,V,060316,,,,MASCOUCHE QUE       /
16,409,000000000020000,V,060316,,,,1000 ISLANDS MALL   /
16,409,000000000090000,V,060316,,,,PENHORA MALL        /
16,409,000000000002000,V,060316,,,,CAPILANO MALL       /
16,409,000000000002500,V,060316,,,,GALERIES LA CAPITALE/
16,409,000000000001000,V,060316,,,,PLAZA ROCK FOREST   /
49,+00000000000834000,14/
03,10200123456,CAD,040,+000,,,045,+000,,/
88,100,000000000111500,00002,V,060317,,400,000000000111500,00004,V,060317,/
16,108,000000000011500,V,060317,,,,TFR 1020 0345678    /
16,108,000000000100000,V,060317,,,,MONTREAL            /
16,409,000000000100000,V,060317,,,,GRANDFALL NB        /
16,409,000000000009000,V,060317,,,,HAMILTON ON         /
16,409,000000000002000,V,060317,,,,WOODSTOCK NB        /
16,409,000000000000500,V,060317,,,,GALERIES RICHELIEU  /
49,+00000000000446000,9/
98,+00000000001280000,2,25/
99,+00000000001280000,1,27/
"""


def bai2(
    *records: str,
    currency: str = "USD",
    summary: str = "010,100000,,,015,112050,,",
    declared: int | None = None,
) -> str:
    """A file of one account with right control totals, unless `declared` is given as the account's."""
    body = [f"03,0123456789,{currency},{summary}/", *records]
    amounts = [100000, 112050] if summary.startswith("010,100000") else []
    amounts += [
        int(r.split(",")[2].rstrip("/") or 0) for r in records if r.startswith("16") and r.count(",") > 1
    ]
    total = sum(amounts) if declared is None else declared
    lines = [
        "01,122099999,123456789,260701,0200,1,80,1,2/", f"02,031001234,122099999,1,260630,2359,{currency},2/", *body,
        f"49,{total},{len(body) + 1}/", f"98,{total},1,{len(body) + 3}/", f"99,{total},1,{len(body) + 5}/",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def tied(tmp_path, text):
    tables = read(tmp_path, text)
    assert bank_residuals(tables) == {} and tables["files"][0]["format"] == "bai2"
    return tables


def test_the_specimen_adds_up_at_every_level(tmp_path):
    tables = tied(tmp_path, SPECIMEN)
    first, second = tables["statements"]
    assert [s["control_problem"] for s in (first, second)] == [None, None]
    assert first["statement_id"] != second["statement_id"]
    assert (first["line_count"], second["line_count"]) == (11, 6)
    assert first["movement_amount"] == first["declared_net_amount"] == 0
    assert first["declared_entry_count"] == 11
    line = tables["transactions"][0]
    assert (line["amount"], line["currency"]) == (Decimal(-25), "CAD")
    assert (line["booking_date"], line["value_date"]) == (date(2006, 3, 17), date(2006, 3, 16))
    assert line["remittance_text"] == "RETURNED CHEQUE" and line["bank_transaction_code"] == "409"


def test_balances_references_and_text(tmp_path):
    tables = tied(tmp_path, bai2("16,165,12550,0,BANK1,CUST1,ACH CREDIT, INV-1/", "16,495,500,,,,WIRE FEE/"))
    (statement,) = tables["statements"]
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == (
        1000,
        Decimal("1120.5"),
    )
    assert (
        statement["opening_balance_amount"] + statement["movement_amount"]
        == statement["closing_balance_amount"]
    )
    credit, debit = tables["transactions"]
    assert (credit["servicer_reference"], credit["customer_reference"]) == ("BANK1", "CUST1")
    assert credit["remittance_text"] == "ACH CREDIT, INV-1" and debit["amount"] == -5


@pytest.mark.parametrize(
    ("record", "reference", "text"),
    [
        ("16,165,100,0,B1,C1,TEXT/", "B1", "TEXT"),
        ("16,165,100,1,B1,C1,TEXT WITH / SLASH", "B1", "TEXT WITH / SLASH"),
        ("16,165,100,V,260701,0930,B1,C1,TEXT", "B1", "TEXT"),
        ("16,165,100,S,40,30,30,B1,C1,TEXT", "B1", "TEXT"),
        ("16,165,100,D,3,0,40,1,30,2,30,B1,C1,TEXT", "B1", "TEXT"),
        ("16,165,100,Z,B1,C1,TEXT", "B1", "TEXT"),
        ("16,165,100,0,B1,C1,", "B1", None),
        ("16,165,100/", None, None),
        ("16,165,100,S,40,30,30/\n88,B1,C1,FIRST\n88,SECOND/", "B1", "FIRST SECOND"),
        ("16,165,100,0,B1,C1,FIRST/\n88,SECOND, THIRD/", "B1", "FIRST SECOND, THIRD"),
        ("16,165,100,0,B1,C1,FIRST\nWRAPPED BY AN EDITOR/", "B1", "FIRST WRAPPED BY AN EDITOR"),
    ],
)
def test_funds_types_and_continuations(tmp_path, record, reference, text):
    (line,) = tied(tmp_path, bai2(record, summary=",,,"))["transactions"]
    assert line["amount"] == 1
    assert (line["servicer_reference"], line["remittance_text"]) == (reference, text)


@pytest.mark.parametrize(
    ("currency", "amount"), [("USD", "12.34"), ("JPY", "1234"), ("KWD", "1.234"), ("", "12.34")]
)
def test_the_currency_gives_the_decimals(tmp_path, currency, amount):
    (line,) = tied(tmp_path, bai2("16,165,1234,,,,X/", currency=currency, summary=",,,"))["transactions"]
    assert line["amount"] == Decimal(amount) and line["currency"] == (currency or "USD")


@pytest.mark.parametrize(
    ("code", "amount"), [("100", 1), ("399", 1), ("400", -1), ("699", -1), ("920", 1), ("960", -1)]
)
def test_type_codes_give_the_sign(tmp_path, code, amount):
    assert tied(tmp_path, bai2(f"16,{code},100,,,,X/"))["transactions"][0]["amount"] == amount


def test_a_type_code_without_direction_is_a_reject_and_a_message_is_no_line(tmp_path):
    tables = tied(tmp_path, bai2("16,701,100,,,,LOAN/", "16,890,,,,,SEE BRANCH/", "16,165,100,,,,X/"))
    assert len(tables["transactions"]) == 1
    (reject,) = tables["rejects"]
    assert reject["field"] == "amount" and "701" in reject["value"]
    assert "SEE BRANCH" in tables["schema_drift"][0]["example"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (bai2("16,165,100,,,,X/", declared=999), "account control total 999"),
        (
            SPECIMEN.replace("49,+00000000000834000,14/", "49,+00000000000834000,13/"),
            "account number of records 13",
        ),
        (
            SPECIMEN.replace("98,+00000000001280000,2,", "98,+00000000001280000,3,"),
            "group number of accounts 3",
        ),
        (
            SPECIMEN.replace("99,+00000000001280000,1,27", "99,+00000000001280001,1,27"),
            "file control total 1280001",
        ),
        (SPECIMEN.replace("99,+00000000001280000,1,27/\n", ""), "no trailer"),
        (
            SPECIMEN.replace("16,409,000000000001000,V,060316,,,,PLAZA ROCK FOREST   /\n", ""),
            "control total 834000",
        ),
        (SPECIMEN.replace("12345,0004,1,", "12345,0004,4,"), "test"),
    ],
)
def test_control_totals_that_do_not_hold_are_told_and_the_lines_are_loaded(tmp_path, text, says):
    tables = tied(tmp_path, text)
    assert says in "; ".join(s["control_problem"] or "" for s in tables["statements"])
    assert tables["transactions"]
