"""Pieces of text that belong to records, and how they become columns, without a loop over records.

Belongs here: the one vectorised step that all bank formats share. A reader cuts a file into pieces
(an XML leaf, an MT940 subfield), says which record owns each piece and which field it is; this module
turns them into Arrow columns with one value per record. Does not belong here: what a field means.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]


class Pieces(NamedTuple):
    """owner: record ordinal of each piece, ascending; code: its field; text: its content."""

    owner: Integers
    code: Integers
    text: pa.Array

    def where(self, *codes: int) -> "Pieces":
        """The pieces of these fields, in file order."""
        keep = np.flatnonzero(np.isin(self.code, codes) if len(codes) > 1 else self.code == codes[0])
        return Pieces(self.owner[keep], self.code[keep], self.text.take(pa.array(keep)))


_EMPTY = pa.scalar("")
_NULL = pa.scalar(None, pa.string())


def tidy(text: pa.Array) -> pa.Array:
    """Without outer white space; an empty text is null, so that absent and empty are one thing."""
    if text.null_count == len(text):
        return text
    trimmed = pc.utf8_trim_whitespace(text)
    if pc.index(trimmed, _EMPTY).as_py() < 0:
        return trimmed
    return pc.if_else(pc.equal(trimmed, _EMPTY), _NULL, trimmed)


def first(pieces: Pieces, codes: Sequence[int], owners: int) -> pa.Array:
    """The first text of each record, by order of preference of the codes; null when there is none."""
    result: pa.Array | None = None
    for code in codes:
        index = np.flatnonzero(pieces.code == code)
        if not index.size:
            continue
        owner = pieces.owner[index]
        leading = np.r_[True, owner[1:] != owner[:-1]]
        position = np.full(owners, -1, dtype=np.int64)
        position[owner[leading]] = index[leading]
        found = tidy(pieces.text.take(pa.array(position, mask=position < 0)))
        result = found if result is None else pc.coalesce(result, found)
    return pa.nulls(owners, pa.string()) if result is None else result


def joined(pieces: Pieces, codes: Sequence[int], owners: int, separator: str = " ") -> pa.Array:
    """All texts of each record in file order, joined; null when there is none."""
    if not np.isin(pieces.code, codes).any():
        return pa.nulls(owners, pa.string())
    chosen = pieces.where(*codes)
    text = tidy(chosen.text)
    filled = np.flatnonzero(pc.is_valid(text).to_numpy(zero_copy_only=False))
    return join_by_owner(text.take(pa.array(filled)), chosen.owner[filled], owners, separator)


def join_by_owner(text: pa.Array, owner: Integers, owners: int, separator: str = " ") -> pa.Array:
    """Join texts that share an owner (ascending); null for an owner without any."""
    offsets = np.searchsorted(owner, np.arange(owners + 1)).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), text)
    return tidy(pc.binary_join(lists, separator))


def agreed(values: pa.Array, owner: Integers, owners: int) -> pa.Array:
    """The value that all members of a record share; null when they differ or all are null."""
    if len(values) == 0:
        return pa.nulls(owners, values.type)
    start = np.full(owners, -1, dtype=np.int64)
    leading = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    start[owner[leading]] = leading
    leader = values.take(pa.array(start, mask=start < 0))
    same = pc.fill_null(pc.equal(values, leader.take(pa.array(owner))), False)
    differs = np.bincount(owner, weights=~same.to_numpy(zero_copy_only=False), minlength=owners) > 0
    return pc.if_else(pa.array(differs), pa.scalar(None, values.type), leader)


def json_text(text: pa.Array) -> pa.Array:
    """Text as the inside of a JSON string."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = pc.replace_substring(text, plain, escaped)
    return pc.replace_substring_regex(text, "[\x00-\x1f]", " ")
