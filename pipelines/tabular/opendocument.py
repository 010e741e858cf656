"""OpenDocument spreadsheets (ISO/IEC 26300-1, `.ods`): values are written exactly, as decimals and ISO dates.

Belongs here: the cells of `content.xml`. The package and its limits are `workbook`'s.
"""

import io
from datetime import date, datetime
from decimal import InvalidOperation

from lxml import etree

from pipelines.tabular.workbook import DIGITS, MAX_CELLS, Cell, Sheet, UnusableWorkbook

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_MOST_COLUMNS = 16_384


def read_sheets(content: bytes) -> list[Sheet]:
    """The sheets of a document. Raises UnusableWorkbook when it holds more cells than are read."""
    sheets, left = [], MAX_CELLS
    events = etree.iterparse(
        io.BytesIO(content), events=("end",), tag=[f"{_TABLE}table"],
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
    )  # fmt: skip
    for _, table in events:
        sheet = _sheet(table, left)
        left -= sum(map(len, sheet.rows))
        sheets.append(sheet)
        table.clear()
    return sheets


def _sheet(table: etree._Element, most: int) -> Sheet:
    rows: list[list[Cell]] = []
    formulas = hidden = count = 0
    for row in table.iter(f"{_TABLE}table-row"):
        cells: list[Cell] = []
        for element in row:
            if element.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            value = _value(element)
            formulas += element.get(f"{_TABLE}formula") is not None
            repeated = int(element.get(f"{_TABLE}number-columns-repeated") or 1)
            if value is not None and len(cells) + repeated > _MOST_COLUMNS:
                raise UnusableWorkbook(
                    f"a row of {len(cells) + repeated:,} cells; a sheet has at most {_MOST_COLUMNS:,}"
                )
            cells += [value] * min(repeated, max(_MOST_COLUMNS - len(cells), 0))
        while cells and cells[-1] is None:
            cells.pop()
        repeated = int(row.get(f"{_TABLE}number-rows-repeated") or 1)
        count += (len(cells) + 1) * (repeated if cells else 1)
        if count > most:
            raise UnusableWorkbook(f"the document has more than {MAX_CELLS:,} cells; export it as CSV")
        hidden += row.get(f"{_TABLE}visibility") in ("collapse", "filter")
        rows += [list(cells) for _ in range(repeated if cells else 1)]
    return Sheet(str(table.get(f"{_TABLE}name") or ""), rows, formulas, hidden, 0, False)


def _value(cell: etree._Element) -> Cell:
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in ("float", "currency", "percentage"):
        try:
            return DIGITS.create_decimal(str(cell.get(f"{_OFFICE}value")))
        except InvalidOperation:
            return str(cell.get(f"{_OFFICE}value"))
    if kind == "date":
        text = str(cell.get(f"{_OFFICE}date-value"))
        try:
            return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
        except ValueError:
            return text
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    text = "\n".join("".join(p.itertext()) for p in cell if p.tag == f"{_TEXT}p")
    return text or None
