"""Exact subset search: which of these amounts add up to that one, to the minor unit. Pure numbers.

Meet in the middle (Horowitz and Sahni 1974, "Computing partitions with applications to the knapsack
problem"): the sums of both halves are enumerated and joined by binary search, so that 30 amounts cost
2 x 2^15 sums instead of 2^30. All solutions up to a cap are found, because two solutions mean that
the amounts alone do not decide.
"""

from __future__ import annotations

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
    low, low_size, low_complete = _sums(amounts[:half], max_size, max_sums)
    high, high_size, high_complete = _sums(amounts[half:], max_size, max_sums)
    low_sum, low_bits = low
    high_sum, high_bits = high
    order = np.argsort(high_sum, kind="stable")
    high_sum, high_bits, high_size = high_sum[order], high_bits[order], high_size[order]
    begin = np.searchsorted(high_sum, target - low_sum, side="left")
    end = np.searchsorted(high_sum, target - low_sum, side="right")
    hits = np.flatnonzero(end > begin)
    found = []
    complete = low_complete and high_complete
    for i in hits.tolist():
        for j in range(int(begin[i]), int(end[i])):
            size = int(low_size[i] + high_size[j])
            if 2 <= size <= max_size:
                bits = int(low_bits[i]) | (int(high_bits[j]) << half)
                found.append(tuple(k for k in range(count) if bits >> k & 1))
            if len(found) >= 4 * cap:
                complete = False
                break
        if len(found) >= 4 * cap:
            break
    found.sort(key=lambda positions: (len(positions), positions))
    return Subsets(found[:cap], float(len(low_sum)) * float(len(high_sum)), complete and len(found) <= cap)


def _sums(amounts: np.ndarray, max_size: int, max_sums: int):
    """Sums of all subsets of one half, smallest subsets first when they do not all fit."""
    count = len(amounts)
    limit = max_size
    total = 1 << min(count, 60)
    if total > max_sums or max_size < count:
        total, limit = 1, 0
        while limit < min(max_size, count):
            step = _choose(count, limit + 1)
            if total + step > max_sums:
                break
            total, limit = total + step, limit + 1
    sums, bits, sizes = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    for position, amount in enumerate(amounts.tolist()):
        grow = sizes < limit
        sums = np.concatenate([sums, sums[grow] + amount])
        bits = np.concatenate([bits, bits[grow] | (1 << position)])
        sizes = np.concatenate([sizes, sizes[grow] + 1])
    return (sums, bits), sizes, limit >= min(max_size, count)


def _choose(n: int, k: int) -> int:
    from math import comb

    return comb(n, k)
