"""The stable identity of a bank line: the same line read again is the same line.

Belongs here: the one recipe for `transaction_id`, for every bank format and for bank lines that come
as CSV. A bank gives no key that survives formats and corrected files, so the identity is the content:
`<account>:<booking date>:<12 hex of the hash>:<n>`, where n counts identical lines of one statement, and
of the statements that it follows (`runs`; over all files dbt counts, macro `bank_line_numbers`).
Two equal card payments on one day stay two lines (n = 1, 2); the same statement delivered twice gives
the same ids twice, and the copy is counted as a duplicate instead of as money.

Content is account, day, amount, currency and the bank's own reference of the line. Only where the bank gives
none do end-to-end id, text and the other account stand in: banks write the text of one line differently by
day, report and format, and a line must not double for that. Text counts without blanks and punctuation.
"""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bank.schema import NOT_BOOKED

_SEPARATOR = "\x1f"  # ASCII unit separator: cannot be typed into a reference


def text_of(column: pa.Array) -> pa.Array:
    """A column as text for hashing, null as empty. Amounts keep their four decimals."""
    return pc.fill_null(column.cast(pa.string()), "")


def digests(columns: list[pa.Array], length: int) -> list[str]:
    """The first `length` hex digits of sha256 over each row's columns."""
    rows = pc.binary_join_element_wise(*[text_of(column) for column in columns], _SEPARATOR)
    return [hashlib.sha256(row).hexdigest()[:length] for row in rows.cast(pa.binary()).to_pylist()]


def transaction_ids(*, statement: pa.Array, **columns: pa.Array) -> pa.Array:
    """`transaction_id` of each line. `statement` (int64) says within which statement equal lines are
    counted; statements of one run carry the same number (`runs`). The columns are those of `line_stems`."""
    _, stem = line_stems(**columns)
    key = pc.binary_join_element_wise(statement.cast(pa.string()), stem, _SEPARATOR)
    return numbered(stem, occurrences(key))


def numbered(stem: pa.Array, number: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(stem, pa.array(number).cast(pa.string()), ":")


def line_stems(
    *,
    account_number: pa.Array,
    booking_date: pa.Array,
    amount: pa.Array,
    currency: pa.Array,
    servicer_reference: pa.Array,
    end_to_end_id: pa.Array,
    remittance_text: pa.Array,
    counterparty_account: pa.Array,
    entry_status: pa.Array | None = None,
) -> tuple[list[str], pa.Array]:
    """The hash of each line, and its id without the number. `entry_status`: a line that is only announced
    is another thing than its booking, and must not take its number."""
    has_reference = pc.is_valid(servicer_reference)
    nothing = pa.scalar(None, pa.string())
    columns = [
        amount,
        currency,
        servicer_reference,
        *(
            pc.if_else(has_reference, nothing, _bare(column, has_reference))
            for column in (end_to_end_id, remittance_text, counterparty_account)
        ),
    ]
    content = digests(columns, 12)
    if entry_status is not None:
        announced = pc.fill_null(pc.is_in(entry_status, pa.array(NOT_BOOKED)), False)
        rows = np.flatnonzero(announced.to_numpy(zero_copy_only=False))
        chosen = [column.take(pa.array(rows)) for column in (*columns, entry_status)]
        for row, digest in zip(rows.tolist(), digests(chosen, 12), strict=True):
            content[row] = digest
    stem = pc.binary_join_element_wise(
        text_of(account_number), text_of(booking_date), pa.array(content, pa.string()), ":"
    )
    return content, stem


def line_keys(content: list[str], booking_date: pa.ChunkedArray) -> np.ndarray:
    """A number per line that is equal for equal lines of one account: 48 bits of hash, 16 of the day."""
    digest = np.array([int(text, 16) for text in content], np.uint64)
    day = booking_date.cast(pa.int32()).to_numpy().astype(np.uint64) & np.uint64(0xFFFF)
    return (day << np.uint64(48)) | digest


def occurrences_within(group: np.ndarray, key: np.ndarray) -> np.ndarray:
    """For each row, how many rows of its group up to it have its key: 1 for the first."""
    count = np.ones(key.size, np.int64)
    if key.size and np.unique(key).size == key.size:
        return count
    order = np.lexsort((np.arange(key.size), key, group))
    is_same = (key[order][1:] == key[order][:-1]) & (group[order][1:] == group[order][:-1])
    starts = np.flatnonzero(np.r_[True, ~is_same]) if key.size else np.empty(0, np.int64)
    lengths = np.diff(np.r_[starts, key.size])
    count[order] = np.arange(key.size) - np.repeat(starts, lengths) + 1
    return count


def _bare(text: pa.Array, is_needless: pa.Array) -> pa.Array:
    """Letters and digits alone, upper case."""
    if pc.all(is_needless).as_py() or text.null_count == len(text):
        return text
    return pc.utf8_upper(pc.replace_substring_regex(text, r"[^\pL\pN]+", ""))


def occurrences(key: pa.Array) -> np.ndarray:
    """For each row, how many rows up to it have its key: 1 for the first."""
    codes = key.dictionary_encode().indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if ordered.size else ordered
    lengths = np.diff(np.r_[starts, ordered.size])
    count = np.empty(codes.size, np.int64)
    count[order] = np.arange(ordered.size) - np.repeat(starts, lengths) + 1
    return count
