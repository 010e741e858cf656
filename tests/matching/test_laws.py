"""The four laws of the engine, each over at least ten thousand generated reconciliations.

Conservation, determinism, locality, monotony. Worlds are batched into few runs of the engine; a world is a
reconciliation of its own, so that each is a separate case. Every run tries two thousand; all ten thousand with

    TIEOUT_LAW_CASES=10000 pytest tests/matching/test_laws.py

Locality: weights are learnt per reconciliation, from all its rows. So rows of other reconciliations change neither
matches nor suggestions nor what is open (only how rare a word is, is counted over all rows); late rows of the same reconciliation, of another entity or currency,
leave what was decided as it was, and may move the confidence of a suggestion.
"""

from __future__ import annotations

import os
from collections import defaultdict
from decimal import Decimal

import numpy as np
import pytest
from generator import table, world_rows, worlds
from matching.engine import Options, run
from matching.rules import default_rules, without_tolerance

pytestmark = pytest.mark.slow

BATCH = 1_000
SEEDS = range(max(int(os.environ.get("TIEOUT_LAW_CASES", "2000")) // BATCH, 1))
RULES = default_rules()


def content(result) -> list:
    return [result.matches.to_pylist(), result.allocations.to_pylist(), result.positions.to_pylist()]


@pytest.fixture(scope="module")
def runs() -> dict[int, tuple[list[dict], object]]:
    return {seed: (rows := worlds(BATCH, seed), run(table(rows), RULES, [])) for seed in SEEDS}


def test_conservation_every_amount_is_matched_written_off_or_open_and_nothing_is_allocated_twice(runs):
    for rows, result in runs.values():
        given = {(row["side"], row["item_id"]): row["amount"] for row in rows}
        positions = result.positions.to_pylist()
        assert len(positions) == len(rows)
        for p in positions:
            assert p["amount"] == given[p["side"], p["item_id"]]
            assert p["allocated_amount"] + p["written_off_amount"] + p["open_amount"] == p["amount"]
        spent: dict = defaultdict(Decimal)
        for a in result.allocations.to_pylist():
            for side in ("left", "right"):
                if a[f"{side}_id"] is not None:
                    spent[side, a[f"{side}_id"]] += a["allocated_amount"]
        for p in positions:
            assert abs(spent.get((p["side"], p["item_id"]), 0)) == abs(p["allocated_amount"])
            # Within a match a credit note lets an invoice absorb more; no row is used beyond its amount.
            assert abs(p["allocated_amount"]) <= abs(p["amount"])


def test_determinism_shuffled_rows_and_one_or_two_threads_give_the_same_result(runs):
    for seed, (rows, result) in runs.items():
        shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
        assert content(run(table(shuffled), RULES, [], Options(threads=1 + seed % 2))) == content(result)


def test_locality_late_rows_elsewhere_leave_every_decided_match_as_it_was(runs):
    for seed, (rows, result) in runs.items():
        rng = np.random.default_rng(1000 + seed)
        names = sorted({row["reconciliation"] for row in rows})
        late = [extra for name in names for extra in world_rows(rng, name, tag="late", currency="USD")]
        again = run(table(rows + late), RULES, [])
        kept = {m["match_id"] for m in again.matches.to_pylist()}
        for m in result.matches.to_pylist():
            if m["status"] == "auto":
                assert m["match_id"] in kept, m


def test_locality_rows_of_other_reconciliations_change_nothing_at_all(runs):
    for seed, (rows, result) in runs.items():
        names = {row["reconciliation"] for row in rows}
        again = run(table(rows + worlds(BATCH // 4, 500 + seed, prefix="z")), RULES, [])
        kept = [
            "match_id",
            "reconciliation",
            "match_rule_id",
            "status",
            "left_amount",
            "right_amount",
            "difference_amount",
        ]
        for before, after in (
            (result.matches.select(kept), again.matches.select(kept)),
            (result.positions, again.positions),
        ):
            assert [row for row in after.to_pylist() if row["reconciliation"] in names] == before.to_pylist()


def test_monotony_without_tolerance_no_difference_is_matched_away(runs):
    strict = without_tolerance(RULES)
    for rows, _ in runs.values():
        result = run(table(rows), strict, [])
        for m in result.matches.to_pylist():
            assert m["written_off_amount"] == 0
            if m["difference_amount"] != 0:
                assert m["left_open_amount"] + m["right_open_amount"] == abs(m["difference_amount"])
