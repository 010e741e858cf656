"""Which stream a delimited file holds, by its headers alone.

Belongs here: scoring the streams by the usual names of their columns. A configured source says its
stream; this serves files that nobody described yet (`tieout inspect`).
"""

import re
from functools import cache
from itertools import islice

import pyarrow as pa

from pipelines.bank.accounts import is_iban
from pipelines.config import CsvMapping, Stream
from pipelines.tabular import formats
from pipelines.tabular.headers import key_of
from pipelines.tabular.layout import Layout, UnusableFile, headers_of, settle, synonyms
from pipelines.tabular.order_lines import has_items, repeats_orders
from pipelines.tabular.schema import STREAMS
from pipelines.tabular.text import rows

# Not an account, and ISO's "none": a bank export often leaves both out, because the customer knows them.
UNKNOWN_ACCOUNT, UNKNOWN_CURRENCY = "UNKNOWN", "XXX"

_MOST_ABOVE = 40  # lines
_BOOKED = ("invoice_lines", "bill_lines")
_OF_ITS_ORDER = (
    "order_id", "order_number", "order_date", "created_at", "customer_id", "customer_name", "customer_email",
    "currency", "status",
)  # fmt: skip
_DOCUMENTS = ("orders", "invoices", "bills", "payments")  # streams with one row each
_TIMES = (" %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "T%H:%M:%S", "")


def guessed_mapping(text: str) -> tuple[CsvMapping | None, str]:
    """The mapping that fits the headers best, and why; None when no stream has what it needs."""
    above = _lines_above_header(text)
    preamble, body = text.split("\n")[:above], "\n".join(text.split("\n")[above:])
    headers = headers_of(body)
    if len(headers) < 2:
        return None, "no delimited text with a header record"
    candidates = []
    for stream in STREAMS:
        constants = _constants(stream, headers, preamble)
        mapping = CsvMapping(stream=stream, columns={}, constants=constants, skip_rows=above)  # type: ignore[arg-type]
        try:
            layout = settle(text, mapping)
            complaint = ""
            if layout is not None and (written := _timestamp_format(body, stream, layout)):
                mapping = mapping.model_copy(update={"timestamp_format": written})
        except UnusableFile as error:
            layout, complaint = None, str(error)
        if layout is not None and not _numbers_its_records(stream, layout):
            layout, complaint = None, f"no column that numbers the records of {stream}"
        score = _score(stream, headers)  # type: ignore[arg-type]
        # A file whose dates have two meanings is still of its stream; its reader says the reason.
        usable = layout is not None or " fit " in complaint
        candidates.append((usable, score, mapping, complaint, layout))
    usable, score, mapping, complaint, _ = max(candidates, key=lambda found: (found[0], found[1]))
    items = next(found for found in candidates if found[2].stream == "order_lines")
    if items[0] and mapping.stream in _DOCUMENTS and _has_a_row_per_item(body, items[4]):
        usable, score, mapping, complaint, _ = items
    booked = [
        found for found in candidates if found[2].stream in _BOOKED and found[0] and _is_booked(found[4])
    ]
    if mapping.stream == "order_lines" and booked:
        usable, score, mapping, complaint, _ = max(booked, key=lambda found: found[1])
    if mapping.stream == "order_lines":
        mapping = _filled_down(mapping, body, items[4])
    if not usable or score[0] < 3:
        return None, f"delimited text, but no known export: {complaint}"
    return mapping, f"{score[0]} of {len(headers)} headers are usual for {mapping.stream}"


def _is_booked(layout: Layout | None) -> bool:
    """Whether lines say on which account or under which tax code they go: those of an accounting tool, no shop's."""
    return layout is not None and bool({"account_code", "tax_code", "cost_center"} & set(layout.at))


def _filled_down(mapping: CsvMapping, text: str, layout: Layout | None) -> CsvMapping:
    """Where the order stands on its first row only, its columns hold for the rows below."""
    if layout is None or "order_id" not in layout.at:
        return mapping
    sample = [
        row for _, row in islice(rows(text, layout.delimiter, '"'), 1, 2000) if len(row) == layout.width
    ]
    item = [layout.at[name] for name in ("sku", "description", "quantity") if name in layout.at]
    cost = [layout.at[name] for name in ("unit_price", "line_amount") if name in layout.at]
    further = [
        row
        for row in sample
        if not row[layout.at["order_id"]].strip()
        and any(row[at].strip() for at in item)
        and any(row[at].strip() for at in cost)
    ]
    if not sample or not sample[0][layout.at["order_id"]].strip() or 10 * len(further) < len(sample):
        return mapping
    names = [layout.headers[layout.at[name]] for name in _OF_ITS_ORDER if name in layout.at]
    return mapping.model_copy(update={"fill_down": tuple(names), "delimiter": layout.delimiter})


def _has_a_row_per_item(text: str, layout: Layout | None) -> bool:
    """Whether what looks like documents has several rows of one of them, each with an item."""
    if layout is None or not has_items(layout.at, layout.sums):
        return False
    body = rows(text, layout.delimiter, '"')
    sample = [row for _, row in islice(body, 1, 5000) if len(row) == layout.width]
    return repeats_orders(sample, layout.at)


def _numbers_its_records(stream: str, layout: Layout) -> bool:
    """Documents have a number: dates and amounts alone are lines of an account, whatever else fits."""
    shape = STREAMS[stream]
    numbers = {name for name in shape.key_from if name.endswith("_number")}
    if stream == "order_lines":
        return has_items(layout.at, layout.sums)
    if not numbers and not shape.line_of:
        return True
    return bool(({shape.key} | numbers) & set(layout.at))


def _lines_above_header(text: str) -> int:
    """Banks write account and period above the table: the header is the line with most usual names."""
    best, above = 0, 0
    for number, line in enumerate(text.split("\n", _MOST_ABOVE)[:_MOST_ABOVE]):
        keys = {key_of(cell) for cell in re.split(r"[,;\t|]", line)} - {""}
        known = len(keys & _usual_keys())
        if known > best:
            best, above = known, number
    return above if best >= 3 else 0


@cache
def _usual_keys() -> frozenset[str]:
    return frozenset(key_of(name) for stream in STREAMS for _, names in synonyms(stream) for name in names)


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


def _constants(stream: str, headers: list[str], preamble: list[str]) -> dict[str, str]:
    """Account and currency where no header can be them: an IBAN above the table, or a stand-in."""
    if stream in ("orders", "order_lines"):
        keys = {key_of(header) for header in headers}
        named = {key_of(name) for column, names in synonyms(stream) if column == "currency" for name in names}
        return {} if keys & named else {"currency": UNKNOWN_CURRENCY}
    if stream != "bank_transactions":
        return {}
    keys = {key_of(header) for header in headers}
    written = re.findall(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b", "\n".join(preamble))
    ibans = {iban for iban in (text.replace(" ", "") for text in written) if is_iban(iban)}
    account = ibans.pop() if len(ibans) == 1 else UNKNOWN_ACCOUNT
    missing = {"account_number": account, "currency": UNKNOWN_CURRENCY}
    for column, names in synonyms(stream):
        if keys.intersection(map(key_of, names)):
            missing.pop(column, None)
    return missing
