"""Weights: how much each level of each comparison speaks for or against a match, in log-odds.

The model is that of Fellegi and Sunter (1969), "A theory for record linkage": a level's weight is
log(m / u), m its probability among true pairs and u among unrelated ones. u comes with the features; m is
estimated from the data itself by expectation maximisation (Dempster, Laird, Rubin 1977; Winkler 1988), here
with an E-step that knows that a row has at most one partner: the probability of a pair is its marginal
under the one-to-one constraint (decide.marginals), so that a row's second-best candidates do not teach the
model what a true pair looks like. A Dirichlet prior keeps a small file near the default weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.features import Pairs
from matching.items import Items
from matching.levels import NO_LAG
from matching.marginals import marginals

#: Prior m of each level: what true pairs look like before the data speaks. Row = feature.
PRIOR_M = {
    "reference": [1.0, 0.30, 0.55, 0.40, 0.55],
    "amount": [
        0.80,
        0.02,
        0.03,
        0.03,
        0.03,
        0.01,
        0.01,
        0.005,
        0.01,
        0.01,
        0.01,
        0.004,
        0.006,
        0.01,
        0.02,
        0.02,
        0.02,
        0.02,
    ],
    "date": [
        0.001,
        0.002,
        0.005,
        0.012,
        0.015,
        0.03,
        0.03,
        0.05,
        0.08,
        0.10,
        0.33,
        0.10,
        0.08,
        0.05,
        0.03,
        0.03,
        0.015,
        0.012,
        0.005,
        0.002,
        0.001,
        1.0,
    ],
    "party": [1.0, 0.15, 0.10, 0.75],
    "text": [1.0, 0.16, 0.06, 0.10, 0.06, 0.12, 0.12, 0.08, 0.30, 1.0],
    "attribute": [1.0, 0.3, 0.7],
}
#: Levels that say nothing (missing values): their weight is zero, and they teach nothing.
SILENT = {"reference": [0], "amount": [], "date": [NO_LAG], "party": [0], "text": [0, 9], "attribute": [0]}
#: How many pairs the prior is worth: below a few hundred rows the defaults rule.
STRENGTH = 60.0
ROUNDS = 12
#: Learnt weights are rounded to this step (in nats), so that a few late rows do not move every score.
STEP = 0.05


@dataclass
class Weights:
    """log m per reconciliation, feature and level; the log-odds prior per stratum."""

    log_m: list[list[np.ndarray]]
    log_prior: np.ndarray
    learnt_from: list[int]
    #: Part of log_prior that comes from other rows being spoken for; no evidence of the pair itself.
    leftover: np.ndarray


def family(name: str) -> str:
    return "attribute" if name.startswith("column") else name


def prior_weights(items: Items, features: list[str]) -> Weights:
    """Default weights, before any learning. The prior odds of a pair: half of the rows have a partner."""
    count = len(items.reconciliations)
    log_m = [[np.log(np.array(PRIOR_M[family(name)])) for name in features] for _ in range(count)]
    left = np.bincount(items.stratum[items.is_left], minlength=items.strata)
    right = np.bincount(items.stratum[~items.is_left], minlength=items.strata)
    return Weights(
        log_m, _fugacity(0.5 * np.minimum(left, right), left, right), [0] * count, np.zeros(items.strata)
    )


def _fugacity(matched: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Log-odds of a pair before any evidence, given how many rows of each side have a partner.

    Against the chance 1/(rows) to be the partner stands the chance that both rows stay alone: in files where
    nearly every row has a partner, two rows that are left over speak for each other. The mean-field value of
    the one-to-one model: p = x (1 - share left)(1 - share right) for each of the left x right pairs.
    """
    # Ten rows of doubt, half of them matched: the share of a small file is not known.
    share_left = np.clip((matched + 5) / (left + 10), 0.01, 0.95)
    share_right = np.clip((matched + 5) / (right + 10), 0.01, 0.95)
    pairs = np.maximum(np.maximum(left, right), 2)
    smaller = np.where(left <= right, share_left, share_right)
    return np.log(smaller / ((1 - share_left) * (1 - share_right)) / pairs)


def contributions(items: Items, pairs: Pairs, weights: Weights) -> np.ndarray:
    """Pairs x features: the log-odds that each comparison adds."""
    result = np.zeros((len(pairs), len(pairs.features)))
    if not len(pairs):
        return result  # a company without anything to match yet has no table of weights either
    known, place = np.unique(items.rec[pairs.l], return_inverse=True)
    for position, feature in enumerate(pairs.features):
        table = np.array([weights.log_m[code][position] for code in known.tolist()])
        silent = np.isin(feature.level, SILENT[family(feature.name)])
        result[:, position] = np.where(silent, 0.0, table[place, feature.level] - feature.log_u)
    return result


def score(items: Items, pairs: Pairs, weights: Weights, contribution: np.ndarray) -> np.ndarray:
    """Log-odds of each pair."""
    return contribution.sum(axis=1) + weights.log_prior[items.stratum[pairs.l]] if len(pairs) else np.zeros(0)


def estimate(items: Items, sample: Pairs, scale: float = 1.0) -> Weights:
    """Weights learnt from the candidates themselves; per reconciliation, because habits differ.

    sample: candidates, all those of a left row together; `scale` times as many left rows have any.
    """
    weights = prior_weights(items, [feature.name for feature in sample.features])
    if not len(sample):
        return weights
    rec = items.rec[sample.l]
    of_rec = [np.flatnonzero(rec == code) for code in range(len(items.reconciliations))]
    used, members = np.unique(
        np.stack([items.node[sample.l], items.node[sample.r]], axis=1), return_inverse=True
    )
    members = members.reshape(-1, 2)
    left = np.bincount(items.stratum[items.is_left], minlength=items.strata)
    right = np.bincount(items.stratum[~items.is_left], minlength=items.strata)
    stratum = items.stratum[sample.l]
    before: list[np.ndarray] = []
    for _ in range(ROUNDS):
        p = marginals(
            members,
            score(items, sample, weights, contributions(items, sample, weights)),
            len(used),
            rounds=8,
        )
        for code, mine in enumerate(of_rec):
            weights.learnt_from[code] = int(p[mine].sum() + 0.5)
            for position, feature in enumerate(sample.features):
                kind = family(feature.name)
                prior = np.array(PRIOR_M[kind])
                heard = np.ones(len(prior), dtype=bool)
                heard[SILENT[kind]] = False
                seen = np.bincount(feature.level[mine], weights=p[mine], minlength=len(prior))
                strength = STRENGTH * prior[heard] / prior[heard].sum()
                learnt = (seen[heard] + strength) / (seen[heard].sum() + strength.sum())
                table = np.zeros(len(prior))
                table[heard] = np.round(np.log(np.maximum(learnt, 1e-6)) / STEP) * STEP
                weights.log_m[code][position] = table
        matched = np.bincount(stratum, weights=p, minlength=items.strata) * scale
        weights.log_prior = np.round(_fugacity(matched, left, right) / STEP) * STEP
        weights.leftover = np.maximum(
            weights.log_prior - np.log(2 / np.maximum(np.maximum(left, right), 2)), 0.0
        )
        # Rounded weights stand still after a few rounds: the next ones would repeat this one.
        after = [*(table for tables in weights.log_m for table in tables), weights.log_prior]
        if before and all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)):
            break
        before = [table.copy() for table in after]
    return weights


#: Left rows whose candidates teach the weights; below, all do.
SAMPLE = 20_000


def sample_of(con, lefts: int) -> tuple[str, float]:
    """(SQL for the left rows whose candidates teach, by how much they stand for all). Chosen by their names, so that
    neither the order of the input nor late rows elsewhere choose others."""
    if lefts <= SAMPLE:
        return "select distinct l from pair", 1.0
    return (
        f"""
        select l from (select distinct l from pair) as paired inner join item on paired.l = item.row
        order by hash(item.reconciliation, item.item_type, item.item_id), l limit {SAMPLE}
    """,
        lefts / SAMPLE,
    )
