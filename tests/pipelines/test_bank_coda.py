"""CODA: positions, signs, details, structured communication and the trailer."""

from datetime import date
from decimal import Decimal

import pytest
from bank_files import bank_residuals, read

IBAN = "BE68539007547034"


def place(**fields: str) -> str:
    """A line of 128 characters; `p5="x"` puts x at position 5."""
    line = [" "] * 128
    for name, text in fields.items():
        at = int(name[1:]) - 1
        line[at : at + len(text)] = text
    return "".join(line)[:128]


def head(duplicate: str = " ") -> str:
    return place(
        p1="00000",
        p6="010726",
        p12="539",
        p15="05",
        p17=duplicate,
        p25="REF0000001",
        p35="ACME NV",
        p61="GEBABEBB",
        p128="2",
    )


def old(amount: str = "000000001000000", sign: str = "0") -> str:
    return place(
        p1="12", p3="123", p6=IBAN, p40="EUR", p43=sign, p44=amount, p59="290626", p65="ACME NV", p126="123"
    )


def movement(
    number: int,
    amount: str,
    sign: str = "0",
    text: str = "INVOICE 1",
    kind: str = "0",
    detail: str = "0000",
    more: str = "0",
) -> str:
    return place(
        p1="21", p3=f"{number:04}", p7=detail, p11=f"BANKREF{number:014}", p32=sign, p33=amount, p48="300626", p54="00150000",
        p62=kind, p63=text, p116="300626", p122="123", p126=more, p128="0",
    )  # fmt: skip


def new(amount: str, sign: str = "0") -> str:
    return place(p1="8", p2="123", p5=IBAN, p39="EUR", p42=sign, p43=amount, p58="300626", p128="0")


def end(records: int, debit: str = "0" * 15, credit: str = "0" * 15) -> str:
    return place(p1="9", p17=f"{records:06}", p23=debit, p38=credit, p128="2")


def coda(*lines: str) -> str:
    return "\r\n".join(lines) + "\r\n"


CREDIT, DEBIT = "000000000012500", "000000000005250"
PLAIN = coda(
    head(),
    old(),
    movement(1, CREDIT, more="1"),
    place(p1="22", p3="0001", p7="0000", p11=" AND MORE", p64="E2E-1", p99="KREDBEBB", p126="1"),
    place(
        p1="23",
        p3="0001",
        p7="0000",
        p11="BE71096123456769                  EUR",
        p48="Jan Janssens",
        p84="LAST WORDS",
        p128="1",
    ),
    place(p1="31", p3="0001", p7="0000", p11="BANKREF", p41="INFORMATION", p126="1"),
    place(p1="32", p3="0001", p7="0000", p11=" CONTINUED"),
    movement(2, DEBIT, sign="1", kind="1", text="101090933755493"),
    new("000000001007250"),
    end(8, debit=DEBIT, credit=CREDIT),
)


def tied(tmp_path, text):
    tables = read(tmp_path, text)
    assert bank_residuals(tables) == {} and tables["files"][0]["format"] == "coda"
    return tables


def test_a_statement_with_its_movements(tmp_path):
    tables = tied(tmp_path, PLAIN)
    (statement,) = tables["statements"]
    assert (statement["account_number"], statement["account_currency"]) == (IBAN, "EUR")
    assert (statement["statement_id"], statement["sequence_number"]) == ("2026-123", 123)
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == (
        1000,
        Decimal("1007.25"),
    )
    assert statement["movement_amount"] == statement["declared_net_amount"] == Decimal("7.25")
    assert statement["control_problem"] is None
    assert (statement["bank_bic"], statement["account_owner"]) == ("GEBABEBB", "ACME NV")
    credit, debit = tables["transactions"]
    assert (credit["amount"], credit["booking_date"]) == (Decimal("12.5"), date(2026, 6, 30))
    assert credit["remittance_text"] == "INVOICE 1 AND MORE LAST WORDS"
    assert (credit["counterparty_account"], credit["counterparty_name"]) == (
        "BE71096123456769",
        "Jan Janssens",
    )
    assert (credit["end_to_end_id"], credit["counterparty_bank"]) == ("E2E-1", "KREDBEBB")
    assert credit["additional_info"] == "INFORMATION CONTINUED"
    assert credit["servicer_reference"] == "BANKREF00000000000001"
    assert debit["amount"] == Decimal("-5.25")
    assert (debit["structured_reference"], debit["remittance_text"]) == ("***090/9337/55493***", None)


def test_balances_have_signs(tmp_path):
    text = coda(
        head(),
        old("000000000100000", "1"),
        movement(1, CREDIT),
        new("000000000087500", "1"),
        end(3, credit=CREDIT),
    )
    (statement,) = tied(tmp_path, text)["statements"]
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == (
        -100,
        Decimal("-87.5"),
    )


def test_details_are_no_money_of_their_own(tmp_path):
    lines = [
        movement(1, CREDIT),
        movement(1, "000000000010000", detail="0001", text="A"),
        movement(1, "000000000002500", detail="0002", text="B"),
    ]
    tables = tied(tmp_path, coda(head(), old(), *lines, new("000000001012500"), end(5, credit=CREDIT)))
    (line,) = tables["transactions"]
    assert (line["amount"], line["detail_count"]) == (Decimal("12.5"), 2)
    assert [(d["amount"], d["remittance_text"]) for d in tables["transaction_details"]] == [
        (10, "A"),
        (Decimal("2.5"), "B"),
    ]


def test_a_direct_debit_names_its_mandate(tmp_path):
    text = "127" + "300626" + "10" + "0" + "BE12ZZZ0123456789".ljust(35) + "MANDATE-7"[:6]
    first = movement(1, DEBIT, sign="1", kind="1", text=text, more="1")
    second = place(p1="22", p3="0001", p7="0000", p11="E-7".ljust(29) + "ELECTRICITY JUNE")
    tables = tied(tmp_path, coda(head(), old(), first, second, new("000000000994750"), end(4, debit=DEBIT)))
    (line,) = tables["transactions"]
    assert (line["mandate_id"], line["remittance_text"]) == ("MANDATE-7", "ELECTRICITY JUNE")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PLAIN.replace(end(8, DEBIT, CREDIT), end(9, DEBIT, CREDIT)), "9 records"),
        (PLAIN.replace(end(8, DEBIT, CREDIT), end(8, DEBIT, "000000000012501")), "credits 12.501"),
        (PLAIN.replace(end(8, DEBIT, CREDIT), ""), "no trailer"),
        (PLAIN.replace(new("000000001007250"), ""), "no new balance"),
    ],
)
def test_a_trailer_that_does_not_hold_is_told(tmp_path, text, says):
    tables = tied(tmp_path, text)
    assert says in tables["statements"][0]["control_problem"]
    assert len(tables["transactions"]) == 2


def test_lines_without_their_blanks_at_the_end_are_read(tmp_path):
    short = "\n".join(line.rstrip() for line in PLAIN.split("\r\n"))
    assert [t["amount"] for t in tied(tmp_path, short)["transactions"]] == [Decimal("12.5"), Decimal("-5.25")]


def test_an_old_account_number_and_several_statements(tmp_path):
    belgian = place(
        p1="10", p3="124", p6="539007547034 EUR BE", p43="0", p44="000000001007250", p59="300626", p126="124"
    )
    tables = tied(
        tmp_path,
        PLAIN + coda(head(), belgian, movement(1, CREDIT), new("000000001019750"), end(3, credit=CREDIT)),
    )
    assert [s["account_number"] for s in tables["statements"]] == [IBAN, "539007547034"]


def test_a_movement_that_cannot_be_read_is_a_reject(tmp_path):
    bad = movement(1, "00000000001250X")
    tables = tied(tmp_path, coda(head(), old(), bad, movement(2, CREDIT), new("000000001012500"), end(4)))
    assert len(tables["rejects"]) == 1 and len(tables["transactions"]) == 1
