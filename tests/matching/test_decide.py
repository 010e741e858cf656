"""The global decision against brute force: disjoint candidates with the highest total score."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching.decide import decide
from matching.marginals import marginals


def best_total(sets: list[tuple[int, ...]], score: list[float]) -> float:
    best = 0.0
    for chosen in chain.from_iterable(combinations(range(len(sets)), n) for n in range(len(sets) + 1)):
        nodes = [node for k in chosen for node in sets[k]]
        if len(nodes) == len(set(nodes)):
            best = max(best, sum(score[k] for k in chosen))
    return best


SETS = st.lists(
    st.tuples(st.sets(st.integers(0, 6), min_size=2, max_size=4), st.integers(-20, 100)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=600, deadline=None)
@given(SETS)
def test_the_chosen_sets_are_disjoint_and_optimal(drawn):
    sets, score = [tuple(sorted(s)) for s, _ in drawn], [x / 10 for _, x in drawn]
    indptr = np.concatenate([[0], np.cumsum([len(s) for s in sets])])
    result = decide((indptr, np.concatenate([np.array(s) for s in sets])), np.array(score), 7)
    nodes = [node for k in np.flatnonzero(result.chosen) for node in sets[k]]
    assert len(nodes) == len(set(nodes))
    assert sum(score[k] for k in np.flatnonzero(result.chosen)) == pytest.approx(
        best_total(sets, score), abs=1e-4
    )


@pytest.mark.parametrize("rivals", [2, 3, 10])
def test_equal_rivals_share_the_certainty(rivals):
    members = np.array([[0, 1 + k] for k in range(rivals)])
    assert marginals(members, np.full(rivals, 12.0), rivals + 1) == pytest.approx(
        np.full(rivals, 1 / rivals), abs=1e-3
    )


def test_a_rival_that_has_a_better_partner_of_its_own_takes_nothing_away():
    members = np.array([[0, 2], [0, 3], [1, 3]])
    p = marginals(members, np.array([8.0, 8.0, 14.0]), 4)
    assert p[0] > 0.98 and p[1] < 0.02


def test_two_pairs_that_could_be_crossed_are_no_surer_than_one_way_is_than_the_other():
    members = np.array([[0, 2], [0, 3], [1, 2], [1, 3]])
    result = decide(members, np.array([9.0, 8.0, 8.0, 9.0]), 4)
    assert result.chosen.tolist() == [True, False, False, True]
    assert result.probability[0] == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-6)


def test_a_tie_is_broken_inside_its_component_only():
    tie = [[0, 2], [0, 3], [1, 2], [1, 3]]
    alone = decide(np.array(tie), np.full(4, 9.0), 4).chosen
    elsewhere = [[4, 6], [4, 7], [5, 6]]
    beside = decide(np.array([*elsewhere, *tie]), np.r_[8.0, 7.0, 7.0, np.full(4, 9.0)], 8).chosen
    assert beside[3:].tolist() == alone.tolist() == [True, False, False, True]


def test_two_pairs_beat_one_better_pair_between_them():
    members = np.array([[0, 2], [0, 3], [1, 2]])
    assert decide(members, np.array([10.0, 9.0, 9.0]), 4).chosen.tolist() == [False, True, True]
