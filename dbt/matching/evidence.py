"""Evidence: candidate pairs measured, weighed and held against the rules, in pieces of any size.

A pair's figures depend on its two rows and on what is known of all rows (`Known`), never on the other pairs of its
piece. What no rule allows and no reference joins is counted and forgotten here: that is most of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from matching import scoring, weights
from matching.decided import Hold
from matching.decisions import Resolved
from matching.features import Facts, Feature, Pairs
from matching.levels import LABELS
from matching.rules import Rule, Tolerance, first_rule
from matching.texts import Spelling
from matching.weights import Weights

#: A pair of a lower score (log-odds) is no candidate.
LEAST = -3.0
#: Sums of log probabilities are kept in these steps, as whole numbers: then their order does not matter.
GRAIN = 2.0**24
#: Most levels that a comparison has.
LEVELS = max(map(len, LABELS))


@dataclass
class Known:
    """All that a piece of the work needs besides its own candidates."""

    facts: Facts
    weights: Weights
    spelling: Spelling | None
    rules: list[Rule]
    tolerances: list[Tolerance]
    case: str  # the rules as SQL
    options: object
    held: Hold | None = None
    decided: Resolved | None = None


@dataclass
class Weighed:
    """One piece: the pairs that are kept (see `as_table`), and what all of its pairs showed."""

    kept: pa.Table
    reconciliations: np.ndarray
    count: np.ndarray  # reconciliation x feature x level
    log_u: np.ndarray  # the same, sums in steps of 1 / GRAIN
    with_text: np.ndarray  # rows whose texts were compared
    unspelled: np.ndarray  # rows whose texts were not compared by spelling


class Seen:
    """What all measured pairs showed, added up over the pieces."""

    def __init__(self, known: Known, features: list[Feature]) -> None:
        items = known.facts.items
        self.features = [(feature.name, feature.labels) for feature in features]
        self.count = np.zeros((len(items.reconciliations), len(features), LEVELS), dtype=np.int64)
        self.log_u = np.zeros(self.count.shape, dtype=np.int64)
        self.has_text = np.zeros(len(items), dtype=bool)

    def add(self, weighed: Weighed) -> None:
        """Count another piece."""
        self.count[weighed.reconciliations] += weighed.count
        self.log_u[weighed.reconciliations] += weighed.log_u
        self.has_text[weighed.with_text] = True

    def text_weight(self, learnt: Weights) -> float:
        """What it says of rows of one sum that their texts share nothing."""
        position = [name for name, _ in self.features].index("text")
        count = self.count[:, position, 1]
        if not count.any():
            return 0.0
        usual = float(self.log_u[:, position, 1].sum()) / GRAIN / float(count.sum())
        return float(learnt.log_m[int(np.flatnonzero(count)[0])][position][1] - usual)


def weigh(con, known: Known, pairs: Pairs) -> Weighed:
    """Score the pairs and keep those that a rule allows or a reference joins."""
    items = known.facts.items
    contribution = weights.contributions(items, pairs, known.weights)
    score = weights.score(items, pairs, known.weights, contribution)
    rule = first_rule(con, scoring.pair_measures(items, pairs), known.case)
    rule[scoring.unproven_differences(items, pairs, known.weights)] = -1
    if known.held:
        rule[known.held.refuses_pairs(items, pairs.l, pairs.r)] = -1
    rule[score <= LEAST] = -1
    text = pairs.feature("text").level > 0
    return Weighed(
        as_table(pairs, np.flatnonzero((rule >= 0) | pairs.has_reference), rule, score),
        *_counted(items.rec[pairs.l], pairs.features),
        np.union1d(pairs.l[text], pairs.r[text]),
        pairs.unspelled,
    )


def _counted(rec: np.ndarray, features: list[Feature]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(reconciliations, how often each level was seen, sums of log_u)."""
    known, place = np.unique(rec, return_inverse=True)
    size = len(known) * LEVELS
    count, log_u = (np.zeros((len(known), len(features), LEVELS), dtype=np.int64) for _ in range(2))
    for position, feature in enumerate(features):
        code = place * LEVELS + feature.level
        count[:, position] = np.bincount(code, minlength=size).reshape(-1, LEVELS)
        # Whole numbers below 2^53 are added up exactly, in any order.
        grains = np.bincount(code, weights=np.round(feature.log_u * GRAIN), minlength=size)
        log_u[:, position] = grains.astype(np.int64).reshape(-1, LEVELS)
    return known, count, log_u


#: Columns of Pairs that are kept as they are.
_PLAIN = (
    "lag",
    "difference",
    "has_reference",
    "has_group_key",
    "is_fx",
    "has_original",
    "has_usual_rate",
    "is_discount",
    "is_transposed",
    "key_log_u_left",
    "key_log_u_right",
)


def as_table(pairs: Pairs, rows: np.ndarray, rule: np.ndarray, score: np.ndarray) -> pa.Table:
    """Some pairs as columns: l, r, rule (-1: none allows it), score, and all that Pairs holds."""
    return pa.table(
        {
            "l": pairs.l[rows].astype(np.int32),
            "r": pairs.r[rows].astype(np.int32),
            "rule": rule[rows].astype(np.int16),
            "score": score[rows],
            **{name: getattr(pairs, name)[rows] for name in _PLAIN},
            **{f"level {feature.name}": feature.level[rows] for feature in pairs.features},
            **{f"log_u {feature.name}": feature.log_u[rows] for feature in pairs.features},
            "shared_key": pairs.shared_key.take(pa.array(rows)),
        }
    )


def as_pairs(table: pa.Table, rows: np.ndarray, features: list[tuple[str, list[str]]]) -> Pairs:
    """The pairs of such a table; l and r are counted among `rows` (ascending row numbers)."""

    def column(name: str) -> np.ndarray:
        return table.column(name).to_numpy()

    return Pairs(
        np.searchsorted(rows, column("l")),
        np.searchsorted(rows, column("r")),
        [
            Feature(name, labels, column(f"level {name}"), column(f"log_u {name}"))
            for name, labels in features
        ],
        **{name: column(name) for name in _PLAIN},
        shared_key=table.column("shared_key").combine_chunks(),
    )
