"""The table of measures on which rules are tested, one row per pair; groups have theirs in group_scores.py."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.items import NO_DATE, Items
from matching.texts import COVERED
from matching.weights import Weights


def pair_measures(items: Items, pairs) -> pa.Table:
    """One row per pair with the columns that rules.predicate names."""
    l, r = pairs.l, pairs.r  # noqa: E741
    names = pa.array(items.reconciliations)
    left_type, right_type = items.item_type.take(pa.array(l)), items.item_type.take(pa.array(r))
    known = pairs.lag != NO_DATE
    lag = pa.array(np.where(known, pairs.lag, 0), mask=~known)
    left_size, right_size = np.abs(items.amount[l]), np.abs(items.amount[r])
    return pa.table(
        {
            "candidate": np.arange(len(l), dtype=np.int64),
            "reconciliation": names.take(pa.array(items.rec[l])),
            "left_type": left_type,
            "right_type": right_type,
            "shape": pa.array(np.full(len(l), "1:1", dtype=object), pa.string())
            if len(l) < 100_000
            else pa.DictionaryArray.from_arrays(np.zeros(len(l), dtype=np.int32), ["1:1"]),
            "has_reference": pairs.has_reference,
            "has_group_key": pairs.has_group_key,
            "same_party": pairs.feature("party").level >= 2,
            "text_level": np.where(pairs.feature("text").level == COVERED, 0, pairs.feature("text").level),
            "difference": np.where(items.amount[r] < 0, -1, 1) * pairs.difference,
            "left_size": np.where(
                np.sign(items.amount[l]) == np.sign(items.amount[r]), left_size, -left_size
            ),
            "right_size": right_size,
            "larger_size": np.maximum(left_size, right_size),
            "lag_min": lag,
            "lag_max": lag,
            "is_fx": pairs.is_fx & ~pairs.has_original | pairs.is_fx,
            "has_foreign_original": pairs.has_original,
            "has_usual_rate": pairs.has_usual_rate,
            "is_discount": pairs.is_discount,
            "is_transposed": pairs.is_transposed,
            "currency": items.currency.take(pa.array(r)),
            "left_pays": pa.array(_left_pays(items, l, r)),
        }
    )


#: True pairs from which it can be learnt whether amounts differ in these files at all.
LEARNT_FROM = 30


def unproven_differences(items: Items, pairs, weights: Weights) -> np.ndarray:
    """Pairs of different amounts that only nearness joins, in a reconciliation too small to know such differences.

    100.00 and 103.77 on one day may be a payment less its fee or two strangers. Many pairs of one file teach
    which it is; two rows alone do not.
    """
    named = pairs.has_reference | pairs.has_group_key | (pairs.feature("party").level >= 2)
    alike = (pairs.feature("text").level >= 2) & (pairs.feature("text").level != COVERED)
    explained = pairs.is_discount | pairs.is_transposed | pairs.has_original | pairs.has_usual_rate
    few = np.array(weights.learnt_from)[items.rec[pairs.l]] < LEARNT_FROM
    return few & (pairs.difference != 0) & ~named & ~alike & ~explained


def _left_pays(items: Items, l, r) -> np.ndarray:  # noqa: E741
    """Whether the left row is the money and the right one the document."""
    right_is_bank, left_is_bank = (
        pc.equal(items.item_type.take(pa.array(rows)), "bank_transaction").to_numpy(zero_copy_only=False)
        for rows in (r, l)
    )
    return np.where(
        right_is_bank | left_is_bank, left_is_bank | ~right_is_bank, items.left_pays[items.rec[l]]
    )
