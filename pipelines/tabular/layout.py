"""How one file's columns become a stream's columns: the mapping of its source, or a guess by its headers.

Belongs here: finding the header record, matching names, and settling delimiter, punctuation and date
format where the configuration leaves them open. What cannot be settled is said with the headers found.
"""

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa

from pipelines.config import CsvMapping
from pipelines.tabular import evidence, formats, order_lines
from pipelines.tabular.days import day_of
from pipelines.tabular.headers import key_of, spellings
from pipelines.tabular.order_lines import LineShape
from pipelines.tabular.schema import STREAMS, Stream
from pipelines.tabular.text import rows, sniff

_ORDER = re.compile("order|bestell|auftrag|command|pedido|ordine|zamówieni")
_LOOKED_AT = 2000  # records used to settle punctuation and date format


class UnusableFile(ValueError):
    """The file cannot be read with this mapping; the message says what is missing and what is there."""


@dataclass(frozen=True)
class Layout:
    """A file's settled shape. `at` maps our column (or debit, credit, sign) to the index of a cell.

    sums: our column to the cells that it is the sum of, each with its sign. signs: our column to the cell
    that says whether it is negative, and how. date_reason: what settled dates that have two readings.
    negative: marks in the cell `sign` that mean minus, from the mapping or found in the file. line: how the
    amount of a row of `order_lines` is made.
    """

    headers: tuple[str, ...]
    header_line: int
    at: dict[str, int]
    delimiter: str
    decimal: str
    thousands: str
    date_format: str
    is_guessed: bool
    sums: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    signs: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    joined: dict[str, tuple[int, ...]] = field(default_factory=dict)
    by_sign: dict[str, tuple[int, int]] = field(default_factory=dict)
    date_reason: str = ""
    negative: tuple[str, ...] = ()
    line: LineShape | None = None

    @property
    def width(self) -> int:
        return len(self.headers)

    @property
    def unmapped(self) -> list[tuple[str, int]]:
        used = {*self.at.values(), *(index for index, _ in self.signs.values())}
        used |= {index for terms in self.sums.values() for _, index in terms}
        used |= {index for places in (*self.joined.values(), *self.by_sign.values()) for index in places}
        return [(name, index) for index, name in enumerate(self.headers) if index not in used]


def settle(text: str, mapping: CsvMapping) -> Layout | None:
    """The layout of a file's text; None when it has no header, that is, no records."""
    delimiter = mapping.delimiter or sniff(_after(text, mapping.skip_rows), mapping.quote)
    sample, headers, header_line = _sample(text, mapping, delimiter, _LOOKED_AT)
    if headers is None:
        return None
    width = _width(headers, sample)
    headers = _named(headers[:width], width)
    stream = STREAMS[mapping.stream]
    at = _mapped(headers, mapping) if mapping.columns else _guessed(headers, mapping)
    sums, signs = _sums(headers, mapping), _signs(headers, mapping)
    by_sign = {ours: (_there(i, headers), _there(o, headers)) for ours, (i, o) in mapping.by_sign.items()}
    joined = {ours: tuple(_there(n, headers) for n in names) for ours, names in mapping.joined.items()}
    sample = [row for row in sample if len(row) == width]
    negative = mapping.negative_values
    if not mapping.columns and "sign" not in at and "debit" not in at and "credit" not in at:
        found = evidence.sign_column(sample, at, headers, stream.amount)
        if found:
            at, negative = (
                {**{name: i for name, i in at.items() if i != found[0]}, "sign": found[0]},
                found[1],
            )
    _require(stream, {**at, **dict.fromkeys((*sums, *joined), 0)}, headers, mapping)
    decimal = mapping.decimal if "decimal" in mapping.model_fields_set else _decimal(sample, at, sums, stream)
    line = None
    if mapping.stream == "order_lines":
        at, line = order_lines.decide(
            at,
            sums,
            sample,
            headers,
            decimal,
            mapping.thousands,
            mapping.constants,
            is_mapped=bool(mapping.columns),
        )
    elif mapping.stream == "orders" and not mapping.columns:
        _refuse_unread_money({*at, *sums}, at, headers, sample)
    date_format, date_reason = _date_format(text, sample, at, headers, decimal, delimiter, mapping)
    return Layout(
        headers=headers,
        header_line=header_line,
        at=at,
        delimiter=delimiter,
        decimal=decimal,
        thousands=mapping.thousands,
        date_format=date_format,
        is_guessed=not mapping.columns,
        sums=sums,
        signs=signs,
        joined=joined,
        by_sign=by_sign,
        date_reason=date_reason,
        negative=negative,
        line=line,
    )


def headers_of(text: str) -> list[str]:
    """The header record of a text as it would be cut without any mapping."""
    _, headers, _ = _sample(text, CsvMapping(stream="orders", columns={}), sniff(text, '"'), 1)
    return [header.strip().lstrip("\ufeff") for header in headers or [] if header.strip()]


def _after(text: str, lines: int) -> str:
    for _ in range(lines):
        text = text.partition("\n")[2]
    return text


def _sample(
    text: str, mapping: CsvMapping, delimiter: str, most: int
) -> tuple[list[list[str]], list[str] | None, int]:
    """Some records, the header, and the last physical line of the header."""
    sample: list[list[str]] = []
    headers = list(mapping.header) or None
    header_line = mapping.skip_rows
    body = _after(text, mapping.skip_rows) if mapping.skip_rows else text
    for line, row in rows(body, delimiter, mapping.quote):
        if headers is None:
            headers, header_line = row, mapping.skip_rows + line + sum(cell.count("\n") for cell in row)
        else:
            sample.append(row)
        if len(sample) >= most:
            break
    return sample, headers if sample or not mapping.header else None, header_line


def _width(header: list[str], sample: list[list[str]]) -> int:
    """Cells per record: as the header says, or one more or less where every record, or the header alone,
    ends with a delimiter."""
    usual = Counter(len(row) for row in sample).most_common(1)
    if usual and usual[0][0] == len(header) + 1:
        return len(header) + 1
    if usual and usual[0][0] == len(header) - 1 and not header[-1].strip():
        return len(header) - 1
    return len(header)


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


def find(name: str, headers: tuple[str, ...]) -> int | None:
    """The header by its exact name, else without regard to case, blanks and punctuation."""
    for spelling in spellings(name):
        if spelling in headers:
            return headers.index(spelling)
    wanted = {key_of(spelling) for spelling in spellings(name)} - {""}
    return next((index for index, header in enumerate(headers) if key_of(header) in wanted), None)


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


def _sums(headers: tuple[str, ...], mapping: CsvMapping) -> dict[str, tuple[tuple[int, int], ...]]:
    """The cells of each sum, with their signs."""
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for ours, terms in mapping.sums.items():
        places = [
            (-1 if term.startswith("-") else 1, _there(term.removeprefix("-"), headers)) for term in terms
        ]
        found[ours] = tuple(places)
    return found


def _signs(headers: tuple[str, ...], mapping: CsvMapping) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {ours: (_there(sign.column, headers), sign.negative) for ours, sign in mapping.signs.items()}


def _there(name: str, headers: tuple[str, ...]) -> int:
    index = find(name, headers)
    if index is None:
        raise UnusableFile(
            f"no column '{name}'; the file has: {_listed(headers)}. Correct the mapping of this source"
        )
    return index


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
    if mapping.stream == "order_lines":
        missing += [] if order_lines.has_items(at, {}) or mapping.columns else ["sku or quantity and price"]
        missing += [] if {"order_id", "order_number"} & have else ["order_id"]
        money = {"unit_price", "line_amount", "total_amount"}
    elif mapping.stream == "payments" and not {"payment_date", "order_number"} & have:
        missing.append("payment_date")
    elif mapping.stream == "orders" and "total_amount" not in have:
        missing += [] if _may_lack_totals(at, headers, mapping) else ["total_amount"]
    if mapping.stream != "orders" and not money & have and not ("amount" in have and "debit_amount" in money):
        missing.extend(name for name in stream.amount if name not in missing)
    if missing:
        raise UnusableFile(
            f"no column for {', '.join(missing)} of {mapping.stream}; the file has: {_listed(headers)}. "
            f"Name it in the mapping (columns: {{{missing[0]}: <header>}}) or fill it (constants: {{{missing[0]}: <value>}})"
        )


def _may_lack_totals(at: dict[str, int], headers: tuple[str, ...], mapping: CsvMapping) -> bool:
    """Orders get the total of their lines; anything else with a number and a date is no order, and a table of
    items is no table of orders."""
    named = [
        headers[at[name]] for name in ("order_id", "order_number") if name in at and at[name] < len(headers)
    ]
    is_order = bool(mapping.columns and named) or any(_ORDER.search(key_of(header)) for header in named)
    return is_order and not {"quantity", "unit_price"} <= _item_columns(headers)


def _item_columns(headers: tuple[str, ...]) -> set[str]:
    """Columns of items that usual headers of the file name."""
    keys = {key_of(header) for header in headers}
    return {column for column, names in synonyms("order_lines") if keys & {key_of(name) for name in names}}


def _refuse_unread_money(
    have: set[str], at: dict[str, int], headers: tuple[str, ...], sample: list[list[str]]
) -> None:
    """Orders may come without a total, but not beside a column of amounts that nothing reads."""
    if "total_amount" in have:
        return
    for index, header in enumerate(headers):
        if index in at.values():
            continue
        cells = _cells(sample, [index])
        amounts = [cell for cell in cells if re.fullmatch(r"[€£$]?\s?-?[0-9][0-9.,' ]*[.,][0-9]{2}", cell)]
        if cells and 2 * len(amounts) > len(cells):
            raise UnusableFile(
                f"no column for total_amount of orders, and '{header}' holds amounts ('{amounts[0]}'); the file has: "
                f"{_listed(headers)}. Name it in the mapping (columns: {{total_amount: {header}}})"
            )


def _listed(headers: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{header}'" for header in headers[:60])
    return shown + (f" and {len(headers) - 60} more" if len(headers) > 60 else "")


def _cells(sample: list[list[str]], columns: list[int]) -> list[str]:
    return [row[index].strip() for row in sample for index in columns if row[index].strip()]


def _decimal(
    sample: list[list[str]],
    at: dict[str, int],
    sums: dict[str, tuple[tuple[int, int], ...]],
    stream: Stream,
) -> str:
    """A comma when amounts end like `12,50` and none ends like `12.50`."""
    money = [
        i
        for name, i in at.items()
        if name in ("amount", "debit", "credit") or pa.types.is_decimal(stream.columns.get(name, pa.null()))
    ]
    money += [index for terms in sums.values() for _, index in terms]
    cells = _cells(sample, money)
    comma = any(re.search(r",[0-9]{1,2}(?![0-9])", cell) for cell in cells)
    point = any(re.search(r"\.[0-9]{1,2}(?![0-9])", cell) for cell in cells)
    return "," if comma and not point else "."


def _date_format(
    text: str,
    sample: list[list[str]],
    at: dict[str, int],
    headers: tuple[str, ...],
    decimal: str,
    delimiter: str,
    mapping: CsvMapping,
) -> tuple[str, str]:
    """The configured format, or the format that fits most dates of the file, and what settled a tie.

    Where two fit equally well and mean different days (03/04/2026), and nothing else in the file tells,
    the file is refused: a guess would move a month's revenue without anyone noticing.
    """
    try:
        for format_ in (mapping.date_format, *mapping.date_formats):
            formats.pattern(format_)
        formats.timestamp_pattern(mapping.timestamp_format)
    except formats.UnknownFormat as error:
        raise UnusableFile(
            f"the mapping has a date or timestamp format that is not supported: {error}"
        ) from error
    stream = STREAMS[mapping.stream]
    days = [i for name, i in at.items() if pa.types.is_date(stream.columns.get(name, pa.null()))]
    if "date_format" in mapping.model_fields_set or not _cells(sample, days):
        return mapping.date_format, ""
    candidates = mapping.date_formats or formats.DATE_FORMATS
    tied = _fitting_best(_cells(sample, days), candidates)
    for most in (8 * _LOOKED_AT, 64 * _LOOKED_AT, len(text)):
        # A later record may tell: look further, at all of them in the end, before asking anyone.
        if len(tied) <= 1:
            break
        sample = [row for row in _sample(text, mapping, delimiter, most)[0] if len(row) == len(headers)]
        tied = _fitting_best(_cells(sample, days), candidates)
    if len(tied) <= 1:
        return tied[0] if tied else mapping.date_format, ""
    settled = evidence.date_format(tied, [_cells(sample, [day]) for day in days], headers, decimal)
    if settled is None:
        cell = _cells(sample, days)[0]
        raise UnusableFile(
            f"dates such as '{cell}' fit {tied[0]} and {tied[1]}, and nothing in the file tells which: no day "
            "above 12, no order that only one keeps, no decimal comma or language; set date_format in the "
            "mapping of this source"
        )
    return settled


def _fitting_best(cells: list[str], candidates: tuple[str, ...]) -> list[str]:
    """The formats that fit most of the dates and mean different days; the first for each meaning."""
    distinct = sorted(set(cells))
    read_as = {f: tuple(day_of(cell, f) for cell in distinct) for f in candidates}
    most = max(sum(day is not None for day in found) for found in read_as.values())
    meanings: dict[tuple[date | None, ...], str] = {}
    for format_, found in read_as.items():
        if most and sum(day is not None for day in found) == most:
            meanings.setdefault(found, format_)
    return list(meanings.values())
