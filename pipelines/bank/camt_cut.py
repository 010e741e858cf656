"""A camt document that ends before its end: what stands complete before the break, in a frame of its own.

Belongs here: where such a document may be cut, and what lies behind. Does not belong here: whether a document
is cut off (`xml_shred.check` says so) or what its statements say (`camt`).

Complete statements before the break are as good as in a whole file. Of the statement that the break is in, the
complete entries are kept and the statement says that it is not whole (`control_problem`): its balances may stand
in front of its entries and would otherwise be held against half of them. What is behind the last complete entry
is one reject.
"""

import re
from collections import deque
from typing import NamedTuple

from pipelines.bank.parts import open_tags

_ENDS = re.compile(rb"</(?:[\w.-]+:)?(Ntry|Stmt|Rpt|Ntfctn)\s*>")
_FRAME = re.compile(rb"\s*(?:</[^<>]*>\s*)*(?:</[^<>]*)?")
_SHOWN = 65536


class Cut(NamedTuple):
    """document: the complete part, closed again; rest: what is lost, empty when it is only closing tags;
    is_within: the break lies within the last statement."""

    document: bytes
    rest: str
    is_within: bool


def complete_part(document: bytes) -> Cut | None:
    """What can be kept of a UTF-8 document that is cut off; None when no entry and no statement is complete."""
    last = next(iter(deque(_ENDS.finditer(document), maxlen=1)), None)
    tags = open_tags(document[: last.end()]) if last else None
    if last is None or tags is None:
        return None
    closed = b"".join(b"</%s>" % name.encode() for name in reversed(tags))
    rest = document[last.end() :]
    is_frame = _FRAME.fullmatch(rest) is not None
    return Cut(
        document=document[: last.end()] + closed,
        rest="" if is_frame else rest[:_SHOWN].decode("utf-8", errors="replace").strip(),
        is_within=last[1] == b"Ntry",
    )
