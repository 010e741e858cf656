"""Verdict: the decision of one batch of whole components, pairs and groups together, and its part of the result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from matching import group_scores, twins, weights
from matching.assemble import Part, assemble
from matching.chosen import Chosen
from matching.decide import decide
from matching.decided import hold
from matching.evidence import Known, as_pairs
from matching.group import Group, Hits
from matching.items import NO_DATE
from matching.rules import first_rule

#: A group of a lower score (log-odds) is no candidate.
LEAST = -2.0


@dataclass
class Batch:
    """Components of candidates. Rows are numbers of the whole files."""

    kept: pa.Table  # pairs, see evidence.as_table
    groups: list[Group]
    places: np.ndarray  # of each group among all groups
    rows: np.ndarray  # ascending; all rows of the pairs and groups
    mask: np.ndarray  # where the search for these rows was bounded, see limits.py
    has_text: np.ndarray  # rows whose texts were compared


@dataclass
class Found:
    """What is known of all groups, besides the groups."""

    features: list[tuple[str, list[str]]]
    hits: Hits
    text_weight: float


def preference(lag: np.ndarray, rule: np.ndarray) -> np.ndarray:
    """What people prefer of equal pairs: near dates, then the first rule."""
    return np.where(lag == NO_DATE, 0, np.abs(lag)) + 1e-3 * rule


def settle(con, known: Known, found: Found, batch: Batch) -> Part:
    """Choose among the candidates of the batch, and write down what was chosen."""
    items = known.facts.items.take(batch.rows)
    items.limits.mask[:] = batch.mask
    pairs = as_pairs(batch.kept, batch.rows, found.features)
    pair_rule = batch.kept.column("rule").to_numpy().astype(np.int64)
    contribution = weights.contributions(items, pairs, known.weights)
    allowed = np.flatnonzero(pair_rule >= 0)
    score = batch.kept.column("score").to_numpy()[allowed]
    groups = [_local(group, batch.rows) for group in batch.groups]
    rarity = known.facts.rarity
    group_score, group_parts = group_scores.score_groups(
        items,
        groups,
        pairs,
        contribution,
        known.weights,
        found.hits,
        batch.has_text,
        found.text_weight,
        np.maximum(rarity.left, rarity.right),
    )
    group_rule = first_rule(con, group_scores.group_measures(items, groups, pairs, 0), known.case)
    if known.decided and len(groups):
        group_rule[hold(items, known.decided).refuses_groups(items, groups)] = -1
    usable = np.flatnonzero((group_rule >= 0) & (group_score > LEAST))
    members = _members(items, pairs, allowed, [groups[k] for k in usable])
    score_all = np.concatenate([score, group_score[usable]])
    order = np.concatenate(
        [
            preference(pairs.lag[allowed], pair_rule[allowed]),
            np.array([1000.0 + len(groups[k].left) + len(groups[k].right) for k in usable]),
        ]
    )
    own = np.concatenate(
        [
            score - known.weights.leftover[items.stratum[pairs.l[allowed]]],
            np.where([groups[k].is_whole_party for k in usable], -np.inf, group_score[usable]),
        ]
    )
    decision = decide(members, score_all, int(items.node.max(initial=-1)) + 1, order)
    if known.options.first_twin_counts:
        twins.settle(items, pairs, allowed, pair_rule, members, decision)
    chosen = Chosen(
        items=items,
        pairs=pairs,
        allowed=allowed,
        contribution=contribution,
        pair_rule=pair_rule,
        groups=[groups[k] for k in usable],
        group_parts=[group_parts[k] for k in usable],
        group_rule=group_rule[usable],
        decision=decision,
        score=score_all,
        own=own,
        rules=known.rules,
        tolerances=known.tolerances,
        options=known.options,
    )
    return assemble(chosen, batch.rows, batch.places[usable])


def _local(group: Group, rows: np.ndarray) -> Group:
    """The group in row numbers of the batch."""
    left, right = (
        tuple(np.searchsorted(rows, np.array(side, dtype=np.int64)).tolist())
        for side in (group.left, group.right)
    )
    return replace(group, left=left, right=right)


def _members(items, pairs, allowed: np.ndarray, chosen: list) -> tuple[np.ndarray, np.ndarray]:
    """All candidates as (indptr, nodes): pairs first, then groups."""
    flat = [np.stack([items.node[pairs.l[allowed]], items.node[pairs.r[allowed]]], axis=1).ravel()]
    sizes = [np.full(len(allowed), 2, dtype=np.int64)]
    for group in chosen:
        rows = np.array([*group.left, *group.right], dtype=np.int64)
        flat.append(np.unique(items.node[rows]))
        sizes.append(np.array([len(flat[-1])]))
    return np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64), np.concatenate(
        flat
    ).astype(np.int64)
