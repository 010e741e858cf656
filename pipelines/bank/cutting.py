"""Cutting text columns at marks, for the subfields that banks put inside free text.

Belongs here: the vectorised cut of every text of a column at byte positions, into pieces with owner and
code. Does not belong here: what the marks mean (`mt940_information`).
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bank.pieces import Flags, Integers, Pieces, join_by_owner, json_text, tidy

HEAD = -1  # code of the text before the first mark


class Bytes:
    """The bytes of a string column, with where each text starts."""

    def __init__(self, texts: pa.Array) -> None:
        self.texts = pa.concat_arrays([pc.fill_null(texts, "")]).cast(pa.string())
        offsets = np.frombuffer(self.texts.buffers()[1], np.int32)[self.texts.offset :][: len(texts) + 1]
        self.offsets = offsets.astype(np.int64)
        data = self.texts.buffers()[2]
        self.buffer = data if data is not None else pa.py_buffer(b"")
        # Padded, so that a mark at the very end can be looked at without a special case.
        content = (
            np.frombuffer(self.buffer, np.uint8)[: int(self.offsets[-1])]
            if len(texts)
            else np.empty(0, np.uint8)
        )
        self.content = np.concatenate([content, np.zeros(8, np.uint8)])

    def word(self, at: Integers) -> Integers:
        """Four bytes as one number, big-endian."""
        word = self.content[at].astype(np.int64)
        for step in (1, 2, 3):
            word = (word << 8) | self.content[at + step]
        return word

    def cut(self, marks: Integers, codes: Integers, skip: Integers) -> Pieces:
        """Pieces between the marks (ascending positions); `skip` bytes of each mark are left out."""
        record_starts = self.offsets[:-1]
        starts = np.concatenate([record_starts, marks])
        code = np.concatenate([np.full(record_starts.size, HEAD), codes])
        skipped = np.concatenate([np.zeros(record_starts.size, np.int64), skip])
        order = np.argsort(starts, kind="stable")
        starts, code, skipped = starts[order], code[order], skipped[order]
        owner = np.searchsorted(self.offsets, starts, side="right") - 1
        ends = np.append(starts[1:], self.offsets[-1])
        inner = np.minimum(starts + skipped, ends)
        bounds = np.empty(2 * starts.size + 1, np.int32)
        bounds[0:-1:2], bounds[1:-1:2], bounds[-1] = starts, inner, self.offsets[-1]
        pieces = pa.StringArray.from_buffers(bounds.size - 1, pa.py_buffer(bounds.tobytes()), self.buffer)
        text = pieces.take(pa.array(np.arange(1, bounds.size - 1, 2)))
        # An empty text starts where the next one starts; its head belongs to itself.
        owner = np.where(code == HEAD, np.cumsum(code == HEAD) - 1, owner)
        return Pieces(owner, code, text)


def word_code(name: str) -> int:
    """The number of a four-letter mark (shorter ones are padded with blanks)."""
    return int.from_bytes(name.ljust(4).encode("ascii"), "big")


def is_digit(content: np.ndarray) -> Flags:
    return (content >= 48) & (content <= 57)


def json_of(pieces: Pieces, names: Mapping[int, str], owners: int) -> pa.Array:
    """The pieces of these codes as one JSON object per record; null when there is none."""
    chosen = pieces.where(*names) if names else pieces
    text = tidy(chosen.text)
    filled = np.flatnonzero(pc.is_valid(text).to_numpy(zero_copy_only=False))
    if not filled.size:
        return pa.nulls(owners, pa.string())
    code, owner = chosen.code[filled], chosen.owner[filled]
    distinct, inverse = np.unique(code, return_inverse=True)
    label = pa.array([names[value] for value in distinct.tolist()]).take(pa.array(inverse))
    leading = np.r_[True, (owner[1:] != owner[:-1]) | (code[1:] != code[:-1])]
    group = np.cumsum(leading) - 1
    content = join_by_owner(text.take(pa.array(filled)), group, int(leading.sum()))
    pairs = pc.binary_join_element_wise(
        '"', label.filter(pa.array(leading)), '": "', json_text(content), '"', ""
    )
    body = join_by_owner(pairs, owner[leading], owners, ", ")
    return pc.binary_join_element_wise("{", body, "}", "")
