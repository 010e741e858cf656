"""Subset search against brute force, and the allocation inside a match."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matching.result import allocate
from matching.subsets import find_subsets

AMOUNTS = st.lists(st.integers(-60, 60).filter(lambda x: x != 0), min_size=2, max_size=9)


@settings(max_examples=10_000, deadline=None)
@given(AMOUNTS, st.integers(-120, 120))
def test_every_subset_that_adds_up_is_found_and_no_other(amounts, target):
    found = find_subsets(np.array(amounts, dtype=np.int64), target, max_size=9, cap=10_000)
    expected = [
        c
        for size in range(2, len(amounts) + 1)
        for c in combinations(range(len(amounts)), size)
        if sum(amounts[i] for i in c) == target
    ]
    assert found.is_exhaustive
    assert sorted(found.solutions) == sorted(expected)


def test_a_search_beyond_its_bound_says_so():
    amounts = np.arange(1, 61, dtype=np.int64) * 7
    assert not find_subsets(amounts, 7 * 400, max_sums=1 << 8).is_exhaustive


def test_the_subset_of_a_long_list_is_found_exactly():
    rng = np.random.default_rng(1)
    amounts = rng.integers(10_000, 9_999_999, 30)
    target = int(amounts[[2, 7, 11, 19, 28]].sum())
    assert (2, 7, 11, 19, 28) in find_subsets(amounts, target).solutions


@settings(max_examples=10_000, deadline=None)
@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=5),
    st.lists(st.integers(-100, 500).filter(lambda x: x != 0), min_size=1, max_size=5),
)
def test_allocations_use_no_row_beyond_its_amount_and_lose_nothing(left, right):
    out, rest_left, rest_right = allocate(left, right)
    # Amounts are counted in the direction of the match, so that money out is allocated as positive too.
    way = 1 if sum(left) + sum(right) >= 0 else -1
    for i, amount in enumerate(left):
        assert way * sum(a for x, _, a in out if x == i) + rest_left[i] == amount
    for j, amount in enumerate(right):
        assert way * sum(a for _, y, a in out if y == j) + rest_right[j] == amount
