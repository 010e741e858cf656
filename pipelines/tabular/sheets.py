"""The sheets of a workbook as delimited text, so that one reader serves both.

Belongs here: writing cells as the rest of their column is written (decimal mark, dates). Text cells stay as
they are; a number or date cell has no notation of its own.
"""

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from pipelines.tabular.workbook import Cell, Sheet


class Style(NamedTuple):
    """How numbers and dates are written: decimal mark and strftime formats."""

    decimal: str = "."
    date_format: str = "%Y-%m-%d"
    timestamp_format: str = "%Y-%m-%d %H:%M:%S"


DELIMITER = ","


def style_of(sheet: Sheet) -> Style:
    """A comma as decimal mark where cells of text have one, else a point; dates in ISO 8601."""
    comma = point = 0
    for row in sheet.rows[:2000]:
        for cell in row:
            if isinstance(cell, str) and len(cell) < 30:
                comma += bool(
                    re.fullmatch(r"\s*[-+(]?[\d. '’\u00a0]*\d,\d{1,2}\)?-?\s*(?:€|[A-Z]{3})?", cell)
                )
                point += bool(
                    re.fullmatch(r"\s*[-+(]?[\d, '’\u00a0]*\d\.\d{1,2}\)?-?\s*(?:[$£]|[A-Z]{3})?", cell)
                )
    return Style(decimal="," if comma and not point else ".")


def as_text(sheet: Sheet, style: Style) -> str:
    """The sheet as CSV with every row on a line of its own number, its cells as text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=DELIMITER, lineterminator="\n")
    width = max((len(row) for row in sheet.rows), default=0)
    for row in sheet.rows:
        cells = [written(cell, style) for cell in row]
        if any(cells):
            writer.writerow([*cells, *[""] * (width - len(cells))])
        else:
            out.write("\n")
    return out.getvalue()


def written(cell: Cell, style: Style) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return _plain(cell).replace(".", style.decimal)
    if isinstance(cell, datetime):
        return cell.strftime(style.timestamp_format)
    if isinstance(cell, date):
        return cell.strftime(style.date_format)
    return cell.replace("\r", "\n").replace("\x00", "").strip("\n")


def _plain(value: Decimal) -> str:
    """Digits without an exponent and without empty decimals; a number too long for one stays as it is."""
    if abs(value.adjusted()) > 40:
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
