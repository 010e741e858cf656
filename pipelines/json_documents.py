"""JSON files as received: their layout, and their text in bounded chunks of Arrow strings.

Belongs here: finding out whether a file is one document (a page, an array) or one document per line,
and cutting it into documents without parsing them. Does not belong here: what a document holds
(`json_records`) or what its fields mean (the kinds).
"""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from pipelines.landing import damage, read_chunks
from pipelines.rejects import MAX_PAYLOAD

Layout = Literal["document", "lines"]

# About 5,000 orders of 6 KB. Planning the SQL of a chunk takes 60 ms, as long as 500 orders; larger
# chunks gained nothing more and cost memory (700 MB at the peak with this one).
CHUNK_BYTES = 32 << 20
# One document is parsed as a whole and needs several times its size; vendors' pages are below 10 MB.
MAX_DOCUMENT_BYTES = 256 << 20

_SNIFFED_BYTES = 1 << 20
_SNIFFED_LINES = 20
_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")
_INVALID = "\ufffd".encode()  # in front of a line: makes it no JSON

DOCUMENTS = pa.schema([pa.field("text", pa.string())])


class UnreadableFile(ValueError):
    """The file as a whole cannot be read; the message says why."""


def layout(path: Path) -> Layout:
    """Whether the file is one JSON document or has one per line, by its first lines.

    Raises UnreadableFile when it is damaged, empty or not JSON at all.
    """
    if (reason := damage(path)) is not None:
        raise UnreadableFile(reason)
    lines = _first_lines(path)
    if not lines:
        raise UnreadableFile("the file is empty")
    if not any(line.startswith((b"{", b"[")) for line in lines):
        raise UnreadableFile(f"not JSON; it starts with {lines[0][:60]!r}")
    is_named_lines = path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    if len(lines) == 1:
        # A page on one line is a document; the name tells it from a file of one record or of a cut one.
        return "lines" if is_named_lines else "document"
    if _is_json(lines[0]):
        return "lines"
    if is_named_lines and len(lines[0]) > 1:
        return "lines"
    # Within one document two complete objects never follow each other without a comma.
    complete = [line.startswith(b"{") and _is_json(line) for line in lines]
    follows = any(first and second for first, second in pairwise(complete))
    return "lines" if follows else "document"


def _first_lines(path: Path) -> list[bytes]:
    """The first non-blank lines: at least two where there are two, since one may be a page of MBs."""
    start = bytearray()
    for chunk in read_chunks(path, _SNIFFED_BYTES):
        start += chunk
        if start.startswith(_OTHER_ENCODINGS):
            raise UnreadableFile("encoded as UTF-16; JSON files are UTF-8")
        if len(start.strip().split(b"\n", 1)) == 2 or len(start) > MAX_DOCUMENT_BYTES:
            break
    lines = bytes(start).removeprefix(_BOM).split(b"\n")
    return [line.strip() for line in lines if line.strip()][:_SNIFFED_LINES]


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def read_document(path: Path) -> pa.Table:
    """The whole file as one document. Raises UnreadableFile when too large or not UTF-8."""
    content = bytearray()
    for chunk in read_chunks(path):
        content += chunk
        if len(content) > MAX_DOCUMENT_BYTES:
            raise UnreadableFile(
                f"one document of more than {MAX_DOCUMENT_BYTES >> 20} MiB; deliver pages or JSON lines"
            )
    try:
        text = bytes(content).removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"not UTF-8: {error}") from error
    return pa.table({"text": [text]}, schema=DOCUMENTS)


def read_lines(path: Path) -> Iterator[pa.Table]:
    """The lines in chunks, blank ones included.

    A line that is not UTF-8 or is longer than a document may be gets a mark in front, so that it is no
    valid JSON and becomes a reject: repaired text could pass for what the source said.
    """
    pending = bytearray()
    is_first, is_cut = True, False
    for chunk in read_chunks(path, CHUNK_BYTES):
        if is_first:
            chunk = chunk.removeprefix(_BOM)
            is_first = False
        end = chunk.rfind(b"\n")
        if end < 0:
            is_cut = is_cut or len(pending) + len(chunk) > MAX_DOCUMENT_BYTES
            pending = pending[:MAX_PAYLOAD] if is_cut else pending + chunk
            continue
        if is_cut:
            block = _INVALID + bytes(pending) + chunk[chunk.find(b"\n") : end + 1]
        else:
            block = b"".join((pending, memoryview(chunk)[: end + 1]))
        pending, is_cut = bytearray(memoryview(chunk)[end + 1 :]), False
        yield _lines(block)
    if pending:
        yield _lines((_INVALID if is_cut else b"") + bytes(pending))


def _lines(block: bytes) -> pa.Table:
    """Cut at newlines without copying: offsets into the block are all that Arrow needs."""
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10) + 1
    if not len(ends) or ends[-1] != len(block):
        ends = np.append(ends, len(block))
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    texts = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(block))
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        texts = pa.array([_decoded(block[a:b]) for a, b in zip(offsets, ends, strict=False)], pa.string())
    return pa.Table.from_arrays([texts], schema=DOCUMENTS)


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return (_INVALID + line).decode(errors="replace")
