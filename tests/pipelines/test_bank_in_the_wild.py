"""What banks really send and no standard says: headers left out, lines run together, marks where none belong."""

from datetime import date
from decimal import Decimal

import pytest
from bank_files import bank_residuals, camt, details, entry, mt940, read
from test_bank_bai2 import bai2
from test_bank_coda import PLAIN
from test_bank_ofx import SGML

from pipelines.inspection import inspect


def one(tmp_path, content):
    tables = read(tmp_path, content)
    assert bank_residuals(tables) == {}
    return tables


# --- MT940 ----------------------------------------------------------------------------------------


def test_a_time_wrapped_before_its_minutes_is_text_and_no_field(tmp_path):
    tables = one(
        tmp_path,
        mt940(
            ":61:2606300630C5,00NTRFNONREF",
            ":86:card payment 16",
            ":26:37 at the till",
            ":61:2606300630C6,00NTRF",
            ":86:08",
            ":20:15 again",
        ),
    )
    assert [row["remittance_text"] for row in tables["transactions"]] == [
        "card payment 16:26:37 at the till",
        "08:20:15 again",
    ]
    assert len(tables["statements"]) == 1


@pytest.mark.parametrize(
    ("written", "amount"),
    [("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("12.345.678,9", "12345678.9"), ("1.234", "1.234")],
)
def test_grouped_amounts_are_whole_and_not_their_first_group(tmp_path, written, amount):
    tables = one(tmp_path, mt940(f":61:2606300630C{written}NTRFNONREF", opening=f"C260629EUR{written}"))
    assert [row["amount"] for row in tables["transactions"]] == [Decimal(amount)]
    assert tables["statements"][0]["opening_balance_amount"] == Decimal(amount)


def test_an_amount_with_marks_in_the_wrong_places_is_refused_and_not_cut(tmp_path):
    tables = one(tmp_path, mt940(":61:2606300630C1,23,45NTRFNONREF"))
    assert tables["transactions"] == [] and "unusable amount" in tables["rejects"][0]["message"]


def test_statements_without_field_20_begin_at_field_25(tmp_path):
    text = mt940(":61:2606300630C5,00NTRFNONREF").replace(":20:STM26001\r\n", "")
    assert [row["amount"] for row in one(tmp_path, ":940:\r\n" + text + text)["transactions"]] == [5, 5]


def test_the_other_account_below_field_61_is_read(tmp_path):
    tables = one(
        tmp_path,
        mt940(":61:2606300630C5,00N541EREF", "NL69INGB0123456789", ":86:/EREF/1/BENM//NAME/Shop/REMI/x"),
    )
    assert tables["transactions"][0]["counterparty_account"] == "NL69INGB0123456789"


@pytest.mark.parametrize(
    ("line", "booked", "type_", "reference"),
    [
        (":61:260630    D5,00NOVBNL47", date(2026, 6, 30), "NOVB", "NL47"),  # ASN: blanks for the entry date
        (":61:260630    DD5,00NMSCNONREF//", date(2026, 6, 30), "NMSC", None),  # Citi, with a funds code
        (":61:2606300630D5,00 NTRFREF1", date(2026, 6, 30), "NTRF", "REF1"),
        (":61:2606300701D5,00NONREF", date(2026, 7, 1), None, None),  # Penta: no type at all
        (":61:2606300630DF5,00S   X", date(2026, 6, 30), "S", "X"),  # Sberbank: a type of one letter
        (":61:2606300630D5,00MCI0REF1", date(2026, 6, 30), "MCI0", "REF1"),
    ],
)
def test_field_61_with_blanks_or_without_its_type(tmp_path, line, booked, type_, reference):
    (row,) = one(tmp_path, mt940(line))["transactions"]
    assert (row["amount"], row["booking_date"]) == (Decimal(-5), booked)
    assert (row["bank_transaction_code"], row["customer_reference"]) == (type_, reference)


def test_a_value_day_of_a_month_of_thirty_days_is_the_last_of_the_month(tmp_path):
    (row,) = one(tmp_path, mt940(":61:2602300301D6,00N024NONREF"))["transactions"]
    assert (row["value_date"], row["booking_date"]) == (date(2026, 2, 28), date(2026, 3, 1))


@pytest.mark.parametrize("written", ["260232", "261330", "260200"])
def test_a_day_that_no_month_has_is_refused(tmp_path, written):
    tables = one(tmp_path, mt940(f":61:{written}D6,00N024NONREF"))
    assert tables["transactions"] == [] and "booking date" in tables["rejects"][0]["message"]


# --- camt -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name"),
    [("Smith & Sons", "Smith & Sons"), ("A &amp; B & C", "A & B & C"), ("Gr\x1fün", "Gr ün")],
)
def test_a_bare_ampersand_or_control_character_costs_no_statement(tmp_path, written, name):
    party = f"<RltdPties><Dbtr><Nm>{written}</Nm></Dbtr></RltdPties>"
    tables = one(tmp_path, camt(entry("5.00", after=details(party))))
    assert [row["counterparty_name"] for row in tables["transactions"]] == [name]
    assert "put right" in tables["files"][0]["recognised_by"]


@pytest.mark.parametrize(
    ("message", "container", "statement"),
    [("053", "BkToCstmrStmt", "Stmt"), ("052", "BkToCstmrAcctRpt", "Rpt"), ("054", "BkToCstmrDbtCdtNtfctn", "Ntfctn")],
)  # fmt: skip
def test_the_first_version_of_the_messages(tmp_path, message, container, statement):
    party = "<Refs><EndToEndId>E1</EndToEndId></Refs><RltdPties><Dbtr><Nm>MUELLER</Nm></Dbtr></RltdPties>"
    payment = f"<Btch><PmtInfId>P1</PmtInfId></Btch><TxDtls>{party}</TxDtls>"
    text = camt(
        entry("5.00", after=payment).replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>"), version="01"
    )
    text = text.replace("BkToCstmrStmt", f"{container}V01").replace("camt.053", f"camt.{message}")
    text = text.replace("<Stmt>", f"<{statement}>").replace("</Stmt>", f"</{statement}>")
    tables = one(tmp_path, text.replace("<IBAN>", "<PrtryAcct><Id>").replace("</IBAN>", "</Id></PrtryAcct>"))
    assert tables["files"][0]["format"] == f"camt.{message}.001.01"
    (row,) = tables["transactions"]
    assert (row["amount"], row["counterparty_name"], row["end_to_end_id"]) == (5, "MUELLER", "E1")
    assert (row["payment_information_id"], row["account_number"]) == ("P1", "DE89370400440532013000")


def test_documents_one_after_another_are_all_read(tmp_path):
    tables = one(tmp_path, camt(entry("1.00")) + "\n" + camt(entry("2.00")))
    assert [row["amount"] for row in tables["transactions"]] == [1, 2]


def test_a_statement_and_a_report_in_one_envelope_are_both_read(tmp_path):
    report = camt(entry("2.00")).partition("?>")[2].replace("camt.053", "camt.052")
    report = report.replace("BkToCstmrStmt", "BkToCstmrAcctRpt").replace("Stmt>", "Rpt>")
    tables = one(tmp_path, "<Envelope>" + camt(entry("1.00")).partition("?>")[2] + report + "</Envelope>")
    assert [row["amount"] for row in tables["transactions"]] == [1, 2]
    assert len(tables["statements"]) == 2


# --- BAI2 -----------------------------------------------------------------------------------------

_RECORDS = ("16,165,12550,0,B1,C1,TEXT/WITH 16/A SLASH/", "16,475,500,0,B2,1001,CHECK/")


@pytest.mark.parametrize("how", ["one after another", "padded to 80"])
def test_bai2_without_line_ends(tmp_path, how):
    lines = bai2(*_RECORDS).split()
    lines = bai2(*_RECORDS).strip().split("\n")
    content = "".join(lines) if how == "one after another" else "".join(line.ljust(80) for line in lines)
    tables = one(tmp_path, content)
    assert [row["amount"] for row in tables["transactions"]] == [Decimal("125.5"), Decimal(-5)]
    assert tables["transactions"][0]["remittance_text"] == "TEXT/WITH 16/A SLASH"
    assert tables["statements"][0]["control_problem"] is None


def test_bai2_with_several_records_in_some_of_its_lines(tmp_path):
    lines = bai2("16,165,12550,0,B1,C1,PAID 12/16,300 TIMES/", *_RECORDS[1:]).strip().split("\n")
    content = "\n".join(["   ".join(lines[:2]), lines[2], "".join(lines[3:5]), "  ".join(lines[5:])])
    tables = one(tmp_path, content)
    assert [row["amount"] for row in tables["transactions"]] == [Decimal("125.5"), Decimal(-5)]
    assert tables["transactions"][0]["remittance_text"] == "PAID 12/16,300 TIMES"
    assert tables["statements"][0]["control_problem"] is None


def test_a_comma_too_many_before_a_continuation_shifts_no_field(tmp_path):
    text = bai2(*_RECORDS, summary="010,100000,,,015,112050,,,")
    text = text.replace("015,112050,,,/", "015,112050,,,/\n88,040,7,,,045,8,,/").replace(
        "49,225100,4", "49,225115,5"
    )
    statement = one(tmp_path, text)["statements"][0]
    assert "account" not in (statement["control_problem"] or "")


def test_a_control_total_that_differs_carries_its_amount(tmp_path):
    statement = one(tmp_path, bai2(*_RECORDS, declared=225_000))["statements"][0]
    assert statement["control_residual_amount"] == Decimal("-1.00")
    assert "account control total 225000" in statement["control_problem"]


# --- CODA -----------------------------------------------------------------------------------------


def test_free_messages_are_not_in_the_count_of_the_trailer(tmp_path):
    lines = PLAIN.replace("\r\n", "\n").rstrip("\n").split("\n")
    message = "4 00010000                      A MESSAGE OF THE BANK".ljust(127) + "0"
    tables = one(tmp_path, "\n".join([*lines[:-1], message, lines[-1]]) + "\n")
    assert tables["statements"][0]["control_problem"] is None


# --- OFX ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["OFXHEADER", "<OFX>", "<BANKMSGSRSV1>"])
def test_ofx_without_its_frame_is_read(tmp_path, cut):
    text = SGML[SGML.index("<OFX>") :] if cut == "OFXHEADER" else SGML[SGML.index(cut) + len(cut) :]
    assert len(one(tmp_path, text)["transactions"]) == len(one(tmp_path, SGML)["transactions"])


def test_ofx_texts_in_cdata_are_read_and_their_marks_are_text(tmp_path):
    text = SGML.replace("<NAME>", "<NAME><![CDATA[A & B <STMTTRN> ", 1).replace(
        "<MEMO>", "]]></NAME><MEMO>", 1
    )
    (first, *_) = one(tmp_path, text)["transactions"]
    assert first["counterparty_name"].startswith("A & B <STMTTRN>")
    assert len(one(tmp_path, text)["transactions"]) == len(one(tmp_path, SGML)["transactions"])


INVESTMENTS = """<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><DTASOF>20260630<CURDEF>USD<INVACCTFROM><BROKERID>b<ACCTID>77</INVACCTFROM>
<INVTRANLIST><DTSTART>20260601<DTEND>20260630
<BUYSTOCK><INVBUY><INVTRAN><FITID>T1<DTTRADE>20260615000000.000[-4:EDT]<DTSETTLE>20260617<MEMO>BOUGHT</INVTRAN><SECID><UNIQUEID>US1</SECID>
<UNITS>+100<TOTAL>-00000000002571.4500<CURRENCY><CURRATE>1.00<CURSYM>USD</CURRENCY></INVBUY><BUYTYPE>BUY   </BUYSTOCK>
<INCOME><INVTRAN><FITID>T2<DTTRADE>20260620<MEMO>DIVIDEND</INVTRAN><INCOMETYPE>DIV<TOTAL>5.53</INCOME>
<REINVEST><INVTRAN><FITID>T3<DTTRADE>20260621</INVTRAN><TOTAL>-5.53</REINVEST>
<INVBANKTRAN><STMTTRN><TRNTYPE>DEP<DTPOSTED>20260630<TRNAMT>0.24<FITID>T4<NAME>INTEREST</STMTTRN><SUBACCTFUND>CASH</INVBANKTRAN>
</INVTRANLIST><INVPOSLIST><POSSTOCK><INVPOS><UNITS>1<MKTVAL>9</INVPOS></POSSTOCK></INVPOSLIST></INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1></OFX>"""


def test_trades_move_the_cash_of_an_investment_account_and_reinvestments_do_not(tmp_path):
    tables = one(tmp_path, INVESTMENTS)
    rows = tables["transactions"]
    assert [(row["amount"], row["bank_transaction_code"]) for row in rows] == [
        (Decimal("-2571.45"), "BUYSTOCK"),
        (Decimal("5.53"), "INCOME"),
        (Decimal("0.24"), "DEP"),
    ]
    assert (rows[0]["booking_date"], rows[0]["value_date"]) == (date(2026, 6, 15), date(2026, 6, 17))
    assert [(row["field"], row["occurrences"]) for row in tables["schema_drift"]] == [
        ("INVTRANLIST/REINVEST", 1)
    ]


# --- QIF ------------------------------------------------------------------------------------------


def qif(*days: str) -> str:
    return "# exported\n\n!Type:Bank\n" + "".join(f"D{day}\nT{n + 1}.00\n^\n" for n, day in enumerate(days))


@pytest.mark.parametrize(
    ("days", "first"),
    [
        (("1/2/2026", "2/2/2026", "1/3/2026"), date(2026, 2, 1)),  # rises day first only
        (("3/1/2026", "2/2/2026", "2/1/2026"), date(2026, 3, 1)),  # falls month first only
    ],
)
def test_the_direction_of_the_lines_tells_the_order_of_a_date(tmp_path, days, first):
    assert one(tmp_path, qif(*days))["transactions"][0]["booking_date"] == first


def test_dates_that_rise_both_ways_are_refused(tmp_path):
    tables = one(tmp_path, qif("1/2/2026", "2/3/2026", "3/4/2026"))
    assert "month first or day first" in tables["rejects"][0]["message"]


# --- identifiers ----------------------------------------------------------------------------------


def test_a_wrong_iban_or_bic_is_told_and_kept(tmp_path):
    party = "<Dbtr><Nm>A</Nm></Dbtr><DbtrAcct><Id><IBAN>DE88370400440532013000</IBAN></Id></DbtrAcct>"
    agent = "<RltdAgts><DbtrAgt><FinInstnId><BICFI>COBAQQFFXXX</BICFI></FinInstnId></DbtrAgt></RltdAgts>"
    content = camt(entry("5.00", after=details(f"<RltdPties>{party}</RltdPties>{agent}")))
    tables = one(tmp_path, content)
    assert tables["transactions"][0]["counterparty_account"] == "DE88370400440532013000"
    assert [row["field"] for row in tables["schema_drift"]] == [
        "counterparty_account (not a valid IBAN, kept as it is)",
        "counterparty_bank (not a valid BIC, kept as it is)",
    ]
    path = tmp_path / "statement.xml"
    path.write_text(content)
    assert {"invalid_iban", "invalid_bic"} <= {problem.code for problem in inspect(path).problems}
