"""A delimited file as text and as records: encoding, delimiter, lines, fields.

Belongs here: everything between the bytes of a file and the text of its cells. Does not belong here:
what a column means (`layout`) or what a cell is worth (`cells`).

Source: RFC 4180, and what exports do instead of it: other delimiters, quotes inside unquoted cells,
records of unequal length, blank lines, no line end at the end.
"""

import csv
import io
import string
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines import decoding

DELIMITERS = (",", ";", "\t", "|")
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

csv.field_size_limit(1 << 30)


class Records(NamedTuple):
    """The records of a file, by column.

    columns: text of each cell, `width` columns. position: ordinal of each record in the file, 1-based,
    blank ones not counted; line: physical line on which it starts.
    ragged: records of another width.
    """

    columns: list[pa.Array]
    position: np.ndarray
    line: np.ndarray
    ragged: list["Ragged"]

    def shifted(self, by: int) -> "Records":
        """The records of a further table in the same file: positions go on from the last one's."""
        ragged = [record._replace(position=record.position + by) for record in self.ragged]
        return self._replace(position=self.position + by, ragged=ragged)


class Ragged(NamedTuple):
    """A record with more or fewer cells than the header."""

    position: int
    line: int
    cells: int
    text: str


def decode(content: bytes, encoding: str | None) -> tuple[str, str]:
    """Text and the encoding that was used. A byte-order mark wins over the configuration; without
    either, UTF-8, then CP1252, IBM850 or Latin-1 by what the bytes spell. Line ends become one character."""
    if encoding is not None and not content.startswith(decoding.MARKS):
        text = decode_as(content, encoding)
        if text is not None:
            return text, encoding
    text, codec = decoding.decode(content)
    return _plain(text), codec


def decode_as(content: bytes, encoding: str) -> str | None:
    """The text in one encoding, None when the bytes are none of it."""
    try:
        return _plain(content.decode(encoding))
    except (UnicodeDecodeError, LookupError):
        return None


def _plain(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def rows(text: str, delimiter: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    """Records one at a time with the line they start on, by the csv module; blank ones left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    line = 1
    for row in reader:
        if row and (row[0].strip() or "".join(row).strip()):
            yield line, row
        line = reader.line_num + 1


def cells_of_line(line: str, delimiter: str, quote: str = '"') -> list[str]:
    """One line as a record; an unfinished quote gives what there is."""
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])
    except csv.Error:
        return []


def lines_with(words: Iterable[str], text: str, start: int = 0) -> Iterator[int]:
    """Where the lines from `start` on begin that hold one of the words, each once; without regard to case.
    words: small letters of ASCII."""
    small = text.lower()
    if len(small) != len(text):
        # A letter became two, and places would differ; the words have ASCII letters only.
        small = text.translate(_SMALL)
    done = set()
    for word in words:
        position = small.find(word, start)
        while position >= 0:
            at = small.rfind("\n", 0, position) + 1
            if at >= start and at not in done:
                done.add(at)
                yield at
            end = small.find("\n", position)
            position = small.find(word, end) if end >= 0 else -1


def sniff(text: str, quote: str) -> str:
    """The delimiter that cuts the first record into most cells."""
    head = text[:65536]
    first = next((line for line in head.split("\n") if line.strip()), "")
    counts = {}
    for delimiter in DELIMITERS:
        try:
            counts[delimiter] = len(next(csv.reader([first], delimiter=delimiter, quotechar=quote)))
        except (csv.Error, StopIteration):
            counts[delimiter] = 1
    return max(DELIMITERS, key=lambda delimiter: counts[delimiter])


def records(text: str, start_line: int, delimiter: str, quote: str, width: int) -> Records:
    """The records after line `start_line` (the header's last), by column."""
    body = text
    offset = 0
    for _ in range(start_line):
        found = body.find("\n", offset)
        if found < 0:
            return Records(
                [pa.array([], pa.string()) for _ in range(width)],
                np.empty(0, np.int64),
                np.empty(0, np.int64),
                [],
            )
        offset = found + 1
    content = body[offset:].encode()
    if len(delimiter.encode()) == 1 and len(quote.encode()) == 1 and len(content) < 1 << 31:
        cut = _cut(content, start_line, ord(delimiter), ord(quote), width)
        if cut is not None:
            return cut
    return _read_slowly(body[offset:], start_line, delimiter, quote, width)


def _cut(content: bytes, start_line: int, delimiter: int, quote: int, width: int) -> Records | None:
    """All cells at once with numpy; None when a quote stands where RFC 4180 has none."""
    if not content.endswith(b"\n"):
        content += b"\n"
    characters = np.frombuffer(content, np.uint8)
    is_quote = characters == quote
    is_end = characters == 10
    is_mark = (characters == delimiter) | is_end
    if is_quote.any():
        inside = np.logical_xor.accumulate(is_quote)
        if inside[-1] or not _is_regular(characters, is_quote, is_mark, inside):
            return None
        is_mark &= ~inside
        record_end = is_mark & is_end
    else:
        record_end = is_end
    marks = np.flatnonzero(is_mark)
    ends = np.flatnonzero(record_end)
    starts = np.r_[0, ends[:-1] + 1]
    last_mark = np.searchsorted(marks, ends)
    fields = np.diff(np.r_[-1, last_mark])
    line = start_line + 1 + np.searchsorted(np.flatnonzero(is_end), starts)

    first_mark = last_mark - fields + 1
    is_blank = _are_blank(content, starts, ends, fields, delimiter, quote)
    good = np.flatnonzero((fields == width) & ~is_blank)
    position = np.cumsum(~is_blank)
    ragged = [
        Ragged(
            int(position[at]),
            int(line[at]),
            int(fields[at]),
            content[starts[at] : ends[at]].decode("utf-8", errors="replace"),
        )
        for at in np.flatnonzero((fields != width) & ~is_blank).tolist()
    ]
    # One string array over the whole file, cell, mark, cell, mark: every column is a take from it.
    bounds = np.empty(2 * marks.size + 1, np.int32)
    bounds[0] = 0
    bounds[1::2] = marks
    bounds[2::2] = marks + 1
    alternating = pa.StringArray.from_buffers(
        bounds.size - 1, pa.py_buffer(bounds.tobytes()), pa.py_buffer(content)
    )
    columns = [
        _unquoted(alternating.take(pa.array(2 * (first_mark[good] + column))), chr(quote))
        for column in range(width)
    ]
    return Records(columns, position[good], line[good], ragged)


def _is_regular(
    characters: np.ndarray, is_quote: np.ndarray, is_mark: np.ndarray, inside: np.ndarray
) -> bool:
    """Whether every opening quote starts a cell and every closing one ends it (or is doubled)."""
    at = np.flatnonzero(is_quote)
    opening = at[inside[at]]
    closing = at[~inside[at]]
    before = np.r_[True, is_mark[:-1] | is_quote[:-1]][opening]
    after = np.r_[is_mark[1:] | is_quote[1:], True][closing]
    return bool(before.all() and after.all() and _doubled_inside(opening, closing, is_mark, is_quote))


def _doubled_inside(
    opening: np.ndarray, closing: np.ndarray, is_mark: np.ndarray, is_quote: np.ndarray
) -> bool:
    """An opening quote right behind a closing one is a doubled quote; it must lie within a quoted cell,
    which holds when the first quote of its run opened at the start of a cell."""
    start_of_cell = np.r_[True, is_mark[:-1]]
    run_start = opening[~np.r_[False, is_quote[:-1]][opening]]
    return bool(start_of_cell[run_start].all())


def _are_blank(
    content: bytes, starts: np.ndarray, ends: np.ndarray, fields: np.ndarray, delimiter: int, quote: int
) -> np.ndarray:
    """Records without any text: blank lines, and the rows of bare delimiters that spreadsheets append."""
    blank = np.zeros(starts.size, bool)
    empty = bytes((delimiter, quote)) + b" \t\n\x0b\x0c"
    for at in np.flatnonzero(ends - starts < 3 * fields + 8).tolist():
        blank[at] = not content[starts[at] : ends[at]].strip(empty)
    return blank


def _unquoted(cells: pa.Array, quote: str) -> pa.Array:
    is_quoted = pc.starts_with(cells, quote)
    if not pc.any(is_quoted).as_py():
        return cells
    inner = pc.utf8_slice_codeunits(cells, 1, -1)
    return pc.if_else(is_quoted, pc.replace_substring(inner, quote * 2, quote), cells)


def _read_slowly(text: str, start_line: int, delimiter: str, quote: str, width: int) -> Records:
    """The csv module's reading, for files with quotes inside unquoted cells and the like."""
    good: list[list[str]] = []
    places: list[tuple[int, int]] = []
    ragged: list[Ragged] = []
    for position, (line, row) in enumerate(rows(text, delimiter, quote), 1):
        if len(row) == width:
            good.append(row)
            places.append((position, start_line + line))
        else:
            ragged.append(Ragged(position, start_line + line, len(row), delimiter.join(row)))
    columns = [pa.array(column, pa.string()) for column in zip(*good, strict=True)] or [
        pa.array([], pa.string()) for _ in range(width)
    ]
    at = np.array(places, np.int64).reshape(-1, 2)
    return Records(columns, at[:, 0], at[:, 1], ragged)
