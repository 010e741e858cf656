"""Result: what the engine hands back, as Arrow tables, and how money is allocated inside a match.

matches and match_allocations have the columns of the contract. `positions` has one row per item and
proves conservation: amount = allocated + written off + open, exactly, for each.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import pyarrow as pa

MONEY = pa.decimal128(18, 4)
MATCHES = pa.schema(
    [
        ("match_id", pa.string()),
        ("reconciliation", pa.string()),
        ("entity_id", pa.string()),
        ("match_rule_id", pa.string()),
        ("status", pa.string()),
        ("shape", pa.string()),
        ("confidence", pa.decimal128(5, 4)),
        ("left_count", pa.int64()),
        ("right_count", pa.int64()),
        ("left_amount", MONEY),
        ("right_amount", MONEY),
        ("difference_amount", MONEY),
        ("difference_reason", pa.string()),
        ("written_off_amount", MONEY),
        ("left_open_amount", MONEY),
        ("right_open_amount", MONEY),
        ("currency", pa.string()),
        ("match_date", pa.date32()),
        ("explanation", pa.string()),
        ("runner_up_confidence", pa.decimal128(5, 4)),
        ("margin", pa.decimal128(9, 4)),
        ("rule_set_hash", pa.string()),
    ]
)
ALLOCATIONS = pa.schema(
    [
        ("match_id", pa.string()),
        ("left_type", pa.string()),
        ("left_id", pa.string()),
        ("right_type", pa.string()),
        ("right_id", pa.string()),
        ("allocated_amount", MONEY),
        ("currency", pa.string()),
    ]
)
POSITIONS = pa.schema(
    [
        ("reconciliation", pa.string()),
        ("side", pa.string()),
        ("item_type", pa.string()),
        ("item_id", pa.string()),
        ("currency", pa.string()),
        ("amount", MONEY),
        ("allocated_amount", MONEY),
        ("written_off_amount", MONEY),
        ("open_amount", MONEY),
        ("match_id", pa.string()),
        ("status", pa.string()),
    ]
)
NOTES = pa.schema(
    [
        ("reconciliation", pa.string()),
        ("code", pa.string()),
        ("item_type", pa.string()),
        ("item_id", pa.string()),
        ("message", pa.string()),
    ]
)

#: What came of each decision of a person; see decisions.Outcome.
DECISIONS = pa.schema(
    [
        ("sequence", pa.int64()),
        ("outcome", pa.string()),
        ("message", pa.string()),
        ("match_id", pa.string()),
        ("item_type", pa.string()),
        ("item_id", pa.string()),
        ("currency", pa.string()),
        ("amount", MONEY),
    ]
)


class MatchResult(NamedTuple):
    matches: pa.Table
    allocations: pa.Table
    notes: pa.Table
    positions: pa.Table
    weights: pa.Table
    sql: list[tuple[str, str]]
    decisions: pa.Table = DECISIONS.empty_table()


def match_id(members: list[tuple[str, str]]) -> str:
    """Stable id of a match: it depends on its members only, not on order, run or other rows."""
    content = "\x1e".join(f"{kind}\x1f{name}" for kind, name in sorted(members))
    return "m_" + hashlib.sha256(content.encode()).hexdigest()[:20]


def money(ticks: np.ndarray) -> pa.Array:
    """Exact DECIMAL(18,4) from integers of 1/10000: the low word is the number, the high word its sign."""
    ticks = np.ascontiguousarray(ticks, dtype=np.int64)
    words = np.empty((len(ticks), 2), dtype=np.int64)
    words[:, 0] = ticks
    words[:, 1] = ticks >> 63
    return pa.Array.from_buffers(MONEY, len(ticks), [None, pa.py_buffer(words.tobytes())])


def fraction(values: np.ndarray, digits: int, kind: pa.DataType) -> pa.Array:
    """Decimals from ratios that are no money (confidence, margin); NaN becomes null."""
    values = np.asarray(values, dtype=float)
    valid = np.isfinite(values)
    scaled = np.round(np.where(valid, values, 0) * 10**digits).astype(np.int64)
    words = np.empty((len(scaled), 2), dtype=np.int64)
    words[:, 0] = scaled
    words[:, 1] = scaled >> 63
    array = pa.Array.from_buffers(kind, len(scaled), [None, pa.py_buffer(words.tobytes())])
    return pa.compute.if_else(pa.array(valid), array, pa.scalar(None, kind))


def same(text: str, count: int) -> pa.Array:
    """One text `count` times."""
    return pa.array([text], pa.string()).take(pa.array(np.zeros(count, dtype=np.int8)))


def spread(amounts: list[int], difference: int) -> list[int]:
    """`difference` (ticks, in the direction of the total) over the rows of a side in proportion to their amounts.

    A fee on a batch is paid by all of its rows: taken from the last ones alone, these would look unpaid. Counter-rows
    bear nothing. Exact: shares are whole hundredths where the difference is, and add up to it.
    """
    direction = 1 if sum(amounts) >= 0 else -1
    unit = 100 if difference % 100 == 0 else 1
    bearing = [max(amount * direction, 0) for amount in amounts]
    total, so_far, given, shares = sum(bearing), 0, 0, []
    for amount in bearing:
        so_far += amount
        upto = difference // unit * so_far // total * unit if total else 0
        shares.append(upto - given)
        given = upto
    return shares


def allocate(left: list[int], right: list[int]) -> tuple[list[tuple[int, int, int]], list[int], list[int]]:
    """Spread a match over its pairs; amounts in ticks, all in one direction. Equal amounts of both sides belong to
    each other, the rest first come first served.

    Returns (left index, right index, amount) and what remains of each left and each right amount.
    Counter-rows (a credit note among invoices) reduce their own side's total: they are allocated, negative,
    to the first row of the other side. The allocations of a row never exceed its amount.
    """
    direction = 1 if sum(left) + sum(right) >= 0 else -1
    a, b = [x * direction for x in left], [x * direction for x in right]
    out: list[tuple[int, int, int]] = []
    # Credit notes first: they widen what the row that used them can settle.
    if a and b:
        for j, amount in enumerate(b):
            if amount < 0:
                i = max(range(len(a)), key=lambda k: (a[k], -k))
                out.append((i, j, amount))
                a[i] -= amount
                b[j] = 0
        for i, amount in enumerate(a):
            if amount < 0:
                j = max(range(len(b)), key=lambda k: (b[k], -k))
                out.append((i, j, amount))
                b[j] -= amount
                a[i] = 0
    if len(a) > 1 and len(b) > 1:
        alike: dict[int, list[int]] = {}
        for j in reversed(range(len(b))):
            alike.setdefault(b[j], []).append(j)
        for i, amount in enumerate(a):
            if amount > 0 and alike.get(amount):
                j = alike[amount].pop()
                out.append((i, j, amount))
                a[i] = b[j] = 0
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] <= 0:
            i += 1
            continue
        if b[j] <= 0:
            j += 1
            continue
        amount = min(a[i], b[j])
        out.append((i, j, amount))
        a[i] -= amount
        b[j] -= amount
    return out, [x * direction for x in a], [x * direction for x in b]
