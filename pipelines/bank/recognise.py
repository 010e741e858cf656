"""Which bank format a file holds, by its content and never by its name.

Belongs here: one test per format, on the first bytes. Does not belong here: reading it.
"""

import re
from collections.abc import Callable
from importlib import import_module

from pipelines.bank.reading import Reading, UnreadableFile

_LOOKED_AT = 65536
_MT940 = re.compile(rb"(?:^|[\r\n{:]):?(?:25P?|28C?|60[FM]?|61|34F|90[CD]):", re.MULTILINE)

# Module of the reader, and what its files begin with or hold; the first that fits reads the file.
_FORMATS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    (
        "ofx",
        re.compile(
            rb"\A(?:.{0,2000}?)<(?:OFX|STMTRS|CCSTMTRS|INVSTMTRS|BANKTRANLIST)\s*>|\A\W*OFXHEADER",
            re.DOTALL | re.IGNORECASE,
        ),
    ),
    ("camt", re.compile(rb"\A<")),
    ("bai2", re.compile(rb"\A01\s*,[^,\r\n]*,[^,\r\n]*,\s*\d{6}\s*,")),
    ("coda", re.compile(rb"\A00000\d{6}\d{3}05")),
    (
        "qif",
        re.compile(
            rb"\A(?:(?:#[^\r\n]*|\^)?[\r\n]+){0,50}[ \t]*!(?:Type|Account|Option|Clear)\b", re.IGNORECASE
        ),
    ),
    ("mt940", re.compile(rb"(?:^|[\r\n}]):?20:|(?:^|[\r\n}]):25P?:[^\r\n]*[\r\n]+:(?:28C?|60[FM]?):")),
)


def format_of(content: bytes) -> str:
    """The module that reads this content. Raises UnreadableFile with what the file looks like instead."""
    head = content[:_LOOKED_AT].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not head:
        raise UnreadableFile("the file is empty")
    for name, pattern in _FORMATS:
        if pattern.search(head) and (name != "mt940" or _MT940.search(head)):
            return name
    shown = (head[:60].decode("latin-1").splitlines() or [""])[0]
    raise UnreadableFile(f"no known bank format; the file starts with {shown!r}")


def reader(name: str) -> Callable[[bytes], Reading]:
    """The reader in the module of a format."""
    read: Callable[[bytes], Reading] = import_module(f"pipelines.bank.{name}").read
    return read


def reader_of(content: bytes) -> Callable[[bytes], Reading]:
    """The reader for this content. Raises UnreadableFile as `format_of`."""
    return reader(format_of(content))
