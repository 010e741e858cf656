"""Exact subset search: which of these amounts add up to that one, to the minor unit. Pure numbers.

Meet in the middle (Horowitz and Sahni 1974, "Computing partitions with applications to the knapsack
problem"): the sums of both halves are enumerated and joined by binary search, so that 30 amounts cost
2 x 2^15 sums instead of 2^30. All solutions up to a cap are found, because two solutions mean that
the amounts alone do not decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np


class Subsets(NamedTuple):
    solutions: list[tuple[int, ...]]  # positions, ascending; ordered by (size, positions)
    searched: float  # number of subsets that were looked at, explicitly or not
    is_exhaustive: bool  # False: there may be more solutions than returned, or larger ones


def find_subsets(
    amounts: np.ndarray, target: int, max_size: int = 30, max_sums: int = 1 << 15, cap: int = 64
) -> Subsets:
    """All subsets of at least two `amounts` that sum to `target` exactly (int64 ticks, any signs).

    `max_sums` bounds the sums held per half: longer lists are searched for small subsets only, and
    `is_exhaustive` is then False. Deterministic in the order of `amounts`.
    """
    count = len(amounts)
    if count < 2:
        return Subsets([], 0.0, True)
    half = count // 2
    low_bits, low_size, low_complete = _patterns(half, max_size, max_sums)
    high_bits, high_size, high_complete = _patterns(count - half, max_size, max_sums)
    low_sum, high_sum = _sums(amounts[:half], low_bits), _sums(amounts[half:], high_bits)
    complete = low_complete and high_complete
    found = []
    for i, j in _meeting(low_sum, high_sum, target):
        if 2 <= low_size[i] + high_size[j] <= max_size:
            bits = int(low_bits[i]) | (int(high_bits[j]) << half)
            found.append(tuple(k for k in range(count) if bits >> k & 1))
        if len(found) >= 4 * cap:
            complete = False
            break
    found.sort(key=lambda positions: (len(positions), positions))
    return Subsets(found[:cap], float(len(low_sum)) * float(len(high_sum)), complete and len(found) <= cap)


def subsets_looked_at(count: int, max_size: int, max_sums: int) -> float:
    """How many subsets of `count` amounts `find_subsets` looks at, explicitly or not."""
    half = count // 2
    return float(len(_patterns(half, max_size, max_sums)[0])) * float(
        len(_patterns(count - half, max_size, max_sums)[0])
    )


@lru_cache(maxsize=256)
def _patterns(count: int, max_size: int, max_sums: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """(bits, size) of the subsets of one half that are summed: all of them, or the smallest ones that fit."""
    bits = np.arange(1 << count, dtype=np.int64) if count <= 20 else None
    if bits is not None and len(bits) <= max_sums:
        return bits, np.bitwise_count(bits).astype(np.int64), True
    total, limit = 1, 0
    while limit < min(max_size, count) and total + comb(count, limit + 1) <= max_sums:
        limit += 1
        total += comb(count, limit)
    chosen = [
        sum(1 << k for k in members)
        for size in range(limit + 1)
        for members in combinations(range(count), size)
    ]
    bits = np.array(chosen, dtype=np.int64)
    return bits, np.bitwise_count(bits).astype(np.int64), limit >= min(max_size, count)


def _sums(amounts: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """The sum of each pattern, by tables of eight amounts each."""
    total = np.zeros(len(bits), dtype=np.int64)
    for start in range(0, len(amounts), 8):
        part = amounts[start : start + 8]
        table = np.zeros(1 << len(part), dtype=np.int64)
        for k, amount in enumerate(part.tolist()):
            table[1 << k : 2 << k] = table[: 1 << k] + amount
        total += table[(bits >> start) & (len(table) - 1)]
    return total


#: Buckets of the filter before the exact comparison, as a power of two, and an odd multiplier that spreads sums.
_BUCKETS = 17
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def _meeting(low: np.ndarray, high: np.ndarray, target: int) -> Iterator[tuple[int, int]]:
    """Positions (i, j) with low[i] + high[j] = target, ordered by i, then j.

    Sorting thousands of sums to find none or one is the slowest way: both sides are first thinned out by a
    table of hashes, and only what is left is compared exactly.
    """
    need = target - low
    of_need, of_high = _bucket(need), _bucket(high)
    seen = np.zeros(1 << _BUCKETS, dtype=bool)
    seen[of_need] = True
    j = np.flatnonzero(seen[of_high])
    if not len(j):
        return
    seen[:] = False
    seen[of_high[j]] = True
    i = np.flatnonzero(seen[of_need])
    j = j[np.argsort(high[j], kind="stable")]
    values = high[j]
    begin, end = np.searchsorted(values, need[i], side="left"), np.searchsorted(values, need[i], side="right")
    for k in np.flatnonzero(end > begin).tolist():
        for position in range(int(begin[k]), int(end[k])):
            yield int(i[k]), int(j[position])


def _bucket(values: np.ndarray) -> np.ndarray:
    return ((values.view(np.uint64) * _SPREAD) >> np.uint64(64 - _BUCKETS)).astype(np.int64)
