"""From an ECB file to rates: text to cells (CSV or XML), then one typed check for both.

A record is one rate (a currency on a day); its position is its ordinal among all cells of the file,
the `N/A` of a currency that was not quoted included.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

import pyarrow as pa
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pipelines.config import SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.ecb.schema import FX_RATES
from pipelines.landing import damage, file_row, read_chunks
from pipelines.provenance import Batch, LandingFile
from pipelines.rejects import UNKNOWN_CURRENCY, WHOLE_FILE, Reason, reject_row, rejects_table

STREAM = "fx_rates"
NOT_QUOTED = ("", "N/A")
# The whole history since 1999 is below 10 MB; a larger file is not this publication.
MAX_BYTES = 64 << 20

_CURRENCY = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,8}0*)?")
_TIME = re.compile(r"""\btime\s*=\s*["']([^"']*)["']|\bcurrency\s*=\s*["']([^"']*)["']""")


class Cell(NamedTuple):
    """One rate as text; a line that has not the header's columns is one cell with `problem`."""

    position: int
    day: str
    currency: str
    rate: str
    problem: str | None = None


class _Unreadable(ValueError):
    pass


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """Batches of `fx_rates`, `rejects`, `control_totals` and the row of the file."""
    try:
        text = _text(file)
        if text.lstrip().startswith("<"):
            format, cells, declared = "ecb_eurofxref_xml", list(_xml_cells(text)), _declared_in_xml(text)
        else:
            format, cells, declared = "ecb_eurofxref_csv", list(_csv_cells(text)), _declared_in_csv(text)
    except _Unreadable as error:
        yield from _unreadable(file, instance, str(error))
        return
    rates, rejects = _rates(file, instance, cells)
    if _counted(rates, "rate_date") + _counted(rejects, "business_date") != declared:
        # Two ways of reading see it differently: landing one of them would leave a residual for ever.
        reason = (
            f"its text lists {sum(declared.values())} rates, {len(cells)} were read; deliver it again, whole"
        )
        yield from _unreadable(file, instance, reason)
        return
    yield Batch("fx_rates", rates)
    yield Batch("rejects", rejects)
    yield Batch(
        "control_totals",
        control_totals_table(
            file,
            instance,
            (
                {
                    "stream": STREAM,
                    "currency": currency,
                    "business_date": day,
                    "declared_count": count,
                    "declared_amount": Decimal(0),
                }
                for (currency, day), count in declared.items()
            ),
        ),
    )
    yield Batch(
        "files",
        file_row(
            file,
            instance,
            format=format,
            recognised_by="content",
            status="loaded",
            record_count=sum(declared.values()),
        ),
    )


def _counted(rows: pa.Table, date_column: str) -> Counter[tuple[str, date | None]]:
    """Rows per currency and day."""
    return Counter(
        zip(rows.column("currency").to_pylist(), rows.column(date_column).to_pylist(), strict=True)
    )


def _text(file: LandingFile) -> str:
    if (reason := damage(file.path)) is not None:
        raise _Unreadable(reason)
    content = bytearray()
    for chunk in read_chunks(file.path):
        content += chunk
        if len(content) > MAX_BYTES:
            raise _Unreadable(f"larger than {MAX_BYTES >> 20} MiB, the full history is below 10 MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unreadable(f"not UTF-8: {error}") from error


def _csv_cells(text: str) -> Iterator[Cell]:
    rows = csv.reader(io.StringIO(text, newline=""), quoting=csv.QUOTE_NONE)
    try:
        header = [name.strip() for name in next(rows, [])]
        while header and not header[-1]:
            header.pop()  # the trailing comma
        if not header or header[0] != "Date" or len(header) < 2:
            raise _Unreadable(f"the first line is not 'Date,USD,…' but {header[:3]}")
        position = 0
        for row in rows:
            row = [value.strip() for value in row]
            if not any(row):
                continue
            if len(row) not in (len(header), len(header) + 1) or any(row[len(header) :]):
                position += 1
                problem = f"{len(row)} values for {len(header)} columns"
                yield Cell(position, row[0], "", ",".join(row), problem)
                continue
            for currency, rate in zip(header[1:], row[1:], strict=False):
                position += 1
                if rate not in NOT_QUOTED:
                    yield Cell(position, row[0], currency, rate)
    except csv.Error as error:
        raise _Unreadable(f"line {rows.line_num}: {error}") from error


def _xml_cells(text: str) -> Iterator[Cell]:
    try:
        # Without DTD and entities: a rate file has neither, an attack has.
        root = fromstring(text.encode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise _Unreadable(f"not the expected XML: {error!r}") from error
    if not root.tag.endswith("}Envelope"):
        raise _Unreadable(f"the root element is {root.tag}, expected gesmes:Envelope")
    position = 0
    day = ""
    for cube in root.iter():
        day = cube.attrib.get("time", day)
        if "currency" in cube.attrib:
            position += 1
            yield Cell(position, day, cube.attrib["currency"].strip(), cube.attrib.get("rate", "").strip())


def _rates(file: LandingFile, instance: SourceInstance, cells: list[Cell]) -> tuple[pa.Table, pa.Table]:
    columns: dict[str, list] = {name: [] for name in FX_RATES.names}
    rejects = []
    for cell in cells:
        content = f"{cell.day}|{cell.currency}|{cell.rate}"
        day = _date(cell.day)
        problem = _problem(cell, day)
        if problem is not None:
            reason, name, value, expected = problem
            rejects.append(
                reject_row(
                    file,
                    instance,
                    stream=STREAM,
                    position=cell.position,
                    reason=reason,
                    field=name,
                    value=value,
                    expected=expected,
                    message=f"rate {cell.position}: {name} is '{value[:40]}', expected {expected}",
                    payload=content,
                    currency=cell.currency if _CURRENCY.fullmatch(cell.currency) else UNKNOWN_CURRENCY,
                    business_date=day,
                )
            )
            continue
        columns["source_position"].append(cell.position)
        columns["record_hash"].append(sha256(content.encode()).hexdigest()[:32])
        columns["rate_date"].append(day)
        columns["currency"].append(cell.currency)
        columns["rate"].append(Decimal(cell.rate))
    count = len(columns["currency"])
    columns["source_name"] = [instance.name] * count
    columns["entity_id"] = [instance.entity_id] * count
    columns["load_id"] = [file.load_id] * count
    columns["source_file"] = [file.source_file] * count
    columns["base_currency"] = ["EUR"] * count
    return pa.table(columns, schema=FX_RATES), rejects_table(rejects)


def _problem(cell: Cell, day: date | None) -> tuple[Reason, str, str, str] | None:
    """(reason, field, value, expected) of the first thing wrong with a cell."""
    if cell.problem is not None:
        return Reason.MALFORMED_RECORD, "line", cell.rate, f"the header's columns ({cell.problem})"
    if day is None:
        return Reason.INVALID_VALUE, "Date", cell.day, "a date such as 2026-06-30"
    if not _CURRENCY.fullmatch(cell.currency):
        return Reason.INVALID_VALUE, "currency", cell.currency, "an ISO 4217 code"
    if not _RATE.fullmatch(cell.rate) or Decimal(cell.rate) == 0:
        return Reason.INVALID_VALUE, "rate", cell.rate, "a positive decimal with at most 8 decimals"
    return None


def _date(text: str) -> date | None:
    """2026-06-30 in the history, '30 June 2026' in the daily CSV."""
    for pattern in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return None


def _declared_in_csv(text: str) -> Counter[tuple[str, date | None]]:
    """Rates per currency and day, counted on the lines without the csv reader."""
    first, *lines = re.split(r"\r\n|\r|\n", text)
    header = [name.strip() for name in first.split(",")]
    while not header[-1]:
        header.pop()
    declared: Counter[tuple[str, date | None]] = Counter()
    for line in lines:
        if not line.replace(",", "").strip():
            continue
        day, *rates = [value.strip() for value in line.split(",")]
        if len(rates) == len(header) and not rates[-1]:
            rates.pop()
        if len(rates) != len(header) - 1:
            declared[UNKNOWN_CURRENCY, _date(day)] += 1
            continue
        for currency, rate in zip(header[1:], rates, strict=True):
            if rate not in NOT_QUOTED:
                known = currency if _CURRENCY.fullmatch(currency) else UNKNOWN_CURRENCY
                declared[known, _date(day)] += 1
    return declared


def _declared_in_xml(text: str) -> Counter[tuple[str, date | None]]:
    """Rates per currency and day, counted on the text without the XML parser."""
    declared: Counter[tuple[str, date | None]] = Counter()
    day: date | None = None
    for time, currency in _TIME.findall(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)):
        if currency:
            declared[currency if _CURRENCY.fullmatch(currency) else UNKNOWN_CURRENCY, day] += 1
        else:
            day = _date(time)
    return declared


def _unreadable(file: LandingFile, instance: SourceInstance, reason: str) -> Iterator[Batch]:
    with file.path.open("rb") as content:
        payload = content.read(2000).decode(errors="replace")
    reject = reject_row(
        file,
        instance,
        stream=STREAM,
        position=WHOLE_FILE,
        reason=Reason.UNREADABLE_FILE,
        expected="an ECB eurofxref file, CSV or XML",
        message=f"{file.source_file}: {reason}",
        payload=payload,
    )
    yield Batch("rejects", rejects_table([reject]))
    cell = {
        "stream": STREAM,
        "currency": UNKNOWN_CURRENCY,
        "business_date": None,
        "declared_count": 1,
        "declared_amount": Decimal(0),
    }
    yield Batch("control_totals", control_totals_table(file, instance, [cell]))
    yield Batch(
        "files",
        file_row(file, instance, format="unknown", recognised_by="none", status="rejected", record_count=1),
    )
