"""CSV exports: columns by mapping or by headers, cells read exactly, and what cannot be read rejected."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from bank_files import read, residuals

from pipelines.config import CsvMapping


def only(rows):
    assert len(rows) == 1, rows
    return rows[0]


INVOICES = {"invoice_id": "No", "invoice_date": "Date", "currency": "Cur", "total_amount": "Total"}


def invoices(tmp_path, text, **mapping):
    return read(tmp_path, text, CsvMapping(stream="invoices", **{"columns": INVOICES, **mapping}))


def invoice_residuals(tables):
    return residuals(tables, "invoices", "invoices", "total_amount", "invoice_date")


@pytest.mark.parametrize(
    ("written", "mapping", "amount"),
    [
        ("1234.50", {}, "1234.5"),
        ('"1,234.50"', {"thousands": ","}, "1234.5"),
        ('"1,234.50"', {}, "1234.5"),
        ('"1.234,50"', {"decimal": ","}, "1234.5"),
        ('"1.234.567,5"', {"decimal": ",", "thousands": "."}, "1234567.5"),
        ("1'234.50", {"thousands": "'"}, "1234.5"),
        ('"1 234,50"', {"decimal": ","}, "1234.5"),
        ('"1\u202f234,50"', {"decimal": ","}, "1234.5"),
        ('"1,00,000.25"', {}, "100000.25"),
        ("(12.34)", {}, "-12.34"),
        ("12.34-", {}, "-12.34"),
        ("-12.34", {}, "-12.34"),
        ("\u221212.34", {}, "-12.34"),
        ("12.34 DR", {}, "-12.34"),
        ("12.34 CR", {}, "12.34"),
        ("12.34 S", {}, "-12.34"),
        ("€ 12.34", {}, "12.34"),
        ("EUR 12.34", {}, "12.34"),
        ("12.34 EUR", {}, "12.34"),
        ("-€12.34", {}, "-12.34"),
        (".5", {}, "0.5"),
        ("12.", {}, "12"),
        ("0012.3400000", {}, "12.34"),
        ("9999999999999.9999", {}, "9999999999999.9999"),
    ],
)
def test_amounts_are_read_to_the_digit(tmp_path, written, mapping, amount):
    tables = invoices(tmp_path, f"No,Date,Cur,Total\n1,2026-06-30,EUR,{written}\n", **mapping)
    assert [row["message"] for row in tables["rejects"]] == []
    assert only(tables["invoices"])["total_amount"] == Decimal(amount)
    assert invoice_residuals(tables) == {}


@pytest.mark.parametrize(
    "written",
    [
        "ten",
        "1.23456",
        "1.2.3",
        '"12,5"',
        "1e5",
        "NaN",
        "(5",
        "5)",
        "12345678901234",
        "--5",
        "$",
        '"1,23,4.5"',
        "٣",
    ],
)
def test_an_amount_that_is_none_is_a_reject_and_never_rounded(tmp_path, written):
    tables = invoices(
        tmp_path, f"No,Date,Cur,Total\n1,2026-06-30,EUR,{written}\n2,2026-06-30,EUR,1\n", decimal="."
    )
    reject = only(tables["rejects"])
    assert (reject["field"], reject["reason_code"], reject["source_position"]) == (
        "total_amount",
        "invalid_value",
        1,
    )
    assert "line 2" in reject["message"] and "'Total'" in reject["message"]
    assert len(tables["invoices"]) == 1
    assert invoice_residuals(tables) == {}


@pytest.mark.parametrize(
    ("written", "format_"),
    [
        ("30.06.2026", "%d.%m.%Y"), ("30.6.26", "%d.%m.%y"), ("06/30/2026", "%m/%d/%Y"), ("30/06/2026", "%d/%m/%Y"),
        ("20260630", "%Y%m%d"), ("30-Jun-2026", "%d-%b-%Y"), ('"June 30, 2026"', "%B %d, %Y"),
        ("2026-06-30T23:59:59Z", "%Y-%m-%d"), ("2026-06-30 00:00", "%Y-%m-%d"),
    ],
)  # fmt: skip
def test_dates_by_format(tmp_path, written, format_):
    tables = invoices(tmp_path, f"No,Date,Cur,Total\n1,{written},EUR,1\n", date_format=format_)
    assert only(tables["invoices"])["invoice_date"] == date(2026, 6, 30)
    assert invoice_residuals(tables) == {}


def test_dates_and_punctuation_are_found_when_nothing_is_said(tmp_path):
    tables = invoices(tmp_path, "No;Date;Cur;Total\n1;13.06.2026;EUR;1.234,50\n2;01.07.2026;EUR;7\n")
    assert [(r["invoice_date"], r["total_amount"]) for r in tables["invoices"]] == [
        (date(2026, 6, 13), Decimal("1234.5")),
        (date(2026, 7, 1), Decimal(7)),
    ]


def test_dates_with_two_meanings_are_refused_instead_of_guessed(tmp_path):
    reject = only(invoices(tmp_path, "No,Date,Cur,Total\n1,03/04/2026,EUR,1\n")["rejects"])
    assert reject["reason_code"] == "unreadable_file"
    assert "date_format" in reject["message"] and "%d/%m/%Y" in reject["message"]


@pytest.mark.parametrize(
    ("written", "currency", "loaded"),
    [
        ("£5.00", "EUR", None), ("$12.00", "GBP", None), ("12.00 USD", "EUR", None), ("CHF 5.00", "EUR", None),
        ("£5.00", "GBP", "5"), ("$12.00", "CAD", "12"), ("€ 5.00", "€", "5"), ("12.00 EUR", "EUR", "12"),
        ("12.00 DR", "EUR", "-12"),
    ],
)  # fmt: skip
def test_an_amount_of_another_currency_than_its_record_is_no_amount(tmp_path, written, currency, loaded):
    tables = invoices(tmp_path, f"No,Date,Cur,Total\n1,2026-06-30,{currency},{written}\n2,2026-06-30,EUR,7\n")
    amounts = [row["total_amount"] for row in tables["invoices"]]
    assert amounts == ([] if loaded is None else [Decimal(loaded)]) + [Decimal(7)]
    assert invoice_residuals(tables) == {}
    if loaded is None:
        reject = only(tables["rejects"])
        assert (reject["reason_code"], reject["value"]) == ("invalid_value", written)
        assert "another currency" in reject["message"] and currency in reject["expected"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1", "cp850"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, codec, end):
    text = end.join(["No;Fälligkeit;Cur;Total;Kunde", "1;2026-06-30;EUR;1;Müller", ""])
    columns = {**INVOICES, "invoice_date": "Fälligkeit", "customer_name": "Kunde"}
    tables = invoices(tmp_path, text.encode(codec), columns=columns)
    assert only(tables["invoices"])["customer_name"] == "Müller"


def test_headers_match_without_case_blanks_and_punctuation(tmp_path):
    assert len(invoices(tmp_path, ' NO. ,"Da te",CUR,total\n1,2026-06-30,EUR,1\n')["invoices"]) == 1


def test_a_missing_column_names_itself_and_the_headers_found(tmp_path):
    tables = invoices(tmp_path, "Nummer,Date,Cur,Total\n1,2026-06-30,EUR,1\n")
    reject = only(tables["rejects"])
    assert reject["reason_code"] == "unreadable_file"
    assert "'No' (for invoice_id)" in reject["message"] and "'Nummer'" in reject["message"]
    assert only(tables["files"])["status"] == "rejected"
    assert invoice_residuals(tables) == {}


def test_a_column_that_nothing_can_fill_names_itself(tmp_path):
    columns = {name: header for name, header in INVOICES.items() if name != "currency"}
    message = only(invoices(tmp_path, "No,Date,Total\n1,2026-06-30,1\n", columns=columns)["rejects"])[
        "message"
    ]
    assert "no column for currency" in message and "constants" in message
    tables = invoices(
        tmp_path, "No,Date,Total\n1,2026-06-30,1\n", columns=columns, constants={"currency": "GBP"}
    )
    assert only(tables["invoices"])["currency"] == "GBP"
    assert invoice_residuals(tables) == {}


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "No,Date,Cur,Total\n", "No,Date,Cur,Total\n,,,\n\n"])
def test_an_empty_file_or_a_header_alone_is_no_records(tmp_path, text):
    tables = invoices(tmp_path, text)
    assert tables["invoices"] == tables["rejects"] == tables["control_totals"] == []
    assert (only(tables["files"])["status"], tables["files"][0]["record_count"]) == ("loaded", 0)


def test_a_record_of_another_length_is_a_reject_with_line_and_text(tmp_path):
    text = 'No,Date,Cur,Total\n1,2026-06-30,EUR,1\n\n2,2026-06-30,EUR\n"3\n",2026-06-30,EUR,1,x\n4,2026-06-30,EUR,2\n'
    tables = invoices(tmp_path, text)
    assert [row["invoice_id"] for row in tables["invoices"]] == ["1", "4"]
    assert [(row["source_position"], row["reason_code"]) for row in tables["rejects"]] == [
        (2, "malformed_record"),
        (3, "malformed_record"),
    ]
    assert "line 4 has 3 cells" in tables["rejects"][0]["message"]
    assert tables["rejects"][0]["payload"] == "2,2026-06-30,EUR"
    assert invoice_residuals(tables) == {}


def test_quotes_line_ends_and_delimiters_inside_cells(tmp_path):
    text = 'No,Date,Cur,Total,Who\n1,2026-06-30,EUR,1,"Say ""hi"", Bob\nLtd"\n2,2026-06-30,EUR,2,5" disk\n3,2026-06-30,EUR,3,\n'
    tables = invoices(tmp_path, text, columns={**INVOICES, "customer_name": "Who"})
    assert [row["customer_name"] for row in tables["invoices"]] == ['Say "hi", Bob\nLtd', '5" disk', None]
    assert invoice_residuals(tables) == {}


def test_every_record_ending_with_a_delimiter_is_not_ragged(tmp_path):
    assert (
        len(invoices(tmp_path, "No,Date,Cur,Total\n1,2026-06-30,EUR,1,\n2,2026-06-30,EUR,1,\n")["invoices"])
        == 2
    )


def test_formulas_are_text(tmp_path):
    tables = invoices(
        tmp_path,
        "No,Date,Cur,Total,Who\n=1+1,2026-06-30,EUR,1,@SUM(A1)\n",
        columns={**INVOICES, "customer_name": "Who"},
    )
    assert (tables["invoices"][0]["invoice_id"], tables["invoices"][0]["customer_name"]) == (
        "=1+1",
        "@SUM(A1)",
    )


def test_columns_without_a_place_are_kept_and_reported(tmp_path):
    tables = invoices(
        tmp_path, 'No,Date,Cur,Total,Project\n1,2026-06-30,EUR,1,"P ""1"""\n2,2026-06-30,EUR,1,\n'
    )
    assert [row["extra_json"] for row in tables["invoices"]] == ['{"Project": "P \\"1\\""}', None]
    drift = only(tables["schema_drift"])
    assert (drift["field"], drift["occurrences"]) == ("Project", 1)


def test_values_are_translated_and_constants_fill(tmp_path):
    tables = invoices(
        tmp_path,
        "No,Date,Cur,Total,Type\n1,2026-06-30,EUR,1,Gutschrift\n2,2026-06-30,EUR,1,RECHNUNG\n",
        columns={**INVOICES, "document_type": "Type"},
        values={"document_type": {"Rechnung": "invoice", "Gutschrift": "credit_note"}},
        constants={"status": "open"},
    )
    assert [(r["document_type"], r["status"]) for r in tables["invoices"]] == [
        ("credit_note", "open"),
        ("invoice", "open"),
    ]


def test_timestamps_are_utc_by_the_time_zone_of_the_source(tmp_path):
    tables = invoices(
        tmp_path,
        "No,Date,Cur,Total,At\n1,2026-06-30,EUR,1,30.06.2026 23:30:00\n",
        columns={**INVOICES, "updated_at": "At"},
        timestamp_format="%d.%m.%Y %H:%M:%S",
    )
    assert only(tables["invoices"])["updated_at"] == datetime(2026, 6, 30, 21, 30, tzinfo=UTC)


BANK = {"account_number": "Account", "booking_date": "Date", "remittance_text": "Text"}


def bank(tmp_path, text, **mapping):
    options = {"columns": BANK, "constants": {"currency": "USD"}, **mapping}
    tables = read(tmp_path, text, CsvMapping(stream="bank_transactions", **options))
    assert residuals(tables, "bank_transactions", "bank_transactions", "amount", "booking_date") == {}
    return tables


def test_debit_and_credit_columns_become_a_signed_amount(tmp_path):
    tables = bank(
        tmp_path,
        'Account,Date,Text,Debit,Credit\nX 1,2026-06-30,a,"1,250.00",\nx1,2026-06-30,b,,3.5\nx1,2026-06-30,c,,\n',
        debit_column="Debit",
        credit_column="Credit",
        thousands=",",
    )
    assert [row["amount"] for row in tables["bank_transactions"]] == [Decimal("-1250"), Decimal("3.5")]
    assert tables["bank_transactions"][0]["account_number"] == "X1"
    assert only(tables["rejects"])["field"] == "amount", "a line with neither is no movement"


def test_a_table_of_items_is_read_by_its_lines_where_orders_are_expected(tmp_path):
    text = (
        "Invoice,StockCode,Quantity,InvoiceDate,Price,Customer ID\nC489449,22087,-12,2026-06-30,2.95,16321\n"
    )
    found = read(tmp_path, text, CsvMapping(stream="orders", constants={"currency": "GBP"}))
    line = only(found["order_lines"])
    assert (line["order_id"], line["total_amount"], line["currency"]) == ("C489449", Decimal("-35.40"), "GBP")
    assert found["orders"] == found["rejects"] == []
    no_orders = read(tmp_path, "Ticket,Date,Name\n1,2026-06-30,x\n", CsvMapping(stream="orders"))
    assert "no column for currency, total_amount" in only(no_orders["rejects"])["message"]


def test_orders_with_the_prefixed_headers_of_shop_plugins(tmp_path):
    text = (
        "Order Number,Order Status,Order Date,Cart Discount Amount,Order Subtotal Amount,Order Shipping Amount,"
        "Order Total Amount,Order Total Tax Amount\n3001,Completed,2026-08-01 10:10,1.00,30,4.5,34.50,5.75\n"
    )
    found = read(tmp_path, text, CsvMapping(stream="orders", columns={}, constants={"currency": "GBP"}))
    order = only(found["orders"])
    money = ("total_amount", "tax_amount", "shipping_amount", "discount_amount")
    assert [order[name] for name in money] == [Decimal(n) for n in ("34.50", "5.75", "4.5", "1.00")]
    assert (order["order_id"], order["status"], str(order["order_date"])) == (
        "3001",
        "Completed",
        "2026-08-01",
    )


def test_a_difference_that_cannot_be_stored_is_a_reject(tmp_path):
    text = (
        "Account,Date,Text,Debit,Credit\n1,2026-06-30,a,-99999999999999,99999999999999\n1,2026-06-30,b,,1\n"
    )
    tables = bank(tmp_path, text, debit_column="Debit", credit_column="Credit")
    assert only(tables["rejects"])["reason_code"] == "invalid_value"
    ledger = (
        "Entry,Date,Account Code,Currency,Debit,Credit\nJ1,2026-06-30,1,EUR,99999999999999,-99999999999999\n"
    )
    assert len(read(tmp_path, ledger, CsvMapping(stream="gl_entries", columns={}))["rejects"]) == 1


def test_a_sign_column_and_negated_columns(tmp_path):
    tables = bank(
        tmp_path,
        "Account,Date,Text,Amount,DC\n1,2026-06-30,a,5,S\n1,2026-06-30,b,5,H\n",
        columns={**BANK, "amount": "Amount"},
        sign_column="DC",
        negative_values=("s",),
        negate=("amount",),
    )
    assert [row["amount"] for row in tables["bank_transactions"]] == [Decimal(5), Decimal(-5)]


def test_bank_lines_have_the_identity_of_statement_lines(tmp_path):
    text = "Account,Date,Text,Amount\n1,2026-06-30,Fee,-5\n1,2026-06-30,Fee,-5\n"
    first = bank(
        tmp_path,
        text,
        columns={**BANK, "amount": "Amount"},
    )["bank_transactions"]
    again = bank(tmp_path, text, columns={**BANK, "amount": "Amount"})["bank_transactions"]
    assert [row["transaction_id"] for row in first] == [row["transaction_id"] for row in again]
    assert [row["transaction_id"][-2:] for row in first] == [":1", ":2"]


def test_ledger_lines_with_debit_and_credit_or_one_signed_amount(tmp_path):
    two = "Entry,Date,Account,Currency,Debit,Credit\nJ1,2026-06-30,1200,EUR,10,\nJ1,2026-06-30,4400,EUR,,10\n"
    one = "Entry,Date,Account,Currency,Amt\nJ1,2026-06-30,1200,EUR,10\nJ1,2026-06-30,4400,EUR,-10\n"
    columns = {"entry_id": "Entry", "posting_date": "Date", "account_code": "Account", "currency": "Currency"}
    for text, more in ((two, {"debit_amount": "Debit", "credit_amount": "Credit"}), (one, {"amount": "Amt"})):
        tables = read(tmp_path, text, CsvMapping(stream="gl_entries", columns={**columns, **more}))
        lines = tables["gl_entries"]
        assert [(r["line_number"], r["debit_amount"] or 0, r["credit_amount"] or 0) for r in lines] == [
            (1, 10, 0),
            (2, 0, 10),
        ]
        assert (
            residuals(
                tables, "gl_entries", "gl_entries", "debit_amount", "posting_date", minus="credit_amount"
            )
            == {}
        )


@pytest.mark.parametrize(
    ("stream", "text", "expected"),
    [
        (
            "invoices",
            "Belegnummer;Rechnungsdatum;Fällig am;Kunde;Währung;Netto;MwSt;Brutto\nR-1;30.06.2026;14.07.2026;Müller;EUR;100,00;19,00;119,00\n",
            {"invoice_id": "R-1", "total_amount": Decimal(119), "due_date": date(2026, 7, 14), "customer_name": "Müller"},
        ),
        (
            "bills",
            "Vendor,Bill No,Bill Date,Due Date,Currency,Total\nAcme,77,2026-06-30,2026-07-30,USD,10.00\n",
            {"bill_id": "Acme:77", "bill_number": "77", "vendor_name": "Acme", "total_amount": Decimal(10)},
        ),
        (
            "orders",
            "Order Number,Created At,Currency,Total\n1001,2026-06-30T23:30:00Z,EUR,5\n",
            {"order_id": "1001", "order_date": date(2026, 7, 1), "total_amount": Decimal(5)},
        ),
        (
            "payments",
            "Date,Customer,Amount,Currency,Invoice\n2026-06-30,Acme,5,EUR,R-1\n",
            {"party_name": "Acme", "invoice_number": "R-1", "amount": Decimal(5)},
        ),
        (
            "expenses",
            "Report ID,Employee,Date,Amount,Currency,Category,Reimbursable\nE1,Jo,2026-06-30,5,EUR,Travel,yes\n",
            {"report_id": "E1", "employee_name": "Jo", "is_reimbursable": True, "category": "Travel"},
        ),
        (
            "card_transactions",
            "Transaction ID,Card,Transaction Date,Merchant,Amount,Currency\nT1,4711,2026-06-30,Shop,5,EUR\n",
            {"card_transaction_id": "T1", "card_id": "4711", "merchant": "Shop"},
        ),
        (
            "bank_transactions",
            "Buchungstag;Valutadatum;Verwendungszweck;Soll;Haben;Währung;IBAN\n30.06.2026;30.06.2026;Miete;500,00;;EUR;DE1\n",
            {"amount": Decimal(-500), "remittance_text": "Miete", "account_number": "DE1"},
        ),
        (
            "gl_entries",
            "Journal No,Date,Account Code,Debit,Credit,Currency,Description\nJ1,2026-06-30,1200,5,,EUR,Sale\n",
            {"entry_id": "J1", "account_code": "1200", "debit_amount": Decimal(5), "description": "Sale"},
        ),
        (
            "invoice_lines",
            "Invoice Number,Description,Qty,Unit Price,Amount\nR-1,Pen,2,1.50,3.00\n",
            {"invoice_id": "R-1", "quantity": Decimal(2), "net_amount": Decimal(3), "line_number": 1},
        ),
    ],
)  # fmt: skip
def test_usual_headers_need_no_mapping(tmp_path, stream, text, expected):
    tables = read(tmp_path, text, CsvMapping(stream=stream, columns={}))
    assert [row["message"] for row in tables["rejects"]] == []
    row = only(tables[stream])
    assert {name: row[name] for name in expected} == expected


def test_a_damaged_or_old_workbook_is_refused_with_the_reason(tmp_path):
    message = only(invoices(tmp_path, b"PK\x03\x04rest")["rejects"])["message"]
    assert "cannot be unpacked" in message
    message = only(invoices(tmp_path, b"\xd0\xcf\x11\xe0rest")["rejects"])["message"]
    assert "save it as .xlsx or CSV" in message
