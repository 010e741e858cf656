"""Which payment format a file holds, by its content."""

import re
from importlib import import_module

from pipelines.payment_files.reading import Reader, UnreadablePayments

_PAIN = re.compile(
    rb"pain\.00[128]\.\d{3}|<(?:[\w.-]+:)?(?:CstmrCdtTrfInitn|CstmrDrctDbtInitn|CstmrPmtStsRpt)[\s>]"
)
_NACHA = re.compile(rb"\A101[ \d]\d{8}[\d ][ \dA-Za-z]{10}\d{6}[ \d]{4}[A-Z0-9 ]094")


def format_of(head: bytes) -> str | None:
    """`pain`, `nacha` or None, by the first bytes."""
    start = head[: 1 << 16].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if start[:1] == b"<" and _PAIN.search(start):
        return "pain"
    return "nacha" if _NACHA.match(start) else None


def reader_of(content: bytes) -> Reader:
    """The reader for this content. Raises UnreadablePayments with what the file looks like instead."""
    name = format_of(content)
    if name is None:
        start = content.lstrip()[:60].decode("latin-1").splitlines() or [""]
        raise UnreadablePayments(
            "the file is empty"
            if not content.strip()
            else f"no pain.001, pain.002, pain.008 or NACHA file; it starts with {start[0]!r}"
        )
    reader: Reader = import_module(f"pipelines.payment_files.{name}").read
    return reader
