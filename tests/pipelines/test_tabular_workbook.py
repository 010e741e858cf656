"""Workbooks: every cell exactly, every sheet, and hostile packages refused with a reason."""

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from bank_files import read, residuals, residuals_of_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.styles import numbers

from pipelines.config import CsvMapping
from pipelines.inspection import inspect
from pipelines.tabular.workbook import UnusableWorkbook, moment, read_workbook

INVOICES = CsvMapping(
    stream="invoices",
    columns={"invoice_id": "No", "invoice_date": "Date", "currency": "Cur", "total_amount": "Total"},
)
_HEADER = ["No", "Date", "Cur", "Total"]


def workbook(*rows: list, epoch_1904: bool = False, formats: dict[int, str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    if epoch_1904:
        from openpyxl.utils.datetime import CALENDAR_MAC_1904

        book.epoch = CALENDAR_MAC_1904
    for row in rows:
        book.active.append(row)
    for column, code in (formats or {}).items():
        for cell in book.active.iter_cols(column, column, 2).__next__():
            cell.number_format = code
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def totals(tmp_path, content: bytes, mapping: CsvMapping = INVOICES) -> list[Decimal]:
    tables = read(tmp_path, content, mapping)
    assert [reject["message"] for reject in tables["rejects"]] == []
    assert residuals(tables, "invoices", "invoices", "total_amount", "invoice_date") == {}
    return [row["total_amount"] for row in tables["invoices"]]


@pytest.mark.parametrize(
    ("value", "shown_as", "amount"),
    [
        (0.1 + 0.2, "General", "0.3"),
        (1.1 * 3, "0.00", "3.3"),
        (1234567.89, "#,##0.00", "1234567.89"),
        (-12.5, "#,##0.00;[Red](#,##0.00)", "-12.5"),
        (100 / 3, "0.00", "33.33"),
        (99999999999.99, '#,##0.00 "EUR"', "99999999999.99"),
        (7, "0", "7"),
        (1e15, "0", None),
        ("1.234,50", "@", "1234.5"),
    ],
)
def test_a_number_is_what_a_person_sees(tmp_path, value, shown_as, amount):
    content = workbook(_HEADER, ["R-1", date(2026, 6, 30), "EUR", value], formats={4: shown_as})
    if amount is None:
        assert len(read(tmp_path, content, INVOICES)["rejects"]) == 1
    else:
        assert totals(tmp_path, content) == [Decimal(amount)]


def test_a_number_with_more_decimals_than_it_shows_in_no_format_is_a_reject_and_not_rounded(tmp_path):
    content = workbook(_HEADER, ["R-1", date(2026, 6, 30), "EUR", 100 / 3])
    (reject,) = read(tmp_path, content, INVOICES)["rejects"]
    assert reject["field"] == "total_amount"


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_dates_are_days_in_both_epochs(tmp_path, epoch_1904):
    rows = [["1", date(2026, 2, 28), "EUR", 1], ["2", datetime(2026, 3, 1, 14, 5), "EUR", 2]]
    tables = read(tmp_path, workbook(_HEADER, *rows, epoch_1904=epoch_1904), INVOICES)
    assert [row["invoice_date"] for row in tables["invoices"]] == [date(2026, 2, 28), date(2026, 3, 1)]


def test_the_day_that_never_was():
    """1900 was no leap year, but the epoch of 1900 counts it as one (Lotus 1-2-3)."""
    assert moment(Decimal(59), False) == date(1900, 2, 28)
    assert moment(Decimal(61), False) == date(1900, 3, 1)
    assert moment(Decimal("46203.5"), False) == datetime(2026, 6, 30, 12)
    assert moment(Decimal(0), True) == date(1904, 1, 1)


def test_formulas_give_their_saved_value_and_are_named(tmp_path):
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Juni")
    for column, name in enumerate(_HEADER):
        sheet.write(0, column, name)
    sheet.write_row(1, 0, ["R-1", "2026-06-30", "EUR"])
    sheet.write_formula(1, 3, "=1+1.5", None, 2.5)
    sheet.set_row(1, None, None, {"hidden": True})
    book.close()
    tables = read(tmp_path, out.getvalue(), INVOICES)
    assert [row["total_amount"] for row in tables["invoices"]] == [Decimal("2.5")]
    how = tables["files"][0]["recognised_by"]
    assert "sheet 'Juni'" in how and "1 computed cells" in how and "1 hidden rows" in how


def test_sheets_lines_above_and_merged_cells(tmp_path):
    """Two sheets of one product, with a title merged over the columns and lines above the table."""
    book = openpyxl.Workbook()
    for number, sheet in enumerate((book.active, book.create_sheet("Juli")), 6):
        sheet.append(["Kontoutdrag"])
        sheet.merge_cells("A1:E1")
        sheet.append([])
        sheet.append(["Reskontradatum", "Transaktionsdatum", "Text", "Belopp", "Saldo"])
        sheet.append([date(2026, number, 2), date(2026, number, 1), "Kiosk", -253.52, 746.48])
        sheet.append([date(2026, number, 3), date(2026, number, 3), "Kund", 1000, 1746.48])
    notes = book.create_sheet("Notes")
    notes.append(["nothing", "to", "read"])
    path = tmp_path / "export.xlsx"
    path.write_bytes(saved(book))
    found = inspect(path)
    assert [(r["booking_date"], r["amount"]) for r in found.records["bank_transactions"]] == [
        (date(2026, 6, 2), Decimal("-253.52")), (date(2026, 6, 3), Decimal(1000)),
        (date(2026, 7, 2), Decimal("-253.52")), (date(2026, 7, 3), Decimal(1000)),
    ]  # fmt: skip
    assert "profile handelsbanken" in found.recognised_by
    assert any("sheet 'Notes'" in problem.message for problem in found.problems)
    assert len({row["source_position"] for row in found.records["bank_transactions"]}) == 4


def test_cells_are_written_as_the_profile_of_the_product_expects(tmp_path):
    """ABN AMRO writes decimal commas and yyyymmdd as text in CSV, and numbers in XLSX."""
    names = [
        "Rekeningnummer",
        "Muntsoort",
        "Transactiedatum",
        "Rentedatum",
        "Beginsaldo",
        "Eindsaldo",
        "Transactiebedrag",
        "Omschrijving",
    ]
    path = tmp_path / "a"
    path.write_bytes(workbook(names, [123456789, "EUR", 20260630, 20260630, 1000, 914.5, -85.5, "Huur"]))
    (line,) = inspect(path).records["bank_transactions"]
    assert (line["amount"], line["balance_amount"], line["booking_date"], line["account_number"]) == (
        Decimal("-85.5"), Decimal("914.5"), date(2026, 6, 30), "123456789",
    )  # fmt: skip


def test_an_opendocument_spreadsheet_is_read_too(tmp_path):
    def cell(value: str) -> str:
        kind, _, text = value.partition(":")
        if kind == "n":
            return f'<table:table-cell office:value-type="float" office:value="{text}"/>'
        if kind == "d":
            return f'<table:table-cell office:value-type="date" office:date-value="{text}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    rows = [["s:No", "s:Date", "s:Cur", "s:Total"], ["s:R-1", "d:2026-06-30", "s:EUR", "n:1234.5"]]
    body = "".join("<table:table-row>" + "".join(map(cell, row)) + "</table:table-row>" for row in rows)
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    ods = package({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})
    assert totals(tmp_path, ods) == [Decimal("1234.5")]


def package(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def changed(content: bytes, name: str, change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    parts[name] = change(parts[name])
    return package(parts)


_GOOD = workbook(_HEADER, ["R-1", date(2026, 6, 30), "EUR", 1])
_ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_GOOD[: len(_GOOD) // 2], "cannot be unpacked"),
        (package({"a.csv": "x"}), "a ZIP archive"),
        (package({"word/document.xml": "<a/>"}), "a text document"),
        (package({"xl/workbook.bin": b"\x00"}), "a binary workbook"),
        (changed(_GOOD, "xl/worksheets/sheet1.xml", lambda xml: b" " * (60 << 20)), "unpacks to"),
        (changed(_GOOD, "xl/worksheets/sheet1.xml", lambda xml: _ENTITY + xml.split(b"?>", 1)[-1]), "declares"),
        (changed(_GOOD, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'r="2"', b'r="99999999"')), "at most 1,048,576"),
        (changed(_GOOD, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'r="D2"', b'r="ZZZ2"')), "at most 16,384"),
        (changed(_GOOD, "xl/worksheets/sheet1.xml", lambda xml: xml[:-40]), "not well-formed"),
        (workbook([]), "no cell with a value"),
    ],
)  # fmt: skip
def test_a_hostile_or_damaged_workbook_is_refused_with_the_reason(tmp_path, content, reason):
    tables = read(tmp_path, content, INVOICES)
    (reject,) = tables["rejects"]
    assert reason in reject["message"]
    assert reject["reason_code"] == "unreadable_file"
    assert [row["declared_count"] for row in tables["control_totals"]] == [1]


def test_a_package_that_declares_less_than_it_holds_is_refused():
    """The sizes of a ZIP are what its sender writes there."""
    sheet = b"<worksheet>" + b" " * (5 << 20)
    bomb = changed(_GOOD, "xl/worksheets/sheet1.xml", lambda xml: sheet)
    said, small = len(sheet).to_bytes(4, "little"), (100).to_bytes(4, "little")
    assert said in bomb
    with pytest.raises(UnusableWorkbook):
        read_workbook(bomb.replace(said, small))


_AMOUNTS = st.decimals(Decimal("-9999999999.99"), Decimal("9999999999.99"), places=2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(_AMOUNTS, st.dates(date(1950, 1, 1), date(2080, 1, 1))), min_size=1, max_size=8),
    st.booleans(),
)
def test_money_and_days_survive_a_workbook(tmp_path, records, epoch_1904):
    rows = [[f"R{n}", day, "EUR", float(amount)] for n, (amount, day) in enumerate(records)]
    tables = read(tmp_path, workbook(_HEADER, *rows, epoch_1904=epoch_1904), INVOICES)
    assert tables["rejects"] == []
    assert [(r["total_amount"], r["invoice_date"]) for r in tables["invoices"]] == records
    assert residuals_of_file(tables) == {}


def test_numbers_are_those_that_openpyxl_reads():
    """An independent reader sees the same cells."""
    book = openpyxl.Workbook()
    book.active.append(["text", 1.5, date(2026, 6, 30), True, None, -0.07])
    book.active["C1"].number_format = numbers.FORMAT_DATE_YYYYMMDD2
    content = saved(book)
    (sheet,) = read_workbook(content)
    theirs = [cell.value for cell in openpyxl.load_workbook(io.BytesIO(content)).active[1]]
    ours = [
        float(c)
        if isinstance(c, Decimal)
        else datetime.combine(c, datetime.min.time())
        if type(c) is date
        else c
        for c in sheet.rows[0]
    ]
    assert ours == theirs
