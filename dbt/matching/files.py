"""Files of `tieout match`: any table in, as columns of text. The only module of the engine that reads files.

Every value stays as it is written: ids keep their leading zeros and amounts their digits, because what a
reader rounds here no one can reconcile later. Numbers of typed formats (Parquet, Excel, JSON) become text
without going through a float where the format allows it; a binary float is printed with 15 digits, which
is what the person saw who typed it.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

DELIMITERS = (",", ";", "\t", "|")


class UnreadableFile(ValueError):
    """A file that holds no table; the message says what was found and what to do."""


def read(path: Path) -> pa.Table:
    """The rows of a CSV, Parquet, Excel or JSON (lines) file, every column as text, empty as null."""
    path = Path(path)
    if not path.is_file():
        raise UnreadableFile(f"{path} is not a file")
    kind = path.suffix.lower()
    if kind in (".parquet", ".pq"):
        table = _text_columns(pq.read_table(path))
    elif kind in (".xlsx", ".xlsm"):
        table = _excel(path)
    elif kind in (".json", ".jsonl", ".ndjson"):
        table = _json(path)
    else:
        content = path.read_bytes()
        if content[:4] == b"PAR1":
            table = _text_columns(pq.read_table(path))
        elif content[:2] == b"PK":
            table = _excel(path)
        elif content.lstrip()[:1] in (b"{", b"["):
            table = _json(path)
        else:
            table = _csv(path, content)
    if not table.num_columns:
        raise UnreadableFile(f"{path}: no columns found; expected a header line and rows")
    return table


def decode(content: bytes) -> str:
    """Text of unknown encoding: byte order mark, else UTF-8, else Windows-1252 as Excel writes it."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def sniff(text: str) -> tuple[str, int]:
    """(delimiter, number of lines before the header) of a delimited text; bank exports start with a title."""
    lines = text[:200_000].splitlines()[:200]
    best = (",", 0, -1.0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)]
        except csv.Error:
            continue
        wide = Counter(width for width in widths if width > 1)
        if not wide:
            continue
        width, count = max(wide.items(), key=lambda pair: (pair[1], pair[0]))
        quality = count / max(len(widths), 1) * 100 + min(width, 50) / 100
        if quality > best[2]:
            best = (delimiter, next(i for i, w in enumerate(widths) if w == width), quality)
    return best[0], best[1]


def _csv(path: Path, content: bytes) -> pa.Table:
    text = decode(content)
    if not text.strip():
        raise UnreadableFile(f"{path}: the file is empty")
    delimiter, skip = sniff(text)
    header = next(csv.reader(io.StringIO("\n".join(text.splitlines()[skip : skip + 5])), delimiter=delimiter))
    names = _unique([name.strip() for name in header])
    invalid: list[int] = []

    def keep(row):
        invalid.append(row.number or 0)
        return "skip"

    table = arrow_csv.read_csv(
        pa.BufferReader(text.encode()),
        read_options=arrow_csv.ReadOptions(
            column_names=names, skip_rows=skip, skip_rows_after_names=1, use_threads=False
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values='"' in text, invalid_row_handler=keep
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
        ),
    )
    if invalid:
        # Lines of another width: read them all in Python rather than lose one; short lines are filled up.
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))[skip + 1 :]
        rows = [
            [*row[: len(names)], *[""] * (len(names) - len(row))]
            for row in rows
            if any(cell.strip() for cell in row)
        ]
        table = pa.table(
            {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}
        )
    return _blank_to_null(table)


def _excel(path: Path) -> pa.Table:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    best: list[list[str | None]] = []
    for sheet in book.worksheets:
        rows = [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)]
        rows = [row for row in rows if any(value is not None for value in row)]
        if len(rows) > len(best):
            best = rows
    book.close()
    if not best:
        raise UnreadableFile(f"{path}: no sheet has rows")
    filled = Counter(sum(value is not None for value in row) for row in best)
    width = max(filled.items(), key=lambda pair: (pair[1], pair[0]))[0]
    start = next(
        i for i, row in enumerate(best) if sum(value is not None for value in row) >= max(width - 1, 1)
    )
    columns = max(len(row) for row in best)
    names = _unique(
        [(best[start][i] if i < len(best[start]) else None) or f"column {i + 1}" for i in range(columns)]
    )
    body = best[start + 1 :]
    return _blank_to_null(
        pa.table(
            {
                name: pa.array([row[i] if i < len(row) else None for row in body], pa.string())
                for i, name in enumerate(names)
            }
        )
    )


def _cell(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{Decimal(format(value, '.15g')):f}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _json(path: Path) -> pa.Table:
    text = decode(path.read_bytes())
    try:
        data = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError:
        data = [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
    if isinstance(data, dict):
        lists = [
            value
            for value in data.values()
            if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        data = max(lists, key=len) if lists else [data]
    names = list(dict.fromkeys(name for row in data if isinstance(row, dict) for name in row))
    if not names:
        raise UnreadableFile(f"{path}: no objects found; expected a list of objects or one object per line")

    def text_of(value: object) -> str | None:
        if isinstance(value, dict | list):
            return json.dumps(value, default=str, ensure_ascii=False)
        return _cell(value)

    return _blank_to_null(
        pa.table({name: pa.array([text_of(row.get(name)) for row in data], pa.string()) for name in names})
    )


def _text_columns(table: pa.Table) -> pa.Table:
    columns = {}
    for name, column in zip(_unique(table.column_names), table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_floating(column.type):
            whole = (
                bool(pc.all(pc.or_kleene(pc.is_null(column), pc.equal(column, pc.floor(column)))).as_py())
                if len(column)
                else False
            )
            column = (
                column.cast(pa.int64()).cast(pa.string())
                if whole and not bool(pc.any(pc.greater(pc.abs(column), 1e15)).as_py())
                else pa.chunked_array([pa.array([_cell(value) for value in column.to_pylist()], pa.string())])
            )
        elif pa.types.is_nested(column.type):
            column = pa.chunked_array(
                [
                    pa.array(
                        [
                            None if value is None else json.dumps(value, default=str)
                            for value in column.to_pylist()
                        ],
                        pa.string(),
                    )
                ]
            )
        elif not pa.types.is_string(column.type):
            column = column.cast(pa.string())
        columns[name] = column
    return _blank_to_null(pa.table(columns))


def _unique(names: list[str]) -> list[str]:
    seen: Counter = Counter()
    result = []
    for position, name in enumerate(names):
        name = name or f"column {position + 1}"
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return result


def _blank_to_null(table: pa.Table) -> pa.Table:
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        blank = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(column, "")), "")
        columns[name] = pc.if_else(blank, pa.scalar(None, pa.string()), column)
    result = pa.table(columns)
    if not result.num_rows:
        return result
    empty = None
    for name in result.column_names:
        is_null = pc.is_null(result.column(name))
        empty = is_null if empty is None else pc.and_(empty, is_null)
    return result.filter(pc.invert(empty)) if pc.any(empty).as_py() else result
