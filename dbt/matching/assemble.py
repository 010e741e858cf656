"""Assembly: from the chosen candidates of one batch to its part of the result. Statuses, order, explanations.

One-to-one matches, the bulk, are assembled by columns (pair_matches.py); groups one by one (group_matches.py).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching import explain
from matching.chosen import Book, Chosen
from matching.group_matches import of_groups
from matching.pair_matches import of_pairs
from matching.result import MATCHES
from matching.rules import rule_set_hash


@dataclass
class Part:
    """What one batch adds to the result. Rows are numbers of the whole files."""

    matches: pa.Table  # ordered by reconciliation and match_id
    rec: np.ndarray  # code of the reconciliation of each match
    allocations: pa.Table  # ordered by match_id
    rows: np.ndarray
    allocated: np.ndarray  # per row, in ticks
    written_off: np.ndarray
    match: np.ndarray  # per row: its match, -1 for none
    bounded: np.ndarray  # rows of components that were too large to be solved
    #: Chosen and not kept: (place among all candidates, rows, what a person reads).
    doubtful: list[tuple[tuple, list[int], str]]


def assemble(chosen: Chosen, rows: np.ndarray, places: np.ndarray) -> Part:
    """The part of one batch. rows: numbers of its items in the whole files; places: of its groups."""
    items, decision, options = chosen.items, chosen.decision, chosen.options
    keep = decision.chosen & (decision.probability >= options.suggest)
    outcome_auto = np.array([rule.outcome == "auto" for rule in chosen.rules] or [False])
    rule_of = np.concatenate([chosen.pair_rule[chosen.allowed], chosen.group_rule]).astype(np.int64)
    is_auto = (
        keep
        & (decision.probability >= options.auto)
        & (chosen.own >= options.own)
        & outcome_auto[rule_of]
        & ~decision.bounded
    )
    bounded = [
        row
        for candidate in np.flatnonzero(decision.bounded & decision.chosen).tolist()
        for side in chosen.members(candidate)
        for row in side
    ]
    items.limits.mark("component_too_large", bounded)
    book = Book(len(items))
    pair_count = len(chosen.allowed)
    simple = np.flatnonzero(keep[:pair_count])
    several = pair_count + np.flatnonzero(keep[pair_count:])
    hash_ = rule_set_hash(chosen.rules, chosen.tolerances)
    tables = [
        of_pairs(chosen, simple, is_auto, rule_of, book, hash_),
        of_groups(chosen, several, is_auto, rule_of, book, hash_),
    ]
    matches = pa.concat_tables([table[0] for table in tables])
    allocations = pa.concat_tables([table[1] for table in tables])
    group_recs = [int(items.rec[(left or right)[0]]) for left, right in map(chosen.members, several.tolist())]
    # Sorting is stable: by id first, then by reconciliation. Pairs have one allocation each and groups are in order.
    by_name = pc.sort_indices(matches.column("match_id")).to_numpy()
    code = np.concatenate([items.rec[chosen.pairs.l[chosen.allowed[simple]]], group_recs]).astype(np.int64)
    order = by_name[np.argsort(code[by_name], kind="stable")]
    texts = _explanations(chosen, order, simple, several, is_auto, rule_of)
    place = matches.column_names.index("explanation")
    matches = (
        matches.drop_columns("explanation")
        .take(pa.array(order))
        .add_column(place, MATCHES.field(place), texts)
    )
    back = np.empty(len(order) + 1, dtype=np.int64)
    back[order] = np.arange(len(order))
    back[-1] = -1
    return Part(
        matches,
        code[order],
        allocations.take(pc.sort_indices(allocations.column("match_id"))),
        rows,
        book.allocated,
        book.written_off,
        back[book.match],
        rows[np.array(bounded, dtype=np.int64)],
        _doubtful(chosen, np.flatnonzero(decision.chosen & ~keep), rows, places),
    )


def _doubtful(chosen: Chosen, candidates: np.ndarray, rows: np.ndarray, places: np.ndarray) -> list:
    """What was the best choice and is too unsure even to be suggested."""
    found = []
    for candidate in candidates.tolist():
        left, right = chosen.members(candidate)
        probability = chosen.decision.probability[candidate]
        message = f"several partners are about as likely (best: {probability:.0%}); left open for a person"
        is_group = candidate >= len(chosen.allowed)
        place = (
            (1, int(places[candidate - len(chosen.allowed)]), 0)
            if is_group
            else (0, int(rows[left[0]]), int(rows[right[0]]))
        )
        found.append((place, rows[list(left or right)].tolist(), message))
    return found


def _explanations(
    chosen: Chosen, order: np.ndarray, simple, several, is_auto, rule_of, step: int = 100_000
) -> pa.ChunkedArray:
    """Why each match was made, in the order of the result: sorting them afterwards would copy the largest column."""

    def chunk(start: int) -> pa.Array:
        wanted = order[start : start + step]
        is_pair = wanted < len(simple)
        pairs = simple[wanted[is_pair]]
        k = chosen.allowed[pairs]
        difference = np.where(chosen.pairs.is_fx[k], 0, chosen.pairs.difference[k])
        groups = [
            explain.group_json(
                chosen, int(candidate), bool(is_auto[candidate]), chosen.rules[int(rule_of[candidate])]
            )
            for candidate in several[wanted[~is_pair] - len(simple)]
        ]
        both = pa.concat_arrays(
            [
                explain.pairs_json(chosen, pairs, is_auto[pairs], rule_of[pairs], difference),
                pa.array(groups, pa.string()),
            ]
        )
        back = np.empty(len(wanted), dtype=np.int64)
        back[np.concatenate([np.flatnonzero(is_pair), np.flatnonzero(~is_pair)])] = np.arange(len(wanted))
        return both if is_pair.all() else both.take(pa.array(back))

    # Each piece depends on its own rows only, and most of its work is done outside the interpreter.
    with ThreadPoolExecutor(chosen.options.threads) as pool:
        return pa.chunked_array(list(pool.map(chunk, range(0, len(order), step))), pa.string())
