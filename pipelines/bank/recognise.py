"""Which bank format a file holds, by its content and never by its name.

Belongs here: one test per format, on the first bytes. Does not belong here: reading it.
"""

import re
from collections.abc import Callable

from pipelines.bank import camt, mt940
from pipelines.bank.reading import Reading, UnreadableFile

_LOOKED_AT = 65536
_MT940 = re.compile(rb"(?:^|[\r\n{:]):?(?:25P?|28C?|60[FM]?|61|34F|90[CD]):", re.MULTILINE)


def reader_of(content: bytes) -> Callable[[bytes], Reading]:
    """The reader for this content. Raises UnreadableFile with what the file looks like instead."""
    head = content[:_LOOKED_AT].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not head:
        raise UnreadableFile("the file is empty")
    if head.startswith(b"<"):
        return camt.read
    if re.search(rb"(?:^|[\r\n}]):?20:", head) and _MT940.search(head):
        return mt940.read
    shown = head[:60].decode("latin-1").splitlines()[0]
    raise UnreadableFile(f"no known bank format; the file starts with {shown!r}")
