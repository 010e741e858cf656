"""OFX 1.x, 2.x and QFX: unclosed tags, cards, time zones, several statements."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from bank_files import bank_residuals, read

HEADER = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\n\n"
SGML = (
    HEADER
    + """<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260701080000[-5:EST]
<LANGUAGE>ENG<FI><ORG>Big Bank<FID>12</FI><INTU.BID>12</SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS>
<STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>121000248<ACCTID>00 1234567<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260601<DTEND>20260630235959
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260629120000.000[-5:EST]<TRNAMT>-23.99<FITID>F1<CHECKNUM>1001<NAME>AT&amp;T Mobility<MEMO>Phone &lt;June&gt;
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260630<DTAVAIL>20260701<TRNAMT>1,250.00<FITID>F2<NAME>ACME<MEMO>
<BANKACCTTO><BANKID>99<ACCTID>77<ACCTTYPE>CHECKING</BANKACCTTO></STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>5000.01<DTASOF>20260630</LEDGERBAL><AVAILBAL><BALAMT>4000<DTASOF>20260630</AVAILBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1>
<CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>EUR<CCACCTFROM><ACCTID>4111********1111</CCACCTFROM>
<BANKTRANLIST><DTSTART>20260601<DTEND>20260630
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260615<TRNAMT>-10,50<FITID>C1<NAME>Hotel<CURRENCY><CURRATE>1.10<CURSYM>USD</CURRENCY></STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>-10.50<DTASOF>20260630</LEDGERBAL></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>
"""
)
XML = """<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE"?>
<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR</CURDEF><BANKACCTFROM><BANKID>1</BANKID><ACCTID>DE89370400440532013000</ACCTID>
</BANKACCTFROM><BANKTRANLIST><DTSTART>20260601</DTSTART><DTEND>20260630</DTEND>
<STMTTRN><TRNTYPE>XFER</TRNTYPE><DTPOSTED>20260630</DTPOSTED><TRNAMT>+7.5</TRNAMT><FITID>X1</FITID>
<PAYEE><NAME>M&#252;ller</NAME></PAYEE><MEMO></MEMO></STMTTRN></BANKTRANLIST>
<LEDGERBAL><BALAMT>7.50</BALAMT><DTASOF>20260630</DTASOF></LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""


def tied(tmp_path, text):
    tables = read(tmp_path, text)
    assert bank_residuals(tables) == {}
    return tables


def test_sgml_without_end_tags_of_bank_and_card(tmp_path):
    tables = tied(tmp_path, SGML)
    bank, card = tables["statements"]
    assert (bank["format"], bank["account_number"], bank["account_currency"]) == ("ofx.1", "001234567", "USD")
    assert (bank["closing_balance_amount"], bank["opening_balance_amount"]) == (Decimal("5000.01"), None)
    assert (bank["from_date"], bank["to_date"]) == (date(2026, 6, 1), date(2026, 6, 30))
    assert bank["created_at"] == datetime(2026, 7, 1, 13, tzinfo=UTC)
    debit, credit, hotel = tables["transactions"]
    assert (debit["amount"], debit["counterparty_name"]) == (Decimal("-23.99"), "AT&T Mobility")
    assert (debit["remittance_text"], debit["servicer_reference"]) == ("Phone <June>", "F1")
    assert (debit["booking_date"], debit["customer_reference"]) == (date(2026, 6, 29), "1001")
    assert (credit["amount"], credit["value_date"]) == (1250, date(2026, 7, 1))
    assert (credit["counterparty_account"], credit["remittance_text"]) == ("77", None)
    assert (hotel["amount"], hotel["currency"]) == (Decimal("-10.5"), "USD")
    assert card["account_currency"] == "EUR" and card["line_count"] == 1


def test_xml(tmp_path):
    tables = tied(tmp_path, XML)
    (line,) = tables["transactions"]
    assert tables["files"][0]["format"] == "ofx.2"
    assert (line["amount"], line["counterparty_name"], line["currency"]) == (Decimal("7.5"), "Müller", "EUR")


def test_qfx_is_ofx(tmp_path):
    assert tied(tmp_path, SGML.replace("<INTU.BID>12", "<INTU.BID>12<INTU.USERID>me"))["transactions"]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("-1.5", "-1.5"),
        ("+1.50", "1.5"),
        ("1,50", "1.5"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        (".5", "0.5"),
        ("7", "7"),
    ],
)
def test_amounts(tmp_path, written, amount):
    assert tied(tmp_path, XML.replace("+7.5", written))["transactions"][0]["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    ("field", "value"), [("TRNAMT", "1e5"), ("TRNAMT", ""), ("DTPOSTED", "20261399"), ("CURDEF", "")]
)
def test_a_line_that_cannot_be_read_is_a_reject(tmp_path, field, value):
    import re

    tables = tied(tmp_path, re.sub(rf"<{field}>[^<]*", f"<{field}>{value}", XML))
    assert len(tables["rejects"]) == 1 and tables["transactions"] == []


def test_entities_are_not_expanded(tmp_path):
    evil = XML.replace("<OFX>", '<!DOCTYPE OFX [<!ENTITY x SYSTEM "file:///etc/passwd">]><OFX>', 1)
    (line,) = tied(tmp_path, evil.replace("M&#252;ller", "&x;"))["transactions"]
    assert line["counterparty_name"] == "&x;"
