"""MT940: the statement line and the information field, in the dialects of the banks."""

from datetime import date
from decimal import Decimal

import pytest
from bank_files import IBAN, bank_residuals, mt940, read


def only(rows):
    assert len(rows) == 1, rows
    return rows[0]


def line(tmp_path, *fields):
    return only(read(tmp_path, mt940(*fields))["transactions"])


def information(tmp_path, text):
    return line(tmp_path, ":61:2606300630C1,00NTRFNONREF", f":86:{text}")


@pytest.mark.parametrize(
    ("mark", "amount", "is_reversal"),
    [
        ("C", "12.5", False),
        ("D", "-12.5", False),
        ("RC", "-12.5", True),
        ("RD", "12.5", True),
        ("CR", "12.5", False),
    ],
)
def test_the_mark_gives_the_sign_and_a_reversal_turns_it(tmp_path, mark, amount, is_reversal):
    read_line = line(tmp_path, f":61:2606300630{mark}12,5NTRFNONREF//B1")
    assert (read_line["amount"], read_line["is_reversal"]) == (Decimal(amount), is_reversal)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0,01", "0.01"),
        ("100,", "100"),
        (",5", "0.5"),
        ("000000000012,34", "12.34"),
        ("7", "7"),
        ("1,234", "1.234"),
    ],
)
def test_amounts_have_a_decimal_comma(tmp_path, written, amount):
    assert line(tmp_path, f":61:260630C{written}NTRFNONREF")["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    ("dates", "booking", "value"),
    [
        ("2606300630", date(2026, 6, 30), date(2026, 6, 30)),
        ("260630", date(2026, 6, 30), date(2026, 6, 30)),
        ("2601021231", date(2025, 12, 31), date(2026, 1, 2)),
        ("2512310102", date(2026, 1, 2), date(2025, 12, 31)),
        ("2802290229", date(2028, 2, 29), date(2028, 2, 29)),
        ("2602300302", date(2026, 3, 2), date(2026, 2, 28)),
    ],
    ids=[
        "both",
        "no entry date",
        "booked last year",
        "booked next year",
        "leap day",
        "30 February as value date",
    ],
)
def test_an_entry_date_takes_the_year_nearest_to_the_value_date(tmp_path, dates, booking, value):
    read_line = line(tmp_path, f":61:{dates}C1,00NTRFNONREF")
    assert (read_line["booking_date"], read_line["value_date"]) == (booking, value)


def test_references_type_and_supplementary_details(tmp_path):
    read_line = line(
        tmp_path, ":61:2606300630C4873,36NTRFINV-77//B-123\r\n/OCMT/KWD1612,634/EXCH/3,02/CHGS/GBP8,00"
    )
    assert (read_line["customer_reference"], read_line["servicer_reference"]) == ("INV-77", "B-123")
    assert read_line["bank_transaction_code"] == "NTRF"
    assert (read_line["original_amount"], read_line["original_currency"]) == (Decimal("1612.634"), "KWD")
    assert (read_line["charges_amount"], read_line["charges_currency"]) == (Decimal(8), "GBP")
    assert read_line["exchange_rate"] == Decimal("3.02")


def test_german_subfields_with_sepa_tags(tmp_path):
    read_line = information(
        tmp_path,
        "166?00GUTSCHRIFT?109310?20EREF+RE-2026-0815?21MREF+M-7?22SVWZ+Rechnung RE-2026-0815\r\n"
        "?23vielen Dank?30COBADEFFXXX?31DE12500105170648489890?32Acme Handelsgesellschaft mb?33H & Co?34011",
    )
    assert (read_line["end_to_end_id"], read_line["mandate_id"]) == ("RE-2026-0815", "M-7")
    assert read_line["remittance_text"] == "Rechnung RE-2026-0815 vielen Dank"
    assert read_line["counterparty_name"] == "Acme Handelsgesellschaft mbH & Co"
    assert (read_line["counterparty_account"], read_line["counterparty_bank"]) == (
        "DE12500105170648489890",
        "COBADEFFXXX",
    )
    assert (read_line["proprietary_code"], read_line["additional_info"]) == ("166", "GUTSCHRIFT")


def test_full_subfields_go_on_without_a_blank(tmp_path):
    read_line = information(tmp_path, "166?20SVWZ+Invoices: RE-2026-0081?215 and RE-2026-00816")
    assert read_line["remittance_text"] == "Invoices: RE-2026-00815 and RE-2026-00816"


@pytest.mark.parametrize("mark", ["?", "<", ">", "~", "^"])
def test_subfields_with_other_marks(tmp_path, mark):
    read_line = information(
        tmp_path,
        f"020{mark}00Przelew{mark}20Faktura 12/2026{mark}32JAN KOWALSKI{mark}38PL61109010140000071219812874",
    )
    assert (read_line["remittance_text"], read_line["counterparty_name"]) == (
        "Faktura 12/2026",
        "JAN KOWALSKI",
    )
    assert read_line["counterparty_account"] == "PL61109010140000071219812874"


def test_dutch_slashed_information_of_ing(tmp_path):
    read_line = information(
        tmp_path,
        "/EREF/EV12341REP1231456T1234//CNTP/NL32INGB0000012345/INGBNL2A/ING BANK N\r\nV/AMSTERDAM///REMI/USTD//EV10001REP1000000T1000/",
    )
    assert read_line["end_to_end_id"] == "EV12341REP1231456T1234"
    assert read_line["counterparty_account"] == "NL32INGB0000012345"
    assert (read_line["counterparty_bank"], read_line["counterparty_name"]) == ("INGBNL2A", "ING BANK NV")
    assert read_line["remittance_text"] == "EV10001REP1000000T1000"


def test_dutch_slashed_information_of_abn_amro_and_rabobank(tmp_path):
    abn = information(
        tmp_path,
        "/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/J. JANS\r\nEN/REMI/factuur 2026-12/EREF/NOTPROVIDED",
    )
    assert (abn["counterparty_name"], abn["counterparty_account"]) == ("J. JANSEN", "NL91ABNA0417164300")
    assert (abn["remittance_text"], abn["end_to_end_id"]) == ("factuur 2026-12", None)
    rabo = information(tmp_path, "/MARF/MND-1/EREF/E-1/BENM//NAME/Energie BV/REMI/STRD/CUR/9001200000000000")
    assert (rabo["mandate_id"], rabo["counterparty_name"]) == ("MND-1", "Energie BV")
    assert (rabo["structured_reference"], rabo["remittance_text"]) == ("9001200000000000", None)


def test_free_text_is_remittance(tmp_path):
    read_line = information(tmp_path, "PAYMENT FROM ACME LTD\r\nINVOICE 4711")
    assert read_line["remittance_text"] == "PAYMENT FROM ACME LTD INVOICE 4711"


def test_several_statements_with_swift_envelopes(tmp_path):
    envelope = "{1:F01NORDDEHHAXXX0000000000}{2:O9401200260630COBADEFFAXXX00000000002606301200N}{4:\r\n"
    message = envelope + mt940(":61:2606300630C5,00NTRFNONREF").replace("\r\n-\r\n", "\r\n-}{5:{CHK:0}}\r\n")
    other = message.replace("STM26001", "STM26002").replace("00012/001", "00013/001").replace("EUR", "USD")
    tables = read(tmp_path, message + other)
    assert [s["statement_id"] for s in tables["statements"]] == ["STM26001 00012/001", "STM26002 00013/001"]
    assert [s["bank_bic"] for s in tables["statements"]] == ["COBADEFFXXX", "COBADEFFXXX"]
    assert [t["currency"] for t in tables["transactions"]] == ["EUR", "USD"]
    assert bank_residuals(tables) == {}


def test_balances_of_first_and_following_pages(tmp_path):
    text = mt940(":61:2606300630C5,00NTRFNONREF", opening="D260629EUR100,00", closing="C260630EUR0,00")
    statement = only(read(tmp_path, text)["statements"])
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == (
        Decimal(-100),
        Decimal(0),
    )
    assert (statement["sequence_number"], statement["page_number"], statement["is_last_page"]) == (
        12,
        1,
        True,
    )
    page = only(read(tmp_path, text.replace("60F", "60M").replace("62F", "62M"))["statements"])
    assert (page["is_intermediate"], page["is_last_page"]) == (True, False)


def test_a_constant_reference_gets_the_year_so_that_january_is_not_last_january(tmp_path):
    text = mt940(":61:2606300630C5,00NTRFNONREF").replace("STM26001", "STARTUMSE")
    assert only(read(tmp_path, text)["statements"])["statement_id"] == "STARTUMSE 2026 00012/001"


def test_equal_lines_on_two_pages_are_two_payments(tmp_path):
    page = mt940(":61:2606300630C5,00NTRFNONREF")
    both = page.replace("62F", "62M") + page.replace("/001", "/002").replace("60F", "60M")
    assert len({row["transaction_id"] for row in read(tmp_path, both)["transactions"]}) == 2


@pytest.mark.parametrize("account", ["12345678/0012345678", f"{IBAN}EUR", "de89 3704 0044 0532 0130 00"])
def test_accounts_are_one_key(tmp_path, account):
    tables = read(tmp_path, mt940(":61:2606300630C5,00NTRFNONREF").replace(IBAN, account))
    expected = account if "/" in account else IBAN
    assert only(tables["statements"])["account_number"] == expected


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (":61:2606300630C12.34.56NTRF", None),
        (":61:2606300630X12,34NTRFNONREF", "amount"),
        (":61:no line at all", "amount"),
        (":61:2613310630C12,00NTRFNONREF", None),
        (":61:261331C12,00NTRFNONREF", "booking_date"),
        (":61:260630C12,34567NTRFNONREF", "amount"),
    ],
)
def test_a_line_that_cannot_be_read_is_a_reject_and_the_rest_goes_on(tmp_path, broken, field):
    tables = read(
        tmp_path, mt940(":61:2606300630C1,00NTRFNONREF", broken, ":86:text", ":61:260630D2,00NTRFNONREF")
    )
    amounts = [row["amount"] for row in tables["transactions"]]
    assert amounts[0] == Decimal(1) and amounts[-1] == Decimal(-2)
    assert bank_residuals(tables) == {}
    if field:
        reject = only(tables["rejects"])
        assert (reject["field"], reject["source_position"]) == (field, 2)
        assert "text" in reject["payload"]


def test_a_line_without_currency_or_account_is_a_reject(tmp_path):
    text = ":20:X1\r\n:25:\r\n:28C:1\r\n:61:260630D2,00NTRFNONREF\r\n-\r\n"
    tables = read(tmp_path, text)
    assert tables["transactions"] == [] and tables["statements"] == []
    assert {row["stream"] for row in tables["rejects"]} == {"bank_transactions", "bank_statements"}
    assert bank_residuals(tables) == {}


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_encodings_and_line_ends(tmp_path, codec, end):
    text = mt940(":61:2606300630C5,00NTRFNONREF", ":86:Zahlung Müller").replace("\r\n", end)
    assert only(read(tmp_path, text.encode(codec))["transactions"])["remittance_text"] == "Zahlung Müller"


def test_long_files_are_read_in_stretches_without_a_seam(tmp_path, monkeypatch):
    fields = []
    for n in range(1, 40):
        fields.append(f":61:2606300630C{n},00NTRFREF{n}//B{n}\r\nmore {n}")
        fields.append(
            f":86:166?20EREF+E{n}?21SVWZ+Invoice {n}?32Name {n}"
            if n % 3
            else f":86:/EREF/E{n}/REMI/Invoice {n}"
        )
    text = mt940(*fields[:-1])
    whole = read(tmp_path, text)["transactions"]
    monkeypatch.setattr("pipelines.bank.mt940._STRETCH", 7)
    cut = read(tmp_path, text)["transactions"]
    assert [{**row, "load_id": ""} for row in cut] == [{**row, "load_id": ""} for row in whole]
    assert [row["end_to_end_id"] for row in whole] == [f"E{n}" for n in range(1, 39)] + [None]
