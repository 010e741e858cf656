"""The engine: one run from items to matches, in the order candidates, evidence, rules, groups, decision.

Works on its own DuckDB connection in memory, so that a caller's database is only read, and the result
depends on the items, rules and tolerances alone.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from matching import assemble, candidates, features, groups, payer, scoring, twins, usual_discounts
from matching import items as items_module
from matching import weights as weights_module
from matching.decide import decide
from matching.decided import hold
from matching.decisions import Resolved
from matching.group import usual_lags
from matching.result import MatchResult
from matching.rules import Rule, Tolerance, rule_case


@dataclass(frozen=True)
class Options:
    """Limits and thresholds. auto/suggest: the least probability for each status."""

    auto: float = 0.985
    suggest: float = 0.4
    #: Log-odds that a match must earn by its own evidence, apart from nothing else being left, to be decided alone.
    own: float = 2.5
    #: A pair this sure and equal in amount is not taken apart again by the search for groups.
    sure: float = 0.99
    threads: int = 2
    memory: str = "1500MB"
    same_sign: bool | None = None
    #: Of two equal payments that name one document the earlier counts (the other is a second payment).
    #: A policy of the company's own books; between two unknown files equal rows stay undecided.
    first_twin_counts: bool = False


def run(
    source: pa.Table,
    rules: list[Rule],
    tolerances: list[Tolerance],
    options: Options = Options(),
    decided: Resolved | None = None,
) -> MatchResult:
    """Match all reconciliations of the items in `source` as one pool. See result.py for the tables.

    decided: what people fixed and barred; it takes rows and pairs from the decision, and nothing from what
    the evidence is weighed by, so that elsewhere everything stays as it was.
    """
    with tempfile.TemporaryDirectory(prefix="tieout-match-") as spill:
        con = connect(options, spill)
        try:
            return _run(con, source, rules, tolerances, options, decided)
        finally:
            con.close()


def connect(options: Options, spill: str, keep_order: bool = False) -> duckdb.DuckDBPyConnection:
    """The engine's own database in memory; what does not fit goes to `spill` for the run."""
    return duckdb.connect(
        ":memory:",
        config={
            "threads": options.threads,
            "memory_limit": options.memory,
            "temp_directory": spill,
            "preserve_insertion_order": keep_order,
        },
    )


def _run(
    con,
    source: pa.Table,
    rules: list[Rule],
    tolerances: list[Tolerance],
    options: Options,
    decided: Resolved | None = None,
) -> MatchResult:
    items = items_module.load(con, source, options.same_sign)
    nodes = int(items.node.max(initial=-1)) + 1
    passes = candidates.build(con, len(items))
    payer.learn(con, items)
    usual_discounts.learn(con, items)
    pairs = features.measure(con, items)
    weights = weights_module.estimate(items, pairs, nodes)
    contribution = weights_module.contributions(items, pairs, weights)
    score = (
        contribution.sum(axis=1) + weights.log_prior[items.stratum[pairs.l]] if len(pairs) else np.zeros(0)
    )

    case = rule_case(rules, tolerances)
    passes.sql.append(
        ("the first rule that allows a candidate", f"select candidate,\n{case} as rule\nfrom measured")
    )
    pair_rule = _apply(con, scoring.pair_measures(items, pairs), case)
    pair_rule[scoring.unproven_differences(items, pairs, weights)] = -1
    held = hold(items, decided) if decided else None
    if held:
        pair_rule[held.refuses_pairs(items, pairs.l, pairs.r)] = -1
    allowed = np.flatnonzero((pair_rule >= 0) & (score > -3))
    pair_members = np.stack([items.node[pairs.l[allowed]], items.node[pairs.r[allowed]]], axis=1)
    order = (
        np.where(pairs.lag[allowed] == items_module.NO_DATE, 0, np.abs(pairs.lag[allowed]))
        + 1e-3 * pair_rule[allowed]
    )
    first = decide(pair_members, score[allowed], nodes, order)
    sure = allowed[
        first.chosen
        & (first.probability >= options.sure)
        & (pairs.difference[allowed] == 0)
        & ~pairs.is_fx[allowed]
    ]
    taken = held.taken.copy() if held else np.zeros(nodes, dtype=bool)
    taken[items.node[pairs.l[sure]]] = True
    taken[items.node[pairs.r[sure]]] = True

    open_rows = ~taken[items.node] & (items.amount != 0)
    lags = usual_lags(items, pairs.l[sure], pairs.r[sure])
    found, notes, hits = groups.find(con, items, open_rows, pairs, lags, passes.sql)
    group_score, group_parts = scoring.score_groups(items, found, pairs, contribution, weights, hits)
    group_rule = _apply(con, scoring.group_measures(items, found, pairs, 0), case)
    if held and len(found):
        group_rule[held.refuses_groups(items, found)] = -1
    usable = (
        np.flatnonzero((group_rule >= 0) & (group_score > -2)) if len(found) else np.zeros(0, dtype=np.int64)
    )
    members = _members(items, pairs, allowed, [found[k] for k in usable])
    score_all = np.concatenate([score[allowed], group_score[usable]])
    group_order = np.array([1000.0 + len(found[k].left) + len(found[k].right) for k in usable])
    own = np.concatenate(
        [
            score[allowed] - weights.leftover[items.stratum[pairs.l[allowed]]],
            np.where([found[k].is_whole_party for k in usable], -np.inf, group_score[usable]),
        ]
    )
    decision = decide(members, score_all, nodes, np.concatenate([order, group_order]))
    if options.first_twin_counts:
        twins.settle(items, pairs, allowed, pair_rule, members, decision)
    chosen = assemble.Chosen(
        items=items,
        pairs=pairs,
        allowed=allowed,
        contribution=contribution,
        pair_rule=pair_rule,
        groups=[found[k] for k in usable],
        group_parts=[group_parts[k] for k in usable],
        group_rule=group_rule[usable],
        decision=decision,
        score=score_all,
        own=own,
        rules=rules,
        tolerances=tolerances,
        weights=weights,
        options=options,
    )
    return assemble.assemble(chosen, passes, notes)


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


def _apply(con, measured: pa.Table, case: str) -> np.ndarray:
    """Position of the first rule that allows each candidate, -1 for none."""
    if not measured.num_rows:
        return np.zeros(0, dtype=np.int64)
    con.register("measured", measured)
    rule = con.execute(
        f"select candidate, coalesce({case}, -1) as rule from measured order by candidate"
    ).fetchnumpy()["rule"]
    con.unregister("measured")
    return np.asarray(rule).astype(np.int64)
