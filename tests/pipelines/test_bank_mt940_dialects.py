"""MT940 and MT942 as large banks write them, after their published format guides and specimen files."""

from datetime import UTC, date, datetime
from decimal import Decimal

import mt940 as library
import pytest
from bank_files import IBAN, bank_residuals, mt940, read


def statements(tmp_path, text):
    tables = read(tmp_path, text.replace("\n", "\r\n") if "\r" not in text else text)
    assert bank_residuals(tables) == {}
    assert tables["rejects"] == []
    return tables


def one(tmp_path, *fields):
    (line,) = statements(tmp_path, mt940(*fields))["transactions"]
    return line


ING = """{1:F01INGBNL2ABXXX0000000000}
{2:I940INGBNL2AXXXN}
{4:
:20:P260630000000001
:25:NL69INGB0123456789EUR
:28C:00000
:60F:C260629EUR662,23
:61:2606300630C1,56NTRFEREF//00000000001005
/TRCD/00100/
:86:/EREF/EV12341REP1231456T1234//CNTP/NL32INGB0000012345/INGBNL2
A/ING BANK NV INZAKE WEB///REMI/USTD//EV10001REP1000000T1000/
:61:2606300630D1,57NTRFPREF//00000000001006
/TRCD/00200/
:86:/PREF/M000000003333333//REMI/USTD//TOTAAL 1 VZ/
:62F:C260630EUR662,22
:64:C260630EUR662,22
:65:C260701EUR662,22
:86:/SUM/2/1/1,57/1,56/
-}"""


def test_ing_netherlands(tmp_path):
    tables = statements(tmp_path, ING)
    (statement,) = tables["statements"]
    assert (statement["account_number"], statement["account_currency"]) == ("NL69INGB0123456789", "EUR")
    credit, debit = tables["transactions"]
    assert (credit["amount"], debit["amount"]) == (Decimal("1.56"), Decimal("-1.57"))
    assert credit["counterparty_account"] == "NL32INGB0000012345"
    assert credit["counterparty_name"] == "ING BANK NV INZAKE WEB"
    assert credit["end_to_end_id"] == "EV12341REP1231456T1234"
    assert credit["servicer_reference"] == "00000000001005"
    assert debit["remittance_text"] == "TOTAAL 1 VZ"


RABOBANK = """:940:
:20:940S260630
:25:NL50RABO0123456789 EUR
:28C:26126
:60F:C260629EUR000000008042,55
:61:260630D000000000009,30N102EREF//0626000001
NL13RABO0987654321
:86:/EREF/10003/BENM//NAME/Wehkamp Finance/REMI/Factuur 23/ISDT/2026-06-30/CSID/NL99ZZZ123
:61:260630C000000000024,00N541NONREF
NL91ABNA0417164300
:86:/ORDP//NAME/J. Jansen/ADDR/Kerkstraat 1 Utrecht NL/REMI/Contributie 2026
/ISDT/2026-06-30
:62F:C260630EUR000000008057,25
"""


def test_rabobank(tmp_path):
    tables = statements(tmp_path, RABOBANK)
    assert tables["statements"][0]["account_number"] == "NL50RABO0123456789"
    first, second = tables["transactions"]
    assert (first["amount"], second["amount"]) == (Decimal("-9.30"), Decimal(24))
    assert (first["counterparty_name"], first["end_to_end_id"]) == ("Wehkamp Finance", "10003")
    assert first["bank_transaction_code"] == "N102"
    assert second["remittance_text"] == "Contributie 2026" and second["counterparty_name"] == "J. Jansen"
    assert second["additional_info"] == "NL91ABNA0417164300"
    (statement,) = tables["statements"]
    residual = (
        statement["opening_balance_amount"]
        + statement["movement_amount"]
        - statement["closing_balance_amount"]
    )
    assert residual == 0


ABN = """ABNANL2A
940
ABNANL2A
:20:ABN AMRO BANK NV
:25:500950253
:28:17401/1
:60F:C260629EUR1234,56
:61:2606300630D49,50N192NONREF
:86:GIRO   428428 KPN - DIGITENNE    BETALINGSKENM.  0000000042188659
5314606715
:61:2606300630D7,15N426NONREF
:86:/TRTP/SEPA OVERBOEKING/IBAN/NL42ABNA0428428428/BIC/ABNANL2A
/NAME/KPN - DIGITENNE/REMI/FACT 531/EREF/NOTPROVIDED
:62F:C260630EUR1177,91
-
"""


def test_abn_amro_old_and_new(tmp_path):
    tables = statements(tmp_path, ABN)
    assert tables["statements"][0]["account_number"] == "500950253"
    assert tables["statements"][0]["sequence_number"] == 17401
    old, new = tables["transactions"]
    assert old["remittance_text"].startswith("GIRO 428428 KPN - DIGITENNE BETALINGSKENM. 0000000042188659")
    assert (new["counterparty_account"], new["counterparty_name"]) == (
        "NL42ABNA0428428428",
        "KPN - DIGITENNE",
    )
    assert (new["remittance_text"], new["end_to_end_id"]) == ("FACT 531", None)


SPARKASSE = """:20:STARTUMSE
:25:73250000/0000012345
:28C:00000/001
:60F:C260629EUR4312,22
:61:2606290630DR2,63N033NONREF
:86:177?00ONLINE-UEBERWEISUNG?109310?20KREF+3010701182702CKTST0002
?2105?22SVWZ+Test+2?23KUNDENNUMMER  +65432?30BYLADEM1SBT?31DE42732500
000000012346?32KARL        KAUFMANN?34997
:61:2606300630CR1,00NTRFNONREF//2606300000001
:86:166?00GUTSCHR. UEBERW. DAUERAUFTR?20SVWZ+Miete?21IBAN: DE42732500000000012346?30BYLADEM1SBT?31DE42732500000000012346?32Erika Muster
:62F:C260630EUR4310,59
-
"""


def test_sparkasse(tmp_path):
    tables = statements(tmp_path, SPARKASSE)
    debit, credit = tables["transactions"]
    assert tables["statements"][0]["account_number"] == "73250000/0000012345"
    assert (debit["amount"], debit["booking_date"], debit["value_date"]) == (
        Decimal("-2.63"),
        date(2026, 6, 30),
        date(2026, 6, 29),
    )
    assert debit["remittance_text"] == "Test+2 KUNDENNUMMER +65432"
    assert debit["counterparty_name"] == "KARL KAUFMANN"
    assert debit["counterparty_account"] == "DE42732500000000012346"
    assert debit["additional_info"] == "ONLINE-UEBERWEISUNG"
    assert credit["servicer_reference"] == "2606300000001"


def test_statements_that_are_not_numbered_are_told_apart_by_their_day(tmp_path):
    days = SPARKASSE + SPARKASSE.replace("260630EUR4310,59", "260701EUR4310,59")
    ids = [statement["statement_id"] for statement in statements(tmp_path, days)["statements"]]
    assert ids == ["STARTUMSE 2026-06-30 00000/001", "STARTUMSE 2026-07-01 00000/001"]


def test_commerzbank_writes_subfields_without_a_code(tmp_path):
    line = one(
        tmp_path,
        ":61:2606300630D70,28NTRFNONREF//POS 1",
        ":86:?00LASTSCHRIFT?20EREF+E-7?21SVWZ+Strom?30COBADEFFXXX?32Stadtwerke",
    )
    assert (line["end_to_end_id"], line["remittance_text"]) == ("E-7", "Strom")
    assert (line["counterparty_name"], line["additional_info"]) == ("Stadtwerke", "LASTSCHRIFT")


def test_deutsche_bank_international(tmp_path):
    line = one(
        tmp_path,
        ":61:2606300630C1000,00FTRFNONREF//DB1\r\n/OCMT/USD1150,00/",
        ":86:/EREF/INV 77/ORDP//NAME/ACME INC/REMI/INVOICE 77/OCMT/USD1150,00/EXCH/1,15",
    )
    assert (line["original_amount"], line["original_currency"]) == (Decimal(1150), "USD")
    assert line["exchange_rate"] == Decimal("1.15") and line["counterparty_name"] == "ACME INC"


def test_bnp_paribas_fortis_and_danske_write_free_text(tmp_path):
    bnp = one(
        tmp_path,
        ":61:2606300630C25,00NTRFNONREF//0000001",
        ":86:VIREMENT EUROPEEN DE\r\nSA DUPONT\r\nCOMMUNICATION : FACTURE 12",
    )
    assert bnp["remittance_text"] == "VIREMENT EUROPEEN DE SA DUPONT COMMUNICATION : FACTURE 12"
    danske = one(tmp_path, ":61:2606300630C25,00NMSCFACT 7//0616", ":86:Overførsel fra Søren Æbelø")
    assert danske["remittance_text"] == "Overførsel fra Søren Æbelø"
    assert danske["customer_reference"] == "FACT 7"


def test_a_field_of_the_bank_own_does_not_run_into_the_one_before(tmp_path):
    tables = statements(tmp_path, mt940(":61:2606300630C5,00NTRFNONREF", ":86:Rent", ":19:5,00"))
    assert tables["transactions"][0]["remittance_text"] == "Rent"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("NTRFNONREF", ("NTRF", None, None)),
        ("NTRFNONREF//", ("NTRF", None, None)),
        ("NTRF//B1", ("NTRF", None, "B1")),
        ("S103INV 7//B1", ("S103", "INV 7", "B1")),
        ("N051KREF", ("N051", "KREF", None)),
        ("FMSCA/B/C//X/Y", ("FMSC", "A/B/C", "X/Y")),
        ("ref 12//B1", (None, "ref 12", "B1")),
        ("", (None, None, None)),
    ],
)
def test_references_of_field_61(tmp_path, field, expected):
    line = one(tmp_path, f":61:2606300630C5,00{field}")
    names = ("bank_transaction_code", "customer_reference", "servicer_reference")
    assert tuple(line[name] for name in names) == expected


@pytest.mark.parametrize(
    ("mark", "amount"),
    [("RCR", "-5"), ("RDR", "5"), ("DR", "-5"), ("CR", "5"), ("ED", "-5"), ("EC", "5"), ("RC", "-5")],
)
def test_marks_with_funds_codes_and_reversals(tmp_path, mark, amount):
    assert one(tmp_path, f":61:2606300630{mark}5,NTRFNONREF")["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    ("field", "account", "bic"),
    [
        (IBAN, IBAN, None),
        (f"{IBAN}EUR", IBAN, None),
        (f"{IBAN} EUR", IBAN, None),
        (f"{IBAN}/EUR", IBAN, None),
        (f"COBADEFFXXX/{IBAN}", IBAN, "COBADEFFXXX"),
        ("COBADEFF/123456789EUR", "123456789", "COBADEFF"),
        (f"{IBAN}\r\nCOBADEFFXXX", IBAN, "COBADEFFXXX"),
        ("12345678/0012345678", "12345678/0012345678", None),
        ("12345678/0012345678EUR", "12345678/0012345678", None),
        ("123ABC", "123ABC", None),
        ("GB41BARC20325363112345GBP", "GB41BARC20325363112345GBP", None),  # not the statement's currency
    ],
)
def test_account_with_bic_and_currency(tmp_path, field, account, bic):
    text = mt940(":61:2606300630C5,00NTRFNONREF").replace(f":25:{IBAN}", f":25:{field}")
    (statement,) = statements(tmp_path, text)["statements"]
    assert (statement["account_number"], statement["bank_bic"]) == (account, bic)


def test_the_field_25p_names_account_and_bank(tmp_path):
    text = mt940(":61:2606300630C5,00NTRFNONREF").replace(f":25:{IBAN}", f":25P:{IBAN}\r\nCOBADEFFXXX")
    (statement,) = statements(tmp_path, text)["statements"]
    assert (statement["account_number"], statement["bank_bic"]) == (IBAN, "COBADEFFXXX")


def test_a_statement_without_opening_balance_keeps_its_lines(tmp_path):
    text = mt940(":61:2606300630C5,00NTRFNONREF").replace(":60F:C260629EUR100,00\r\n", "")
    (statement,) = statements(tmp_path, text)["statements"]
    assert statement["opening_balance_amount"] is None and statement["closing_balance_amount"] == 100
    assert statement["account_currency"] == "EUR"


def test_without_any_balance_the_account_may_name_the_currency(tmp_path):
    text = f":20:X\r\n:25:{IBAN}EUR\r\n:28C:1\r\n:61:2606300630C5,00NTRFNONREF\r\n-\r\n"
    tables = statements(tmp_path, text)
    assert tables["transactions"][0]["currency"] == "EUR"


def test_a_statement_without_lines(tmp_path):
    tables = statements(tmp_path, mt940().replace("\r\n\r\n", "\r\n"))
    (statement,) = tables["statements"]
    assert (statement["line_count"], statement["movement_amount"]) == (0, 0)
    assert tables["transactions"] == []


@pytest.mark.parametrize("end", ["-", "-}", "-}{5:{CHK:123}}", "", "\r\n\r\n", "\x1a", "-\r\n\x00\x00"])
def test_any_terminator_or_none(tmp_path, end):
    text = mt940(":61:2606300630C5,00NTRFNONREF", ":86:Rent").removesuffix("-\r\n") + end
    tables = statements(tmp_path, text)
    assert tables["statements"][0]["closing_balance_amount"] == 100


def test_information_on_the_statement_is_not_of_its_last_line(tmp_path):
    text = mt940(":61:2606300630C5,00NTRFNONREF", ":86:Rent").replace(
        "\r\n-\r\n", "\r\n:86:Interest rate 1,5\r\n-\r\n"
    )
    assert statements(tmp_path, text)["transactions"][0]["remittance_text"] == "Rent"
    early = mt940(":86:Welcome", ":61:2606300630C5,00NTRFNONREF")
    assert statements(tmp_path, early)["transactions"][0]["remittance_text"] is None


MT942 = """:20:INTRADAY1
:25:{iban}
:28C:00123/001
:34F:EURD0,
:34F:EURC0,
:13D:2606301415+0200
:61:2606300630C5,00NTRFNONREF
:86:Rent
:61:2606300630D1,50NTRFNONREF
:90D:{debits}EUR1,50
:90C:1EUR5,00
-
"""


def test_mt942_declares_its_lines(tmp_path):
    tables = statements(tmp_path, MT942.format(iban=IBAN, debits=1))
    (statement,) = tables["statements"]
    assert statement["format"] == "mt942" == tables["files"][0]["format"]
    assert (statement["declared_entry_count"], statement["declared_net_amount"]) == (2, Decimal("3.50"))
    assert statement["created_at"] == datetime(2026, 6, 30, 12, 15, tzinfo=UTC)
    assert statement["opening_balance_amount"] is None and statement["account_currency"] == "EUR"
    assert [line["amount"] for line in tables["transactions"]] == [5, Decimal("-1.5")]


def test_mt942_without_floor_limit_takes_the_currency_of_its_sums(tmp_path):
    text = MT942.format(iban=IBAN, debits=1).replace(":34F:EURD0,\n:34F:EURC0,\n", "")
    assert statements(tmp_path, text)["transactions"][0]["currency"] == "EUR"


# --- why not the library: what the docstring of pipelines.bank.mt940 says of it ------------------------


def test_mt940_reference_library(tmp_path):
    """Merged statements, signs of reversals, marks other than `?`."""
    first = mt940(":61:2606300630RC5,00NTRFNONREF", ":86:166<00GUTSCHRIFT<20Rent", closing="C260630EUR95,00")
    second = mt940(":61:2606300630C7,00NTRFNONREF", opening="C260630EUR95,00", closing="C260630EUR102,00")
    theirs = library.parse(first + second)
    assert str(theirs.data["final_opening_balance"].amount.amount) == "95.00"  # the first, 100.00, is gone
    assert theirs[0].data["amount"].amount == 5  # a credit taken back, as if it came in
    assert "purpose" not in theirs[0].data
    ours = statements(tmp_path, first + second)
    assert [s["opening_balance_amount"] for s in ours["statements"]] == [100, 95]
    assert [line["amount"] for line in ours["transactions"]] == [-5, 7]
    assert ours["transactions"][0]["remittance_text"] == "Rent"
