"""How one file's columns become a stream's columns: the mapping of its source, or a guess by its headers.

Belongs here: finding the header record, matching names, and settling delimiter, punctuation and date
format where the configuration leaves them open. What cannot be settled is said with the headers found.
"""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

from pipelines.config import CsvMapping
from pipelines.tabular import formats
from pipelines.tabular.days import day_of
from pipelines.tabular.schema import STREAMS, Stream
from pipelines.tabular.text import rows, sniff

_LOOKED_AT = 2000  # records used to settle punctuation and date format


class UnusableFile(ValueError):
    """The file cannot be read with this mapping; the message says what is missing and what is there."""


@dataclass(frozen=True)
class Layout:
    """A file's settled shape. `at` maps our column (or debit, credit, sign) to the index of a cell."""

    headers: tuple[str, ...]
    header_line: int
    at: dict[str, int]
    delimiter: str
    decimal: str
    thousands: str
    date_format: str
    is_guessed: bool

    @property
    def width(self) -> int:
        return len(self.headers)

    @property
    def unmapped(self) -> list[tuple[str, int]]:
        used = set(self.at.values())
        return [(name, index) for index, name in enumerate(self.headers) if index not in used]


def settle(text: str, mapping: CsvMapping) -> Layout | None:
    """The layout of a file's text; None when it has no header, that is, no records."""
    delimiter = mapping.delimiter or sniff(_after(text, mapping.skip_rows), mapping.quote)
    sample, headers, header_line = _sample(text, mapping, delimiter)
    if headers is None:
        return None
    width = _width(len(headers), sample)
    headers = _named(headers, width)
    stream = STREAMS[mapping.stream]
    at = _mapped(headers, mapping) if mapping.columns else _guessed(headers, mapping)
    _require(stream, at, headers, mapping)
    sample = [row for row in sample if len(row) == width]
    decimal = mapping.decimal if "decimal" in mapping.model_fields_set else _decimal(sample, at, stream)
    return Layout(
        headers=headers,
        header_line=header_line,
        at=at,
        delimiter=delimiter,
        decimal=decimal,
        thousands=mapping.thousands,
        date_format=_date_format(sample, at, stream, mapping),
        is_guessed=not mapping.columns,
    )


def headers_of(text: str) -> list[str]:
    """The header record of a text as it would be cut without any mapping."""
    _, headers, _ = _sample(text, CsvMapping(stream="orders", columns={}), sniff(text, '"'))
    return [header.strip().lstrip("\ufeff") for header in headers or [] if header.strip()]


def _after(text: str, lines: int) -> str:
    for _ in range(lines):
        text = text.partition("\n")[2]
    return text


def _sample(text: str, mapping: CsvMapping, delimiter: str) -> tuple[list[list[str]], list[str] | None, int]:
    """Some records, the header, and the last physical line of the header."""
    sample: list[list[str]] = []
    headers: list[str] | None = None
    header_line = 0
    body = _after(text, mapping.skip_rows) if mapping.skip_rows else text
    for line, row in rows(body, delimiter, mapping.quote):
        if headers is None:
            headers, header_line = row, mapping.skip_rows + line + sum(cell.count("\n") for cell in row)
        else:
            sample.append(row)
        if len(sample) >= _LOOKED_AT:
            break
    return sample, headers, header_line


def _width(header: int, sample: list[list[str]]) -> int:
    """Cells per record: as the header says, or one more where every record ends with a delimiter."""
    usual = Counter(len(row) for row in sample).most_common(1)
    return header + 1 if usual and usual[0][0] == header + 1 else header


def _named(headers: list[str], width: int) -> tuple[str, ...]:
    names = [header.strip().lstrip("\ufeff") for header in headers]
    names += [""] * (width - len(names))
    seen: Counter[str] = Counter()
    result = []
    for number, name in enumerate(names, 1):
        name = name or f"column {number}"
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)


def key_of(header: str) -> str:
    """A header without case, blanks and punctuation: `Invoice No.` is `invoice_no`."""
    return re.sub(r"[\W_]+", "", header.casefold())


def find(name: str, headers: tuple[str, ...]) -> int | None:
    """The header by its exact name, else without regard to case, blanks and punctuation."""
    if name in headers:
        return headers.index(name)
    wanted = key_of(name)
    return next((index for index, header in enumerate(headers) if wanted and key_of(header) == wanted), None)


def _mapped(headers: tuple[str, ...], mapping: CsvMapping) -> dict[str, int]:
    wanted = dict(mapping.columns)
    for ours, header in (
        ("debit", mapping.debit_column),
        ("credit", mapping.credit_column),
        ("sign", mapping.sign_column),
    ):
        if header:
            wanted[ours] = header
    at = {ours: find(header, headers) for ours, header in wanted.items()}
    missing = [f"'{wanted[ours]}' (for {ours})" for ours, index in at.items() if index is None]
    if missing:
        raise UnusableFile(
            f"no column {', '.join(missing)}; the file has: {_listed(headers)}. "
            "Correct the mapping of this source, or ask for the export with these columns"
        )
    return {ours: index for ours, index in at.items() if index is not None}


def _guessed(headers: tuple[str, ...], mapping: CsvMapping) -> dict[str, int]:
    """Columns by the synonyms; a header serves one column, names of the stream before general ones."""
    at: dict[str, int] = {}
    named = {
        ours: find(header, headers)
        for ours, header in (
            ("debit", mapping.debit_column),
            ("credit", mapping.credit_column),
            ("sign", mapping.sign_column),
        )
        if header
    }
    at.update({ours: index for ours, index in named.items() if index is not None})
    keys = {key_of(header): index for index, header in reversed(list(enumerate(headers)))}
    for column, names in synonyms(mapping.stream):
        if column in at or column in mapping.constants:
            continue
        for name in names:
            index = keys.get(key_of(name))
            if index is not None and index not in at.values():
                at[column] = index
                break
    return at


@cache
def synonyms(stream: str) -> list[tuple[str, tuple[str, ...]]]:
    """(our column, header names) in order: our own name, the stream's synonyms, the general ones."""
    columns = STREAMS[stream].columns
    own: dict[str, list[str]] = {name: [name] for name in columns}
    general: dict[str, list[str]] = {}
    with Path(__file__).with_name("synonyms.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = row["headers"].split("|")
            if row["stream"] == stream:
                own.setdefault(row["column"], []).extend(names)
            elif row["stream"] == "*" and row["column"] in columns:
                general.setdefault(row["column"], []).extend(names)
    return [(name, tuple(names)) for name, names in [*own.items(), *general.items()]]


def _require(stream: Stream, at: dict[str, int], headers: tuple[str, ...], mapping: CsvMapping) -> None:
    """Every required column must come from somewhere; one record's empty cell is another matter."""
    have = set(at) | set(mapping.constants) | {"line_number", "account_number", stream.key}
    if {"debit", "credit"} & have:
        have.add("amount")
    if stream.dates and set(stream.dates) & have:
        have.update(stream.dates)
    if "account_currency" in have:
        have.add("currency")
    money = set(stream.amount) | set(stream.minus)
    missing = [name for name in stream.required if name not in have]
    if not money & have and not ("amount" in have and "debit_amount" in money):
        missing.extend(name for name in stream.amount if name not in missing)
    if missing:
        raise UnusableFile(
            f"no column for {', '.join(missing)} of {mapping.stream}; the file has: {_listed(headers)}. "
            f"Name it in the mapping (columns: {{{missing[0]}: <header>}}) or fill it (constants: {{{missing[0]}: <value>}})"
        )


def _listed(headers: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{header}'" for header in headers[:60])
    return shown + (f" and {len(headers) - 60} more" if len(headers) > 60 else "")


def _cells(sample: list[list[str]], columns: list[int]) -> list[str]:
    return [row[index].strip() for row in sample for index in columns if row[index].strip()]


def _decimal(sample: list[list[str]], at: dict[str, int], stream: Stream) -> str:
    """A comma when amounts end like `12,50` and none ends like `12.50`."""
    money = [
        i
        for name, i in at.items()
        if name in ("debit", "credit") or pa.types.is_decimal(stream.columns.get(name, pa.null()))
    ]
    cells = _cells(sample, money)
    comma = any(re.search(r",[0-9]{1,2}(?![0-9])", cell) for cell in cells)
    point = any(re.search(r"\.[0-9]{1,2}(?![0-9])", cell) for cell in cells)
    return "," if comma and not point else "."


def _date_format(sample: list[list[str]], at: dict[str, int], stream: Stream, mapping: CsvMapping) -> str:
    """The configured format, or the format that fits most dates of the sample.

    Where two fit equally well and mean different days (03/04/2026), the file is refused: a guess would
    move a month's revenue without anyone noticing.
    """
    try:
        formats.pattern(mapping.date_format)
        formats.timestamp_pattern(mapping.timestamp_format)
    except formats.UnknownFormat as error:
        raise UnusableFile(
            f"the mapping has a date or timestamp format that is not supported: {error}"
        ) from error
    days = [i for name, i in at.items() if pa.types.is_date(stream.columns.get(name, pa.null()))]
    cells = sorted(set(_cells(sample, days)))
    if "date_format" in mapping.model_fields_set or not cells:
        return mapping.date_format
    read_as = {f: [day_of(cell, f) for cell in cells] for f in formats.DATE_FORMATS}
    fitting = {f: sum(day is not None for day in found) for f, found in read_as.items()}
    chosen = max(formats.DATE_FORMATS, key=lambda f: fitting[f])
    if not fitting[chosen]:
        return mapping.date_format
    rival = next(
        (f for f in formats.DATE_FORMATS if fitting[f] == fitting[chosen] and read_as[f] != read_as[chosen]),
        None,
    )
    if rival:
        raise UnusableFile(
            f"dates such as '{cells[0]}' fit {chosen} and {rival}; set date_format in the mapping of this source"
        )
    return chosen
