"""Workbooks (Office Open XML, ISO/IEC 29500; OpenDocument spreadsheets, ISO/IEC 26300) as rows of cells.

Belongs here: opening the package within limits, and each cell's exact value: a number by the digits that
the file holds and the format it is shown in, a date by the workbook's epoch. Does not belong here: what a
column means (`layout`) or how cells become text (`sheets`).

A number is stored as a binary float's decimal digits. Spreadsheets show at most 15 of them, and compute
0.1 + 0.2 as 0.30000000000000004: 15 significant digits are taken, and where more decimals than an amount
can have remain, those of the number format, which is what a person sees.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

Cell = str | Decimal | date | datetime | bool | None

MAX_UNPACKED = 400 << 20  # bytes of all parts together
MAX_RATIO = 200  # unpacked to packed; a sheet of equal cells packs to about a hundredth
MAX_CELLS = 5_000_000
_SMALL = 10 << 20
_CHUNK = 1 << 20
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_CELL, _VALUE, _FORMULA = (
    frozenset((f"{{{_MAIN}}}{name}", f"{{{_STRICT}}}{name}")) for name in ("c", "v", "f")
)
_LETTERS = re.compile(r"[A-Z]{1,3}")
DIGITS = Context(prec=15)
# ISO/IEC 29500 18.8.30: number formats that are dates, of those without a text in the file.
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_MOST_DECIMALS = 4


class UnusableWorkbook(ValueError):
    """Why a workbook is not read: damaged, hostile, or of another kind."""


class Sheet(NamedTuple):
    """rows: the cells of each row, hidden ones too. formulas: cells whose value was computed; hidden: rows
    that a filter or a person hides; rounded: numbers taken as their format shows them."""

    name: str
    rows: list[list[Cell]]
    formulas: int
    hidden: int
    rounded: int
    is_hidden: bool


def is_package(content: bytes) -> bool:
    return content.startswith(b"PK\x03\x04")


def read_workbook(content: bytes) -> list[Sheet]:
    """The sheets of a workbook. Raises UnusableWorkbook with the reason."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            _check(package, len(content))
            names = set(package.namelist())
            if "mimetype" in names and b"opendocument.spreadsheet" in _part(package, "mimetype")[:200]:
                from pipelines.tabular.opendocument import read_sheets

                return read_sheets(_part(package, "content.xml"))
            if "xl/workbook.xml" not in names:
                raise UnusableWorkbook(_what(names))
            return list(_sheets(package, names))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise UnusableWorkbook(f"the workbook cannot be unpacked: {type(error).__name__}: {error}") from error
    except UnusableWorkbook:
        raise
    except ValueError as error:  # a number where the standard has one, and something else in the file
        raise UnusableWorkbook(f"the workbook is not as its standard has it: {str(error)[:200]}") from error
    except etree.XMLSyntaxError as error:
        raise UnusableWorkbook(f"the workbook's XML is not well-formed: {error}") from error


def _what(names: set[str]) -> str:
    if any(name.startswith("xl/") and name.endswith(".bin") for name in names):
        return "a binary workbook (.xlsb); save it as .xlsx or CSV"
    if any(name.startswith("word/") for name in names):
        return "a text document, not a workbook"
    return "a ZIP archive, not a workbook; unpack it and deliver its files"


def _check(package: zipfile.ZipFile, packed: int) -> None:
    """Refuse what would not fit: by what the package declares, then by unpacking piece by piece, because
    a hostile package declares less than it holds."""
    total = 0
    for info in package.infolist():
        if info.flag_bits & 1:
            raise UnusableWorkbook("the workbook is protected by a password; save it without one")
        if info.file_size > MAX_UNPACKED:
            raise UnusableWorkbook(_too_large(info.file_size))
        total += info.file_size
    if total > MAX_UNPACKED or (total > _SMALL and total > MAX_RATIO * max(packed, 1)):
        raise UnusableWorkbook(_too_large(total))


def _too_large(size: int) -> str:
    return (
        f"the workbook unpacks to {size:,} bytes; at most {MAX_UNPACKED:,} and {MAX_RATIO} times its packed size "
        "are read, as no export is packed more tightly"
    )


def _part(package: zipfile.ZipFile, name: str) -> bytes:
    """One part, never more of it than it declares."""
    pieces, size = [], 0
    with package.open(name) as part:
        while piece := part.read(_CHUNK):
            size += len(piece)
            if size > MAX_UNPACKED:
                raise UnusableWorkbook(_too_large(size))
            pieces.append(piece)
    content = b"".join(pieces)
    if re.search(rb"<!DOCTYPE|<!ENTITY", content[:4096]):
        raise UnusableWorkbook("the workbook's XML declares a document type or entities; no spreadsheet does")
    return content


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _tree(content: bytes) -> etree._Element:
    return etree.fromstring(content, _parser())


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _sheets(package: zipfile.ZipFile, names: set[str]) -> Iterator[Sheet]:
    book = _tree(_part(package, "xl/workbook.xml"))
    is_1904 = any(_local(e) == "workbookPr" and e.get("date1904") in ("1", "true") for e in book.iter())
    targets = _targets(package, names)
    strings = _shared_strings(package, names)
    formats = _formats(package, names)
    left = MAX_CELLS
    for element in book.iter():
        if _local(element) != "sheet":
            continue
        relation = next((value for key, value in element.attrib.items() if str(key).endswith("}id")), "")
        target = targets.get(str(relation), "")
        if target not in names or "worksheets/" not in target:
            continue  # a chart, or a sheet that is not in the package
        sheet = _sheet(
            _part(package, target), str(element.get("name") or ""), strings, formats, is_1904, left,
            element.get("state") in ("hidden", "veryHidden"),
        )  # fmt: skip
        left -= sum(map(len, sheet.rows))
        yield sheet


def _targets(package: zipfile.ZipFile, names: set[str]) -> dict[str, str]:
    """Relation to part. A target outside the package, or of another machine, is in no package."""
    if "xl/_rels/workbook.xml.rels" not in names:
        return {}
    found = {}
    for relation in _tree(_part(package, "xl/_rels/workbook.xml.rels")):
        target = str(relation.get("Target") or "")
        found[str(relation.get("Id"))] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


def _shared_strings(package: zipfile.ZipFile, names: set[str]) -> list[str]:
    if "xl/sharedStrings.xml" not in names:
        return []
    found: list[str] = []
    for item in _elements(_part(package, "xl/sharedStrings.xml"), "si"):
        found.append(_text(item))
        if len(found) > MAX_CELLS:
            raise UnusableWorkbook(f"the workbook has more than {MAX_CELLS:,} texts; export it as CSV")
    return found


def _elements(content: bytes, name: str) -> Iterator[etree._Element]:
    """The elements of one name, each forgotten when the next is asked for."""
    events = etree.iterparse(
        io.BytesIO(content), events=("end",), tag=[f"{{{_MAIN}}}{name}", f"{{{_STRICT}}}{name}"],
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
    )  # fmt: skip
    for _, element in events:
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _text(item: etree._Element) -> str:
    """The runs of a rich text, without the phonetic ones."""
    parts = []
    for element in item.iter():
        if _local(element) == "t" and _local(element.getparent()) != "rPh":
            parts.append(element.text or "")
    return _unescaped("".join(parts))


def _unescaped(text: str) -> str:
    """`_x000D_`: characters that XML cannot hold (ISO/IEC 29500 22.4.2.4)."""
    if "_x" not in text:
        return text
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


class _Format(NamedTuple):
    is_date: bool
    decimals: int | None


def _formats(package: zipfile.ZipFile, names: set[str]) -> list[_Format]:
    """By cell style: whether it shows a date, and with how many decimals a number."""
    if "xl/styles.xml" not in names:
        return []
    root = _tree(_part(package, "xl/styles.xml"))
    codes = {
        int(e.get("numFmtId") or 0): str(e.get("formatCode") or "")
        for e in root.iter()
        if _local(e) == "numFmt"
    }
    built_in = {1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 39: "#,##0.00", 40: "#,##0.00",
                37: "#,##0", 38: "#,##0", 44: "#,##0.00", 43: "#,##0.00", 41: "#,##0", 42: "#,##0"}  # fmt: skip
    found = []
    for group in root:
        if _local(group) == "cellXfs":
            for style in group:
                number = int(style.get("numFmtId") or 0)
                found.append(_format(number, codes.get(number, built_in.get(number, ""))))
    return found


def _format(number: int, code: str) -> _Format:
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", code.split(";")[0])
    is_date = (number in _DATE_FORMATS and not code) or bool(
        re.search(r"[ymdhs]", bare.lower()) and "general" not in bare.lower()
    )
    decimals = re.search(r"\.([0#?]+)", bare)
    plain = re.search(r"[0#?]", bare)
    return _Format(is_date, len(decimals[1]) if decimals else 0 if plain else None)


def _sheet(
    content: bytes,
    name: str,
    strings: list[str],
    formats: list[_Format],
    is_1904: bool,
    most: int,
    is_hidden: bool,
) -> Sheet:
    rows: list[list[Cell]] = []
    formulas = hidden = rounded = count = 0
    for row in _elements(content, "row"):
        number = int(row.get("r") or len(rows) + 1)
        if number - len(rows) > 1_100_000:
            raise UnusableWorkbook(f"sheet '{name}' has a row {number:,}; a sheet has at most 1,048,576")
        cells: list[Cell] = []
        for element in row:
            if element.tag not in _CELL:
                continue
            place = _column(element.get("r"), len(cells))
            if place - len(cells) > 16_384:
                raise UnusableWorkbook(f"sheet '{name}' has a column {place:,}; a sheet has at most 16,384")
            cells += [None] * (place - len(cells))
            text = None
            for child in element:
                if child.tag in _VALUE:
                    text = child.text
                elif child.tag in _FORMULA:
                    formulas += 1
            value, is_rounded = _value(element, text, strings, formats, is_1904)
            rounded += is_rounded
            cells.append(value)
        count += len(cells) + 1
        if count > most:
            raise UnusableWorkbook(f"the workbook has more than {MAX_CELLS:,} cells; export it as CSV")
        if any(cell is not None for cell in cells):
            rows += [[] for _ in range(number - len(rows) - 1)]
            hidden += row.get("hidden") in ("1", "true")
            rows.append(cells)
    return Sheet(name, rows, formulas, hidden, rounded, is_hidden)


@lru_cache(maxsize=1 << 16)
def _place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _column(reference: str | None, otherwise: int) -> int:
    letters = _LETTERS.match(reference or "")
    return _place(letters[0]) if letters else otherwise


def _value(
    element: etree._Element, text: str | None, strings: list[str], formats: list[_Format], is_1904: bool
) -> tuple[Cell, bool]:
    """The cell's value, and whether a number was taken as it is shown."""
    type_ = element.get("t") or "n"
    if type_ == "inlineStr":
        return _text(element) or None, False
    if text is None:
        return None, False
    if type_ == "s":
        return (strings[int(text)] if text.isdigit() and int(text) < len(strings) else f"#REF {text}"), False
    if type_ == "b":
        return text == "1", False
    if type_ in ("str", "e"):
        return _unescaped(text) or None, False
    if type_ == "d":
        return datetime.fromisoformat(text.removesuffix("Z")), False
    style = element.get("s") or ""
    format_ = formats[int(style)] if style.isdigit() and int(style) < len(formats) else _Format(False, None)
    return _number(text, format_, is_1904)


def _number(text: str, format_: _Format, is_1904: bool) -> tuple[Cell, bool]:
    try:
        value = DIGITS.create_decimal(Decimal(text.strip()))
    except InvalidOperation:
        return text, False
    if not value.is_finite():
        return text, False
    if format_.is_date:
        return moment(value, is_1904), False
    if -value.as_tuple().exponent > _MOST_DECIMALS and format_.decimals is not None and abs(value) < 10**14:  # type: ignore[operator]
        return round(value, min(format_.decimals, _MOST_DECIMALS)), True
    return value, False


def moment(days: Decimal, is_1904: bool) -> Cell:
    """A day, or a day and time, from its number since the workbook's epoch.

    The 1900 epoch has a 29 February 1900 that never was (Lotus 1-2-3): from day 61 on it is one ahead.
    """
    if not 0 <= days < 2_958_466:
        return days
    if days < 1 and not is_1904:
        return (datetime(1900, 1, 1) + timedelta(seconds=round(days * 86_400))).strftime("%H:%M:%S")
    whole = int(days)
    seconds = int(((days - whole) * 86_400).to_integral_value())
    start = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30 if whole > 60 else 31)
    try:
        value = start + timedelta(days=whole, seconds=seconds)
    except OverflowError:
        return days
    return value if seconds else value.date()
