"""A company of one's own, as the README says: `tieout init`, plain CSV files, one `tieout run`."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Done, Installation

sys.path.append(str(Path(__file__).parents[1] / "pipelines"))
from einvoice_files import Line, Model, Party, cii, ubl
from payment_file_texts import pain001, pain002

pytestmark = pytest.mark.slow

BANK = "NL36INGB0007654321"
HOTEL, PRINTER = "NL61RABO0101010101", "NL20INGB0001234567"

# A vendor's bill in two syntaxes (one document), a bill that does not add up, and one for somebody else.
BILL = Model(
    number="K-9",
    issued=date(2026, 6, 10),
    due=date(2026, 7, 10),
    seller=Party("Koffiebranderij Zuid", "NL", "NL001234567B01"),
    buyer=Party("KADE & LINDE BV", "NL"),
    lines=(Line("1", "Koffie", Decimal(20), Decimal("12.50"), Decimal(9)), Line("2", "Filters", Decimal(3), Decimal("3.33"), Decimal(21))),
    order=None,
)  # fmt: skip

FILES = {
    "einvoices/bill.xml": ubl(BILL),
    "einvoices/bill_as_cii.xml": cii(BILL),
    "einvoices/wrong.xml": cii(replace(BILL, number="K-10").wrong(gross="1.00", due="1.00")),
    "einvoices/for_others.xml": ubl(replace(BILL, number="K-11", buyer=Party("Somebody Else B.V.", "NL"))),
    "payment_files/sent.xml": pain001(),
    "payment_files/answer.xml": pain002({"E-2": ("RJCT", "AC04")}, group="PART"),
    # A byte order mark, day-month-year, a credit note, and a date that does not exist.
    "books/invoices.csv": "\ufeff"
    "Invoice Number,Invoice Date,Due Date,Contact Name,Currency,Subtotal,Total Tax,Invoice Total,Status\n"
    "INV-1,02-06-2026,16-06-2026,Café de Sluis,EUR,400.00,36.00,436.00,AUTHORISED\n"
    "INV-2,03-06-2026,17-06-2026,Hotel Zeezicht B.V.,EUR,1000.00,90.00,1090.00,AUTHORISED\n"
    "CN-1,18-06-2026,18-06-2026,Hotel Zeezicht B.V.,EUR,-100.00,-9.00,-109.00,AUTHORISED\n"
    "INV-3,05-06-2026,19-06-2026,Studio Noord,EUR,96.00,8.64,104.64,AUTHORISED\n"
    "INV-4,31-06-2026,14-07-2026,Studio Noord,EUR,50.00,4.50,54.50,AUTHORISED\n",
    # Semicolons and decimal commas.
    "books/bills.csv": "Supplier;Bill Number;Bill Date;Due Date;Currency;Net;VAT;Total\n"
    "Drukkerij Post;2026-118;04-06-2026;18-06-2026;EUR;320,00;67,20;387,20\n",
    "books/expenses.csv": "Expense ID,Date,Employee,Category,Merchant,Amount,VAT,Currency,Status\n"
    "E-1,20-06-2026,Bram Visser,Umbrellas,Praxis,22.95,3.98,EUR,submitted\n",
    "books/invoices_july.csv": "",
    "webshop/orders.csv": "Order Number,Order Date,Customer,Currency,Subtotal,Shipping,Tax,Total,Status\n"
    "#1001,2026-06-03,Lotte Jansen,EUR,30.00,4.95,3.15,38.10,completed\n"
    "#1002,2026-06-09,Pieter Mol,EUR,24.00,4.95,2.61,31.56,completed\n",
    "webshop/payments.csv": "Payment ID,Date,Order Number,Amount,Currency,Status\n"
    "P-1,2026-06-03,#1001,38.10,EUR,completed\n",
    "bank_csv/june.csv": "Date;Account;Counterparty;Counterparty IBAN;Debit;Credit;Currency;Description;Balance\n"
    f"16-06-2026;{BANK};CAFE DE SLUIS;;;436,00;EUR;INV-1;10.436,00\n"
    f"22-06-2026;{BANK};HOTEL ZEEZICHT BV;{HOTEL};;981,00;EUR;INV-2 minus CN-1;11.417,00\n"
    f"23-06-2026;{BANK};DRUKKERIJ POST;{PRINTER};387,20;;EUR;2026-118;11.029,80\n"
    f"25-06-2026;{BANK};J. ONBEKEND;;;75,00;EUR;bedankt {{tot}} ziens;11.104,80\n",
    # The next day's statement in camt.053: the vendor of the e-invoice K-9 is paid.
    "bank/26.xml": f"""<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M-26</MsgId><CreDtTm>2026-06-26T20:00:00</CreDtTm></GrpHdr><Stmt><Id>S-26</Id><CreDtTm>2026-06-26T20:00:00</CreDtTm>
<Acct><Id><IBAN>{BANK}</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">11104.80</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-06-26</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">10820.21</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-06-26</Dt></Dt></Bal>
<Ntry><NtryRef>1</NtryRef><Amt Ccy="EUR">284.59</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-06-26</Dt></BookgDt><ValDt><Dt>2026-06-26</Dt></ValDt><AcctSvcrRef>B-26-1</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Cdtr><Pty><Nm>Koffiebranderij Zuid</Nm></Pty></Cdtr>
<CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct></RltdPties><RmtInf><Ustrd>K-9 koffie juni</Ustrd></RmtInf></TxDtls></NtryDtls>
</Ntry></Stmt></BkToCstmrStmt></Document>""",
    "elsewhere/notes.csv": "a,b\n1,2\n",
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Done]]:
    installation = Installation(tmp_path_factory.mktemp("own") / "mycompany")
    arguments = ["--entity", "NL01", "--currency", "EUR", "--time-zone", "Europe/Amsterdam", "--bank", BANK]
    done = installation.tieout("init", str(installation.home), "--name", "Kade & Linde B.V.", *arguments)
    assert done.code == 0, done.err
    for name, text in FILES.items():
        path: Path = installation.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    done = installation.tieout("run")
    assert done.code == 0, done.err
    yield installation, done


@pytest.fixture
def own(company: tuple[Installation, Done]) -> Installation:
    return company[0]


def test_the_summary_names_the_company_and_the_file_that_nothing_reads(
    company: tuple[Installation, Done],
) -> None:
    output = company[1].out
    assert "Close as of 2026-06-26" in output
    assert "Kade & Linde B.V." in output
    assert "DE01" not in output
    assert "elsewhere/notes.csv" in output


def test_control_totals_tie(own: Installation) -> None:
    [(declared, canonical, rejected, residual, amounts)] = own.ask(
        "select sum(declared_count), sum(canonical_count), sum(rejected_count), sum(abs(count_residual)), "
        "sum(abs(amount_residual)) from reconciliation.control_totals where stream <> 'bank_statements'"
    )
    assert (declared, canonical, rejected, residual, amounts) == (24, 22, 1, 0, 0)


def test_money_finds_its_documents(own: Installation) -> None:
    assert own.ask(
        "select reconciliation, string_agg(documents, ' ' order by documents) from ("
        "select reconciliation, match_id, case when left_type = 'bank_transaction' then right_id else left_id end "
        "as documents from reconciliation.match_allocations join reconciliation.matches using (match_id) "
        "where status = 'auto') group by reconciliation, match_id order by all"
    ) == [
        ("bank_to_documents", "books:CN-1 books:INV-2"),
        ("bank_to_documents", "books:INV-1"),
        ("bill_to_bank", "books:Drukkerij Post:2026-118"),
        ("bill_to_bank", "einvoices:NL001234567B01:2026:K-9"),
        ("order_to_payment", "webshop:#1001"),
    ]


def test_what_a_person_must_look_at_is_listed_and_nothing_else(own: Installation) -> None:
    assert own.ask(
        "select exception_type, document_id, amount from reconciliation.exceptions "
        "where document_type <> 'bank_transaction' order by all"
    ) == [
        ("einvoice_party_unknown", "einvoices:NL001234567B01:2026:K-11", Decimal("284.59")),
        ("einvoice_sum_differs", "einvoices:NL001234567B01:2026:K-10", Decimal("1.00")),
        ("invoice_overdue", "books:INV-3", Decimal("104.64")),
        ("order_not_charged", "webshop:#1002", Decimal("31.56")),
        ("payment_refused", "payment_files:M-1:B-1:2", Decimal("0.01")),
        ("rejected_record", "books/invoices.csv#5", Decimal("54.50")),
        ("unmapped_value", "books:E-1", Decimal("22.95")),
    ]
    [(found,)] = own.ask(
        "select explanation from reconciliation.exceptions where document_type = 'bank_transaction'"
    )
    assert "75.00 EUR" in found
    assert "bedankt {tot} ziens" in found


def test_the_books_balance_without_a_rate_a_customer_list_or_a_tax_code(own: Installation) -> None:
    assert own.ask(
        "select account_code, sum(base_debit_amount - base_credit_amount) from ledger.journal_lines "
        "where account_code in ('1200', '1400', '2400') group by account_code order by account_code"
    ) == [("1200", Decimal("820.21")), ("1400", Decimal("136.20")), ("2400", Decimal("-285.59"))]


def test_einvoices_are_bills_with_lines_and_tax(own: Installation) -> None:
    assert own.ask(
        "select bill_number, status, vendor_name, net_amount, tax_amount, total_amount from canonical.bills "
        "where source_name = 'einvoices' order by all"
    ) == [
        ("K-10", "open", "Koffiebranderij Zuid", Decimal("260.99"), Decimal("24.60"), Decimal("285.59")),
        ("K-11", "draft", "Koffiebranderij Zuid", Decimal("259.99"), Decimal("24.60"), Decimal("284.59")),
        ("K-9", "open", "Koffiebranderij Zuid", Decimal("259.99"), Decimal("24.60"), Decimal("284.59")),
    ]
    assert own.ask(
        "select line_number, net_amount, tax_amount from canonical.bill_lines where bill_id like '%:K-9' order by all"
    ) == [(1, Decimal("250.00"), Decimal("22.50")), (2, Decimal("9.99"), Decimal("2.10"))]
    [(told,)] = own.ask(
        "select explanation from reconciliation.exceptions where exception_type = 'einvoice_sum_differs'"
    )
    assert "BR-CO-15" in told and "284.59 EUR" in told and "285.59 EUR" in told


def test_a_bank_line_pays_the_einvoice(own: Installation) -> None:
    """From the vendor's XML and the bank's camt.053 to the paid bill, by vendor and amount."""
    assert own.ask(
        "select bill_id, status, paid_amount, open_amount from reconciliation.bill_to_bank "
        "where bill_id like '%K-9'"
    ) == [("einvoices:NL001234567B01:2026:K-9", "paid", Decimal("284.59"), Decimal("0.00"))]
    [(rule, status, amount)] = own.ask(
        "select matches.match_rule_id, matches.status, match_allocations.allocated_amount from reconciliation.match_allocations "
        "join reconciliation.matches using (match_id) where left_id like '%K-9' or right_id like '%K-9'"
    )
    assert (rule, status, amount) == ("bill_party", "auto", Decimal("284.59"))


def test_payments_have_the_word_of_the_bank(own: Installation) -> None:
    assert own.ask(
        "select end_to_end_id, amount, status from canonical.payment_instructions order by all"
    ) == [
        ("E-1", Decimal("119.00"), "sent"),
        ("E-2", Decimal("0.01"), "rejected"),
        ("E-3", Decimal("2500.50"), "sent"),
    ]


def test_a_changed_mapping_reads_its_files_again(
    own: Installation,
) -> None:
    from pipelines.config import read_configuration
    from pipelines.loading import extract
    from pipelines.settings import Settings

    sources = own.home / "sources.yml"
    text = sources.read_text()
    sources.write_text(
        text.replace("csv: { stream: bills }", "csv: { stream: bills, date_format: '%m-%d-%Y' }")
    )
    place = Settings(home=own.home, sources_file=sources, seeds=own.home / "seeds")
    done = extract("csv", read_configuration(sources), place)
    assert done.files == ("books/bills.csv",)
