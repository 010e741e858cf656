"""The reader of the kind: one delimited file or workbook to batches of its streams, whatever is in it.

Belongs here: putting together text, layout, cells, rejects and declared totals. A record lands whole
or is rejected whole: an order without its total would be a hole in the receivables.
"""

import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.agreement import Cells, added, cells_of, disagreement
from pipelines.bank.identifiers import wrong_bics, wrong_ibans
from pipelines.company import base_currency_of
from pipelines.config import CsvMapping, SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.landing import file_row, open_binary
from pipelines.provenance import MONEY, Batch, LandingFile
from pipelines.rejects import UNKNOWN_CURRENCY, UNKNOWN_STREAM, WHOLE_FILE, Reason, reject_row, rejects_table
from pipelines.schema_drift import schema_drift_table
from pipelines.tabular import declared, profiles, sheets
from pipelines.tabular.layout import Layout, UnusableFile, settle
from pipelines.tabular.left_out import Noted, prepare, without_totals
from pipelines.tabular.recognised import Recognised, recognise, recognise_stream, says_only_a_stream
from pipelines.tabular.stated import Stated, stated_balances
from pipelines.tabular.table import Table
from pipelines.tabular.text import decode, decode_as, records
from pipelines.tabular.workbook import UnusableWorkbook, is_package, read_workbook

_ROWS = 50_000
_LARGEST_FILE = 2 << 30
# Begins the `field` of lines that were left out, so that nobody takes them for a column.
LEFT_OUT = "(lines) "


class Document(NamedTuple):
    """One table as text: a delimited file, or a sheet of a workbook. how: what was found opening it."""

    text: str
    format: str
    how: str
    sheet: sheets.Sheet | None = None


class Part(NamedTuple):
    """One stream of a document, ready to be read. text: with everything blanked that is no record; known:
    headers that another stream of the document reads, or that tell its product."""

    text: str
    mapping: CsvMapping
    layout: Layout
    notes: list[Noted]
    known: frozenset[str]
    stated: Stated = Stated()


class _Read(NamedTuple):
    """What reading the parts of a document came to."""

    batches: list[Batch]
    records: int
    how: str


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """Batches of one file. Never raises because of its content."""
    documents: list[Document] = []
    try:
        documents = _documents(_content(file), instance)
        done, problems = [], []
        at = 0
        for document in documents:
            try:
                found = _read(document, file, instance, at)
            except UnusableFile as error:
                # A workbook may hold sheets besides the export; they are named, not lost.
                if len(documents) == 1:
                    raise
                problems.append((document, error))
                continue
            done.append(found)
            at += found.records
        if not done and problems:
            raise problems[0][1]
    except UnusableFile as error:
        yield from _refused(str(error), documents[0].text[:65536] if documents else "", file, instance)
        return
    for found in done:
        yield from found.batches
    for document, error in problems:
        note = Noted(
            f"sheet '{document.sheet.name if document.sheet else ''}': {error}"[:200], 1, document.text[:200]
        )
        yield _drift(file, instance, UNKNOWN_STREAM, [note], [])
    how = "; ".join(dict.fromkeys(found.how for found in done)) or "no header record: the file is empty"
    format_ = documents[0].format if documents else "csv"
    yield Batch(
        "files", file_row(file, instance, format=format_, recognised_by=how, status="loaded", record_count=at)
    )


def _content(file: LandingFile) -> bytes:
    try:
        with open_binary(file.path) as stream:
            content = stream.read(_LARGEST_FILE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnusableFile(f"the file cannot be unpacked: {type(error).__name__}: {error}") from error
    if len(content) > _LARGEST_FILE:
        raise UnusableFile(f"the file holds more than {_LARGEST_FILE >> 30} GB; split the export")
    return content


def _documents(content: bytes, instance: SourceInstance) -> list[Document]:
    """The tables of a file. Raises UnusableFile when it cannot be opened."""
    if not is_package(content):
        if content.startswith(b"\xd0\xcf\x11\xe0"):
            raise UnusableFile("this is a workbook of the format before 2007 (.xls); save it as .xlsx or CSV")
        text, encoding = decode(content, instance.csv.encoding if instance.csv else None)
        if instance.csv is None or says_only_a_stream(instance.csv):
            text, encoding = spelled(content, text, encoding)
        return [Document(text, "csv", encoding)]
    try:
        book = read_workbook(content)
    except UnusableWorkbook as error:
        raise UnusableFile(str(error)) from error
    filled = [sheet for sheet in book if sheet.rows]
    shown = [sheet for sheet in filled if not sheet.is_hidden] or filled
    if not shown:
        raise UnusableFile("the workbook has no cell with a value")
    return [_document(sheet) for sheet in shown]


def _document(sheet: sheets.Sheet) -> Document:
    found = [f"sheet '{sheet.name}'"]
    for count, what in (
        (sheet.formulas, "computed cells, read as last saved"),
        (sheet.hidden, "hidden rows, read as well"),
        (sheet.rounded, "numbers taken as they are shown"),
    ):
        if count:
            found.append(f"{count} {what}")
    return Document(sheets.as_text(sheet, sheets.style_of(sheet)), "workbook", ", ".join(found), sheet)


def spelled(content: bytes, text: str, encoding: str) -> tuple[str, str]:
    """The text in the encoding in which its headers are those of a known product, where the bytes alone
    leave it open (Windows-1250 and Windows-1252 differ in letters only)."""
    if encoding.startswith(("utf-8", "utf-16")):
        return text, encoding
    fit = profiles.fitting(text)
    for codec in profiles.encodings() if fit is None else fit.profile.encodings:
        other = decode_as(content, codec)
        if other is not None and profiles.fitting(other) is not None:
            return other, codec
    return text, encoding


def _read(document: Document, file: LandingFile, instance: SourceInstance, start: int) -> _Read:
    """All parts of a document. Raises UnusableFile when it fits nothing or counts differ."""
    parts, reason = parts_of(document, instance)
    if parts is None:
        return _Read([], 0, "no header record: the file is empty")
    batches: list[Batch] = []
    number = 0
    for part in parts:
        found, count = _part(part, file, instance, start + number, part is parts[0])
        batches += found
        number += count
    layout = parts[0].layout
    said = "".join(f", {why}" for part in parts if part.layout.line for why in part.layout.line.reasons)
    how = (
        f"{reason}{said}; {document.how}, delimiter {layout.delimiter!r}, decimal {layout.decimal!r}, "
        f"dates {layout.date_format}" + (f" by {layout.date_reason}" if layout.date_reason else "")
    )
    return _Read(batches, number, how)


def parts_of(document: Document, instance: SourceInstance) -> tuple[list[Part] | None, str]:
    """The streams of a document and what decided them; None without a header record.

    Raises UnusableFile with the reason when nothing fits.
    """
    if not document.text.strip():
        return None, ""
    if instance.csv is not None:
        how = "the mapping of the source" if instance.csv.columns else "headers by their usual names"
        found = Recognised((instance.csv,), how)
        if says_only_a_stream(instance.csv):
            base = base_currency_of(instance.entity_id)
            found = recognise_stream(document.text, instance.csv, base) or found
    else:
        found = recognise(
            document.text,
            instance.constants,
            is_configured=bool(instance.entity_id),
            base_currency=base_currency_of(instance.entity_id),
        )
    parts = []
    for mapping in found.mappings:
        text = document.text
        if document.sheet is not None:
            text, mapping = _of_sheet(document.sheet, mapping)
        whole = text
        text, notes = prepare(text, mapping)
        layout = settle(text, mapping)
        if layout is None:
            return None, ""
        text, more = without_totals(text, layout, mapping)
        # What is no record of the first stream was said of it; the other streams are rows of the same file.
        stated = Stated()
        if mapping.stream == "bank_transactions":
            stated = stated_balances(whole, text, layout, mapping)
        parts.append(Part(text, mapping, layout, [] if parts else notes + more, found.known, stated))
    used = {name for part in parts for name in part.layout.headers} - set.intersection(
        *({name for name, _ in part.layout.unmapped} for part in parts)
    )
    parts = [part._replace(known=part.known | used) for part in parts]
    return parts, found.reason


def _of_sheet(sheet: sheets.Sheet, mapping: CsvMapping) -> tuple[str, CsvMapping]:
    """The sheet's text with numbers and dates written as the mapping expects them."""
    style = sheets.style_of(sheet)
    said = mapping.model_fields_set
    if "decimal" in said:
        style = style._replace(decimal=mapping.decimal)
    if "date_format" in said or mapping.date_formats:
        format_ = mapping.date_format if "date_format" in said else mapping.date_formats[0]
        style = style._replace(date_format=format_)
    if mapping.timestamp_format:
        style = style._replace(timestamp_format=mapping.timestamp_format)
    changed = mapping.model_copy(update={"delimiter": sheets.DELIMITER, "quote": '"'})
    return sheets.as_text(sheet, style), changed


def _part(
    part: Part, file: LandingFile, instance: SourceInstance, start: int, is_first: bool
) -> tuple[list[Batch], int]:
    mapping, layout = part.mapping, part.layout
    listed, number = declared.count(part.text, layout, mapping, instance.time_zone)
    found = records(part.text, layout.header_line, layout.delimiter, mapping.quote, layout.width)
    table = Table(found.shifted(start), layout, mapping, file, instance)
    rows, rejects = table.landed(), table.rejects()
    landed = cells_of(*(rows[name] for name in ("control_currency", "control_date", "control_amount")))
    rejected = cells_of(*(rejects[name].combine_chunks() for name in ("currency", "business_date", "amount")))
    problem = disagreement(listed, added([landed, rejected]))
    if problem:
        raise UnusableFile(problem)
    result = table.typed(_with_stated(rows, part.stated))
    batches = [
        Batch(mapping.stream, result.slice(begin, _ROWS)) for begin in range(0, result.num_rows, _ROWS)
    ]
    batches.append(Batch("rejects", rejects))
    cells = _declared_cells(listed, mapping.stream)
    batches.append(Batch("control_totals", control_totals_table(file, instance, cells)))
    # A column without a place is told once, of the file's first stream.
    fields = [f for f in table.drift() if f["field"] not in part.known] if is_first else []
    if mapping.stream == "bank_transactions":
        told = [*wrong_ibans(rows["counterparty_account"]), *wrong_bics(rows["counterparty_bank"])]
        fields += [{"stream": mapping.stream, **drift._asdict()} for drift in told]
    batches.append(_drift(file, instance, mapping.stream, part.notes, fields))
    return batches, number


def _with_stated(rows: dict[str, pa.Array], stated: Stated) -> dict[str, pa.Array]:
    """The balances that the file states, on its lines, where they are all of one account and currency."""
    if stated == Stated() or any(len(pc.unique(rows[name])) != 1 for name in ("account_number", "currency")):
        return rows
    count = len(rows["currency"])
    return rows | {
        "stated_opening_amount": pa.repeat(pa.scalar(stated.opening, MONEY), count),
        "stated_closing_amount": pa.repeat(pa.scalar(stated.closing, MONEY), count),
    }


def _drift(
    file: LandingFile, instance: SourceInstance, stream: str, notes: list[Noted], fields: list[dict[str, Any]]
) -> Batch:
    """Columns without a place of their own, and lines that are no records: kept in sight, as both may matter."""
    left = [
        {
            "stream": stream,
            "field": f"{LEFT_OUT}{note.reason}",
            "example": note.example,
            "occurrences": note.count,
        }
        for note in notes
    ]
    return Batch("schema_drift", schema_drift_table(file, instance, [*fields, *left]))


def _declared_cells(listed: Cells, stream: str) -> Iterator[dict[str, Any]]:
    for (currency, day), (count, amount) in listed.items():
        yield {
            "stream": stream,
            "currency": currency,
            "business_date": day,
            "declared_count": count,
            "declared_amount": amount,
        }


def _refused(reason: str, payload: str, file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """A file that cannot be read: declared as one record, rejected as one record."""
    stream = instance.csv.stream if instance.csv else UNKNOWN_STREAM
    expected = f"mapped columns of {stream}" if instance.csv else "headers of a known export"
    reject = reject_row(
        file,
        instance,
        stream=stream,
        position=WHOLE_FILE,
        reason=Reason.UNREADABLE_FILE,
        message=reason,
        expected=f"a delimited file or workbook with the {expected}",
        payload=payload,
    )
    yield Batch("rejects", rejects_table([reject]))
    one: Cells = {(UNKNOWN_CURRENCY, None): (1, Decimal(0))}
    yield Batch("control_totals", control_totals_table(file, instance, _declared_cells(one, stream)))
    row = file_row(file, instance, format="csv", recognised_by=reason, status="rejected", record_count=1)
    yield Batch("files", row)
