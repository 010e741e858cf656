"""The reader of the kind: one delimited file to batches of its stream, whatever is in it.

Belongs here: putting together text, layout, cells, rejects and declared totals. A record lands whole
or is rejected whole: an order without its total would be a hole in the receivables.
"""

import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.agreement import Cells, added, cells_of, disagreement
from pipelines.config import CsvMapping, SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.landing import file_row, open_binary
from pipelines.provenance import Batch, LandingFile
from pipelines.rejects import UNKNOWN_CURRENCY, WHOLE_FILE, Reason, reject_row, rejects_table
from pipelines.schema_drift import schema_drift_table
from pipelines.tabular import declared
from pipelines.tabular.layout import Layout, UnusableFile, settle
from pipelines.tabular.table import Table
from pipelines.tabular.text import decode, records

_ROWS = 50_000
_LARGEST_FILE = 2 << 30


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """Batches of one CSV file. Never raises because of its content."""
    mapping = instance.csv
    assert mapping is not None, "the configuration gives every csv source a mapping"
    text, encoding = "", "utf-8"
    try:
        text, encoding = decode(_content(file), mapping.encoding)
        layout = settle(text, mapping)
        if layout is None:
            yield Batch("files", _file_row(file, instance, "no header record: the file is empty", 0))
            return
        yield from _batches(text, encoding, layout, mapping, file, instance)
    except UnusableFile as error:
        yield from _refused(str(error), text[:65536], file, instance, mapping)


def _content(file: LandingFile) -> bytes:
    try:
        with open_binary(file.path) as stream:
            content = stream.read(_LARGEST_FILE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnusableFile(f"the file cannot be unpacked: {type(error).__name__}: {error}") from error
    if len(content) > _LARGEST_FILE:
        raise UnusableFile(f"the file holds more than {_LARGEST_FILE >> 30} GB; split the export")
    if content.startswith(b"PK\x03\x04"):
        raise UnusableFile("this is a workbook or archive, not delimited text; save the sheet as CSV")
    return content


def _batches(
    text: str, encoding: str, layout: Layout, mapping: CsvMapping, file: LandingFile, instance: SourceInstance
) -> Iterator[Batch]:
    listed, number = declared.count(text, layout, mapping, instance.time_zone)
    found = records(text, layout.header_line, layout.delimiter, mapping.quote, layout.width)
    table = Table(found, layout, mapping, file, instance)
    rows, rejects = table.landed(), table.rejects()
    landed = cells_of(*(rows[name] for name in ("control_currency", "control_date", "control_amount")))
    rejected = cells_of(*(rejects[name].combine_chunks() for name in ("currency", "business_date", "amount")))
    problem = disagreement(listed, added([landed, rejected]))
    if problem:
        raise UnusableFile(problem)

    result = table.typed(rows)
    for start in range(0, result.num_rows, _ROWS):
        yield Batch(mapping.stream, result.slice(start, _ROWS))
    yield Batch("rejects", rejects)
    yield Batch(
        "control_totals", control_totals_table(file, instance, _declared_cells(listed, mapping.stream))
    )
    yield Batch("schema_drift", schema_drift_table(file, instance, table.drift()))
    how = "headers by their usual names" if layout.is_guessed else "the mapping of the source"
    recognised = f"{how}; {encoding}, delimiter {layout.delimiter!r}, decimal {layout.decimal!r}, dates {layout.date_format}"
    yield Batch("files", _file_row(file, instance, recognised, number))


def _declared_cells(listed: Cells, stream: str) -> Iterator[dict[str, Any]]:
    for (currency, day), (count, amount) in listed.items():
        yield {
            "stream": stream,
            "currency": currency,
            "business_date": day,
            "declared_count": count,
            "declared_amount": amount,
        }


def _file_row(file: LandingFile, instance: SourceInstance, recognised_by: str, count: int) -> pa.Table:
    return file_row(
        file, instance, format="csv", recognised_by=recognised_by, status="loaded", record_count=count
    )


def _refused(
    reason: str, payload: str, file: LandingFile, instance: SourceInstance, mapping: CsvMapping
) -> Iterator[Batch]:
    """A file that cannot be read: declared as one record, rejected as one record."""
    reject = reject_row(
        file,
        instance,
        stream=mapping.stream,
        position=WHOLE_FILE,
        reason=Reason.UNREADABLE_FILE,
        message=reason,
        expected=f"a delimited file with the mapped columns of {mapping.stream}",
        payload=payload,
    )
    yield Batch("rejects", rejects_table([reject]))
    one: Cells = {(UNKNOWN_CURRENCY, None): (1, Decimal(0))}
    yield Batch("control_totals", control_totals_table(file, instance, _declared_cells(one, mapping.stream)))
    row = file_row(file, instance, format="csv", recognised_by=reason, status="rejected", record_count=1)
    yield Batch("files", row)
