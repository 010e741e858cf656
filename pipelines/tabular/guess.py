"""Which stream a delimited file holds, by its headers alone.

Belongs here: scoring the streams by the usual names of their columns. A configured source says its
stream; this serves files that nobody described yet (`tieout inspect`).
"""

import re
from itertools import islice

import pyarrow as pa

from pipelines.config import CsvMapping, Stream
from pipelines.tabular import formats
from pipelines.tabular.layout import Layout, UnusableFile, headers_of, key_of, settle, synonyms
from pipelines.tabular.schema import STREAMS
from pipelines.tabular.text import rows

# What a bank export often leaves out, because the customer knows it. Not an account, and ISO's "none".
UNKNOWN_ACCOUNT, UNKNOWN_CURRENCY = "UNKNOWN", "XXX"

_TIMES = (" %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "T%H:%M:%S", "")


def guessed_mapping(text: str) -> tuple[CsvMapping | None, str]:
    """The mapping that fits the headers best, and why; None when no stream has what it needs."""
    headers = headers_of(text)
    if len(headers) < 2:
        return None, "no delimited text with a header record"
    candidates = []
    for stream in STREAMS:
        mapping = CsvMapping(stream=stream, columns={}, constants=_constants(stream, headers))  # type: ignore[arg-type]
        try:
            layout = settle(text, mapping)
            complaint = ""
            if layout is not None and (written := _timestamp_format(text, stream, layout)):
                mapping = mapping.model_copy(update={"timestamp_format": written})
        except UnusableFile as error:
            layout, complaint = None, str(error)
        score = _score(stream, headers)  # type: ignore[arg-type]
        # A file whose dates have two meanings is still of its stream; its reader says the reason.
        usable = layout is not None or " fit " in complaint
        candidates.append((usable, score, mapping, complaint))
    usable, score, mapping, complaint = max(candidates, key=lambda found: (found[0], found[1]))
    if not usable or score[0] < 3:
        return None, f"delimited text, but no known export: {complaint}"
    return mapping, f"{score[0]} of {len(headers)} headers are usual for {mapping.stream}"


def _timestamp_format(text: str, stream: str, layout: Layout) -> str | None:
    """How the file writes times, where it is not ISO 8601: its date format and a time behind it."""
    times = [
        i
        for name, i in layout.at.items()
        if pa.types.is_timestamp(STREAMS[stream].columns.get(name, pa.null()))
    ]
    sample = [row for _, row in islice(rows(text, layout.delimiter, '"'), 1, 200) if len(row) == layout.width]
    cells = [row[i].strip() for row in sample for i in times if row[i].strip()]

    def fitting(format_: str | None) -> int:
        return sum(bool(re.search(formats.timestamp_pattern(format_), cell)) for cell in cells)

    if not cells or fitting(None) == len(cells):
        return None
    days = [layout.date_format, *formats.DATE_FORMATS]
    written = [f"{day}{time}" for day in days for time in _TIMES]
    best = max(written, key=fitting)
    return best if fitting(best) > fitting(None) else None


def _score(stream: Stream, headers: list[str]) -> tuple[int, int]:
    """Headers known to the stream, and those among them that only this kind of file uses."""
    keys = {key_of(header) for header in headers}
    known, own = 0, 0
    for column, names in synonyms(stream):
        found = {key_of(name) for name in names} & keys
        known += bool(found)
        own += bool(found) and not any(
            column in STREAMS[other].columns for other in STREAMS if other != stream
        )
        keys -= found
    return known, own


def _constants(stream: str, headers: list[str]) -> dict[str, str]:
    """Stand-ins for account and currency where no header can be them."""
    if stream != "bank_transactions":
        return {}
    keys = {key_of(header) for header in headers}
    missing = {"account_number": UNKNOWN_ACCOUNT, "currency": UNKNOWN_CURRENCY}
    for column, names in synonyms(stream):
        if keys.intersection(map(key_of, names)):
            missing.pop(column, None)
    return missing
