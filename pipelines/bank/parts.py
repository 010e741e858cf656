"""Large files in parts: each part a small file of its own, which the readers of the formats read unchanged.

Belongs here: where a camt or MT940 file may be cut (behind an entry, before a statement line), and what a part
needs around it: the header of the statement that goes on, and in XML the tags that are still open. Does not
belong here: reading the parts (`parallel`).

A file that cannot be cut safely (UTF-16, other line ends, no header that names the currency) is None here and
is read whole. What hides a cut (an entry's end in a comment) makes a part that is not well-formed, and the
file is read whole then too.
"""

import mmap
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

PART = 12 << 20
_HEAD = 1 << 16
_LONGEST_HEADER = 1 << 20


class Part(NamedTuple):
    """content = before + file[start:end] + after; is_continued: it begins within a statement."""

    before: bytes
    start: int
    end: int
    after: bytes
    is_continued: bool


def parts_of(content: mmap.mmap, name: str, size: int = PART) -> list[Part] | None:
    """The parts of a file in the format `name` (a module of this package); None when it is to be read whole."""
    head = content[:_HEAD]
    if b"\x00" in head[:200]:
        return None
    cut = {"camt": _camt, "mt940": _mt940}.get(name)
    if cut is None or len(content) < 2 * size:
        return None
    parts = []
    for part in cut(content, size):
        parts.append(part)
        # What was looked through would otherwise count as memory in use until the file is closed.
        content.madvise(mmap.MADV_DONTNEED)
    return parts if len(parts) > 1 and parts[-1].end == len(content) else None


# --- MT940 ----------------------------------------------------------------------------------------

_NAMES_CURRENCY = re.compile(rb"\n:(?:60[FM]?:[CD]\d{6}[A-Z]{3}|34F:[A-Z]{3})")


def _mt940(content: mmap.mmap, size: int) -> Iterator[Part]:
    """Cuts before a statement line, or before a statement whose header does not say enough for that."""
    start, header_at, before = 0, -1, b""
    while start < len(content):
        at = content.find(b"\n:61:", start + size)
        end = at + 1 if at >= 0 else len(content)
        header_at = max(header_at, _last_statement(content, max(start - 1, 0), end))
        header = b""
        if at >= 0:
            first_line = content.find(b"\n:61:", header_at)
            # The newline in front belongs to what was before; the first statement of a file has none.
            begin = header_at + (content[header_at : header_at + 1] == b"\n")
            header = content[begin : first_line + 1] if header_at >= 0 else b""
            if not (0 < len(header) < _LONGEST_HEADER and _NAMES_CURRENCY.search(b"\n" + header)):
                at = content.find(b"\n:20:", end)
                end, header = (at + 1 if at >= 0 else len(content)), b""
        yield Part(before, start, end, b"", bool(before))
        start, before = end, header


def _last_statement(content: mmap.mmap, start: int, end: int) -> int:
    """Where the last field 20 before `end` begins that a field 25 follows; a wrapped time is none."""
    at = content.rfind(b"\n:20:", start, end)
    while at >= 0 and b"\n:25" not in content[at : at + 600]:
        at = content.rfind(b"\n:20:", start, at)
    if at < 0 and start == 0 and content[:4] == b":20:":
        return -1 if end <= 4 else 0
    return at


# --- camt -----------------------------------------------------------------------------------------

_ENTRY_END = re.compile(rb"</(?:[\w.-]+:)?Ntry\s*>")
_STATEMENT = re.compile(rb"<(?:[\w.-]+:)?(?:Stmt|Rpt|Ntfctn)(?=[\s>])")
_ENTRY = re.compile(rb"<(?:[\w.-]+:)?Ntry(?=[\s>])")


def _camt(content: mmap.mmap, size: int) -> Iterator[Part]:
    """Cuts behind an entry; the part after it begins with the document's and the statement's header."""
    first_end, first_statement = _ENTRY_END.search(content), _STATEMENT.search(content)
    if not first_end or not first_statement or b"<!DOCTYPE" in content[:_HEAD]:
        return
    closing, opening = first_end.group(), first_statement.group()
    document_head = content[: first_statement.start()]
    if len(document_head) > _LONGEST_HEADER:
        return
    start, statement_at, before = 0, -1, b""
    while start < len(content):
        at = content.find(closing, start + size)
        end = at + len(closing) if at >= 0 else len(content)
        statement_at = max(statement_at, content.rfind(opening, start, end))
        header, after = b"", b""
        if at >= 0:
            entry = _ENTRY.search(content, statement_at)
            if entry is None or entry.start() - statement_at > _LONGEST_HEADER:
                return
            header = document_head + content[statement_at : entry.start()]
            tags = open_tags(header)
            if tags is None:
                return
            after = b"".join(b"</%s>" % name.encode() for name in reversed(tags))
        yield Part(before, start, end, after, bool(before))
        start, before = end, header


def open_tags(head: bytes) -> list[str] | None:
    """The elements that are open at the end of a document's beginning; None when it is not well-formed."""
    parser = expat.ParserCreate()
    tags: list[str] = []

    def closed(_: str) -> None:
        tags.pop()

    parser.StartElementHandler = lambda name, _: tags.append(name)
    parser.EndElementHandler = closed
    try:
        parser.Parse(head, False)
    except expat.ExpatError:
        return None
    return tags
