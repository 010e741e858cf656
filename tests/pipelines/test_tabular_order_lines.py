"""Exports with one row per item: whose amounts they are, told by the values, in the dialects of public data sets.

Each test is a shape; the amounts are worked out by hand. Conservation holds for every file (`read`).
"""

from decimal import Decimal
from pathlib import Path

import pytest
from bank_files import read, residuals

from pipelines.config import CsvMapping, SourceInstance
from pipelines.inspection import inspect
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.loading import read_files

_TABLES = ("order_lines", "orders", "payments", "rejects", "files", "control_totals", "schema_drift")


def inbox(tmp_path: Path, text: str | bytes, name: str = "export.csv", **constants: str) -> dict[str, list]:
    """A file in an inbox: no mapping; the entity keeps its books in euro."""
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    source = SourceInstance(name="inbox", kind="csv", entity_id="DE01", path="*", constants=constants)
    tables: dict[str, list] = {table: [] for table in _TABLES}
    for batch in read_files(kind_spec("csv"), [landing_file(tmp_path, path, source)], source):
        tables[batch.table] += batch.rows.to_pylist()
    assert residuals(tables, "order_lines", "order_lines", "total_amount", "order_date") == {}
    return tables


def amounts(tables: dict[str, list], *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names) for row in tables["order_lines"]]


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def how(tables: dict[str, list]) -> str:
    return tables["files"][0]["recognised_by"]


UCI = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART,6,12/1/2010 8:26,2.55,17850.0,United Kingdom
536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850.0,United Kingdom
536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850.0,United Kingdom
C536379,D,Discount,-1,12/1/2010 9:41,27.5,14527.0,United Kingdom
536414,22139,,56,12/13/2010 11:52,0,,United Kingdom
A563185,B,Adjust bad debt,1,12/14/2010 14:50,-11062.06,,United Kingdom
536544,BANK CHARGES,CAF\u00c9 \u00a3,1440,12/15/2010 14:32,0.0001,,United Kingdom
"""


def test_online_retail_cancellations_bad_debt_free_items_and_equal_rows_are_all_kept(tmp_path):
    found = inbox(tmp_path, UCI.encode("cp1252"), currency="GBP")
    assert found["rejects"] == []
    assert [row["total_amount"] for row in found["order_lines"]] == decimals(
        "15.30", "20.34", "20.34", "-27.5", "0", "-11062.06", "0.144"
    )
    assert [row["order_id"] for row in found["order_lines"]][2:4] == ["536365", "C536379"]
    assert [row["line_number"] for row in found["order_lines"]][:3] == [1, 2, 3]
    assert [row["customer_id"] for row in found["order_lines"]][3:5] == ["14527", None]
    assert found["order_lines"][6]["description"] == "CAF\u00c9 \u00a3"
    assert str(found["order_lines"][0]["order_date"]) == "2010-12-01"


def test_without_a_currency_anywhere_it_is_the_base_currency_of_the_entity_and_said(tmp_path):
    found = inbox(tmp_path, UCI.encode("cp1252"))
    assert {row["currency"] for row in found["order_lines"]} == {"EUR"}
    assert "names no currency: taken as EUR, the entity's base currency" in how(found)
    assert "names no currency" not in how(inbox(tmp_path, UCI.encode("cp1252"), currency="GBP"))


def test_a_bank_statement_without_a_currency_is_still_refused(tmp_path):
    found = inbox(tmp_path, "Date,Description,Amount,Balance\n2026-06-30,rent,-5.00,10.00\n")
    assert "does not say in which currency" in found["rejects"][0]["message"]


def test_online_retail_ii_writes_times_in_iso_and_other_headers(tmp_path):
    found = inbox(
        tmp_path,
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "489434,85048,GLASS BALL,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom\n"
        "C489449,22087,BUNTING,-12,2009-12-01 10:33:00,2.95,16321.0,Australia\n",
    )
    assert amounts(found, "order_id", "total_amount") == [
        ("489434", Decimal("83.4")), ("C489449", Decimal("-35.4")),
    ]  # fmt: skip


def test_sums_of_a_script_with_binary_fractions_are_made_again_of_the_exact_columns(tmp_path):
    found = inbox(
        tmp_path,
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,TotalPrice\n"
        "1,A,6,2010-12-01,2.55,15.299999999999999\n1,B,6,2010-12-01,3.39,20.34\n",
    )
    assert [row["total_amount"] for row in found["order_lines"]] == decimals("15.30", "20.34")
    assert "more than four decimals" in how(found)


def test_superstore_sales_hold_quantity_and_discount(tmp_path):
    found = inbox(
        tmp_path,
        "Row ID,Order ID,Order Date,Ship Date,Customer ID,Product ID,Product Name,Sales,Quantity,Discount,Profit\n"
        '1,CA-1,11/28/2016,12/1/2016,CG-1,FUR-1,"Chairs, rounded",261.96,2,0,41.9136\n'
        "2,CA-1,11/28/2016,12/1/2016,CG-1,FUR-2,Table,957.5775,5,0.45,-383.031\n",
    )
    assert [row["total_amount"] for row in found["order_lines"]] == decimals("261.96", "957.5775")
    assert [row["line_id"] for row in found["order_lines"]] == ["1", "2"]
    assert "discount is already taken off" in how(found)


def test_northwind_details_take_the_discount_as_a_share_and_orders_need_no_total(tmp_path):
    details = inbox(
        tmp_path,
        "OrderID,ProductID,UnitPrice,Quantity,Discount\n10248,11,14,12,0\n10249,14,18.6,9,0.05\n10249,51,42.4,40,0.15\n",
    )
    assert amounts(details, "total_amount", "discount_amount") == [
        (Decimal(168), Decimal(0)), (Decimal("159.03"), Decimal("8.37")), (Decimal("1441.6"), Decimal("254.4")),
    ]  # fmt: skip
    orders = inbox(
        tmp_path,
        "OrderID,CustomerID,EmployeeID,OrderDate,Freight,ShipName\n10248,VINET,5,1996-07-04 00:00:00.000,32.38,Vins\n",
    )
    (order,) = orders["orders"]
    assert (order["total_amount"], order["shipping_amount"]) == (None, Decimal("32.38"))
    assert orders["rejects"] == []


@pytest.mark.parametrize("column", ["Amt due", "Sum"])
def test_orders_without_a_total_are_refused_beside_amounts_that_nothing_reads(tmp_path, column):
    found = inbox(tmp_path, f"Order ID,Order Date,Customer,{column}\n1,2026-06-30,Ann,12.50\n")
    assert f"'{column}' holds amounts" in found["rejects"][0]["message"]


REPEATED = """\
Order Number,Order Date,Customer,Product,SKU,Qty,Unit Price,Shipping,Tax,Total
A1,2026-05-01,Ann,Mug,M,2,10.00,5.00,2.50,42.50
A1,2026-05-01,Ann,Tee,T,1,15.00,5.00,2.50,42.50
A2,2026-05-02,Bob,Mug,M,1,10.00,0.00,1.00,11.00
A3,2026-05-03,Cid,Cup,C,3,4.00,4.00,1.20,23.20
A3,2026-05-03,Cid,Jug,J,1,6.00,4.00,1.20,23.20
"""


def test_totals_repeated_on_every_row_of_an_order_are_never_added_up(tmp_path):
    found = inbox(tmp_path, REPEATED)
    assert [row["total_amount"] for row in found["order_lines"]] == decimals("20", "15", "10", "12", "6")
    assert amounts(found, "order_total_amount", "order_shipping_amount", "order_tax_amount")[0] == (
        Decimal("42.5"), Decimal(5), Decimal("2.5"),
    )  # fmt: skip
    assert "'Total' is the order's total on each of its rows, not added up" in how(found)
    assert "'Shipping' is of the whole order" in how(found)


def test_the_same_headers_are_of_the_line_where_the_values_say_so(tmp_path):
    text = REPEATED.replace("5.00,2.50,42.50\nA1", "4.00,2.00,26.00\nA1").replace(
        "5.00,2.50,42.50", "1.00,0.50,16.50"
    )
    text = text.replace("4.00,1.20,23.20\nA3", "2.00,0.80,14.80\nA3").replace(
        "4.00,1.20,23.20", "2.00,0.40,8.40"
    )
    found = inbox(tmp_path, text)
    assert [row["total_amount"] for row in found["order_lines"]] == decimals(
        "26", "16.5", "11", "14.8", "8.4"
    )
    assert amounts(found, "shipping_amount", "tax_amount")[1] == (Decimal(1), Decimal("0.5"))
    assert "'Total' is the line with tax and shipping" in how(found)


def test_an_order_that_stands_on_its_first_row_only_holds_for_the_rows_below(tmp_path):
    found = inbox(
        tmp_path,
        "Order ID,Order Date,Customer,SKU,Qty,Unit Price,Currency,Order Total\n"
        "1001,2026-05-01,Ann,A,2,5.00,EUR,17.00\n,,,B,1,7.00,,\n1002,2026-05-02,Bob,A,1,5.00,EUR,5.00\n",
    )
    assert amounts(found, "order_id", "total_amount", "order_total_amount", "currency") == [
        ("1001", Decimal(10), Decimal(17), "EUR"), ("1001", Decimal(7), None, "EUR"), ("1002", Decimal(5), Decimal(5), "EUR"),
    ]  # fmt: skip
    assert {str(row["order_date"]) for row in found["order_lines"][:2]} == {"2026-05-01"}


def test_lines_with_accounts_are_those_of_an_accounting_tool(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text(
        "Invoice Number,Invoice Date,Customer,Description,Quantity,Unit Price,Tax Code,Account Code,Net Amount,Tax Amount\n"
        "INV-1,2026-05-01,Ann,Consulting,2,50.00,S,4000,100.00,19.00\n"
    )
    assert set(inspect(path).records) == {"invoice_lines"}


def test_german_headers_decimal_commas_percent_and_parts_of_a_piece(tmp_path):
    found = inbox(
        tmp_path,
        "Bestellnummer;Bestelldatum;Kundennummer;Artikelnummer;Bezeichnung;Menge;Einzelpreis;Rabatt %;W\u00e4hrung\n"
        "B-1;01.05.2026;77;4711;Tasse;2;10,50;10;EUR\nB-2;02.05.2026;78;4711;Tee lose;0,375;1.210,00;0;EUR\n",
    )
    assert [row["total_amount"] for row in found["order_lines"]] == decimals("18.90", "453.75")
    assert found["order_lines"][1]["quantity"] == Decimal("0.375")


def test_what_cannot_be_multiplied_is_a_reject_and_its_money_counts_nothing(tmp_path):
    found = inbox(
        tmp_path,
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice\n1,A,2,2026-06-30,5.00\n1,B,two,2026-06-30,5.00\n"
        "1,C,,2026-06-30,5.00\n1,D,9999999999,2026-06-30,9999999999.00\n,E,1,2026-06-30,5.00\n",
    )
    assert [row["sku"] for row in found["order_lines"]] == ["A"]
    assert [(row["field"], row["amount"]) for row in found["rejects"]] == [
        ("quantity", 0), ("quantity", 0), ("unit_price", 0), ("order_id", Decimal(5)),
    ]  # fmt: skip


def test_a_mapping_says_which_columns_are_what(tmp_path):
    mapping = CsvMapping(
        stream="order_lines",
        columns={"order_id": "Beleg", "order_date": "Am", "sku": "Art", "quantity": "Stk", "unit_price": "EP", "discount_amount": "Nachlass"},
        constants={"currency": "EUR"},
    )  # fmt: skip
    found = read(
        tmp_path,
        "Beleg,Am,Art,Stk,EP,Nachlass\n7,2026-06-30,A,3,2.00,0.50\n7,2026-06-30,B,-1,2.00,0.50\n",
        mapping,
    )
    assert [row["total_amount"] for row in found["order_lines"]] == decimals("5.50", "-1.50")


def test_a_time_that_summer_time_left_out_stays_on_its_day(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,customer_id,order_status,order_purchase_timestamp,order_delivered_customer_date\n"
        "a,1,delivered,2017-10-15 00:30:00,\n"
    )
    source = SourceInstance(
        name="inbox", kind="csv", entity_id="BR01", path="*", time_zone="America/Sao_Paulo"
    )
    batches = read_files(kind_spec("csv"), [landing_file(tmp_path, path, source)], source)
    rows = [row for batch in batches if batch.table == "orders" for row in batch.rows.to_pylist()]
    assert [(str(row["order_date"]), row["currency"], row["total_amount"]) for row in rows] == [
        ("2017-10-15", "BRL", None)
    ]


def test_payments_of_an_order_need_no_day_but_others_do(tmp_path):
    mapping = {"amount": "value", "payment_id": "id", "order_number": "order"}
    with_order = CsvMapping(stream="payments", columns=mapping, constants={"currency": "BRL"})
    assert read(tmp_path, "id,order,value\n1,o1,5.00\n", with_order)["payments"][0]["payment_date"] is None
    without = CsvMapping(
        stream="payments", columns={"amount": "value", "payment_id": "id"}, constants={"currency": "BRL"}
    )
    refused = read(tmp_path, "id,value\n1,5.00\n", without)
    assert "no column for payment_date" in refused["rejects"][0]["message"]


def test_inspect_shows_the_orders_that_lines_make_and_what_does_not_add_up(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(REPEATED.replace("11.00\n", "12.50\n"))
    found = inspect(path)
    assert [(row["order_id"], row["total_amount"], row["line_count"]) for row in found.records["orders"]] == [
        ("A1", Decimal("42.5"), 2), ("A2", Decimal("12.5"), 1), ("A3", Decimal("23.2"), 2),
    ]  # fmt: skip
    assert len(found.records["order_lines"]) == 5
    differing = [problem for problem in found.problems if problem.code == "order_total_differs"]
    assert [(problem.amount, problem.message) for problem in differing] == [
        (Decimal("1.5"), "order A2: its stated total differs from its lines by 1.50")
    ]
    assert "currency_unknown" in {problem.code for problem in found.problems}
