"""The engine: one run from items to matches, in the order candidates, evidence, rules, groups, decision.

Works on its own DuckDB connection, so that a caller's database is only read, and the result depends on the items,
rules and tolerances alone. What concerns all rows is asked of the database or counted once; pairs are weighed in
pieces, and decided in batches of whole components, in this process or in several, with one and the same result.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from matching import candidates, features, gather, groups, payer, rarity, tasks, usual_discounts
from matching import items as items_module
from matching import weights as weights_module
from matching.components import components, packed, slices
from matching.decide import decide
from matching.decided import hold
from matching.decisions import Resolved
from matching.evidence import Known, Seen, weigh
from matching.group import Group, usual_lags
from matching.items import Items
from matching.kept import Kept, named
from matching.result import MatchResult
from matching.rules import Rule, Tolerance, rule_case
from matching.store import Store
from matching.verdict import Batch, Found, preference
from matching.workers import Workers


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
    #: Pairs weighed and candidates decided at once. They bound the memory and change nothing in the result.
    piece: int = 250_000
    batch: int = 100_000
    #: Processes that weigh and decide. None: as many as `threads` where there is enough to do, else this one alone.
    processes: int | None = None


#: Pairs from which on other processes pay: they need a second before they begin.
ENOUGH = 1_000_000


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
            items = items_module.load(con, source, options.same_sign)
            # The database has it now; a caller that has let it go as well has the memory back.
            del source
            return _run(con, Path(spill), items, rules, tolerances, options, decided)
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
    spill: Path,
    items: Items,
    rules: list[Rule],
    tolerances: list[Tolerance],
    options: Options,
    decided: Resolved | None,
) -> MatchResult:
    passes = candidates.build(con, len(items))
    for code, rows in passes.cuts:
        items.limits.mark(code, rows)
    payer.learn(con, items)
    usual_discounts.learn(con, items)
    pairs, lefts = con.execute("select count(*), count(distinct l) from pair").fetchone()
    processes = options.processes or (min(options.threads, os.cpu_count() or 1) if pairs >= ENOUGH else 1)
    is_large = processes > 1 or pairs > options.piece
    store = Store(_folder(spill) if is_large else None)
    facts = features.know(con, items, rarity.measure(con, items))
    known = Known(
        facts,
        weights_module.prior_weights(items, []),
        None,
        rules,
        tolerances,
        rule_case(rules, tolerances),
        options,
        hold(items, decided) if decided else None,
        decided,
    )
    passes.sql.append(
        ("the first rule that allows a candidate", f"select candidate,\n{known.case} as rule\nfrom measured")
    )
    known, sample = _learnt(con, known, pairs, lefts)
    seen = Seen(known, sample.features)
    store.put("known", known)
    if is_large:
        # From here on its arrays are mapped, and shared by all processes.
        limits = items.limits
        known = store.get("known")
        items = replace(known.facts.items, limits=limits)
    with Workers(store, processes) as workers:

        def here(task: str, number: int) -> str:
            return tasks.do(con, store, task, number)

        if not is_large and len(sample) == pairs:
            # All are measured already.
            store.put("result-weigh-0", weigh(con, known, sample))
            results = ["result-weigh-0"]
        else:
            del sample, facts
            results = list(workers.run("weigh", _pieces(con, store, options.piece), here))
        names = [f"result-weigh-{number}" for number in range(len(results))]
        for name in names:
            weighed = store.get(name)
            seen.add(weighed)
            items.limits.mark("spelling_not_compared", weighed.unspelled)
        kept = Kept(store, names)
        taken, sure = _taken(items, kept, known)
        lags = usual_lags(items, kept.l[sure], kept.r[sure])
        is_open = ~taken[items.node] & (items.amount != 0)
        found, notes, hits = groups.find(con, items, is_open, named(kept, is_open), lags, passes.sql)
        if processes > 1:
            # All that is left to ask it are the rules, and that the workers do.
            con.close()
        store.put("found", Found(seen.features, hits, seen.text_weight(known.weights)))
        gathered = gather.Gathered(store, items)
        done = list(workers.run("settle", _batches(store, items, kept, found, seen, options.batch), here))
        for number in range(len(done)):
            gathered.add(f"result-settle-{number}")
    items.limits.mark("component_too_large", gathered.bounded)
    matches, allocations = gather.matches(gathered), gather.allocations(gathered)
    positions, unsure = gather.positions(gathered, items)
    return MatchResult(
        matches,
        allocations,
        gather.notes(gathered, items, [*items.notes, *passes.notes, *notes], unsure),
        positions,
        gather.weights(known, seen),
        passes.sql,
    )


def _folder(spill: Path) -> Path:
    folder = spill / "pieces"
    folder.mkdir()
    return folder


def _learnt(con, known: Known, pairs: int, lefts: int):
    """(what is known, with the weights; the measured pairs that taught them)."""
    chosen, scale = weights_module.sample_of(con, lefts)
    of_sample = f"where l in ({chosen})" if scale > 1 else ""
    table = con.execute(f"{features.CANDIDATES} {of_sample} order by l, r").to_arrow_table()
    sample = features.measure(con, known.facts, table, None, pairs / max(table.num_rows, 1))
    learnt = weights_module.estimate(known.facts.items, sample, scale)
    return replace(known, weights=learnt, spelling=sample.spelling), sample


def _pieces(con, store: Store, size: int) -> Iterator[int]:
    """Put the candidates into the store, all of a left row together, about `size` at once; their numbers."""
    rows = con.execute("select l, count(*) as n from pair group by l order by l").fetchnumpy()
    if not len(rows["l"]):
        store.put("weigh-0", con.execute(features.CANDIDATES).to_arrow_table())
        yield 0
        return
    piece = (np.cumsum(rows["n"]) - rows["n"]) // max(size, 1)
    first = np.flatnonzero(np.r_[True, piece[1:] != piece[:-1]])
    last = np.r_[first[1:], len(piece)] - 1
    for number, (begin, end) in enumerate(
        zip(rows["l"][first].tolist(), rows["l"][last].tolist(), strict=True)
    ):
        statement = f"{features.CANDIDATES} where l between {begin} and {end} order by l, r"
        store.put(f"weigh-{number}", con.execute(statement).to_arrow_table())
        yield number


def _taken(items: Items, kept: Kept, known: Known) -> tuple[np.ndarray, np.ndarray]:
    """(nodes that are spoken for before groups are looked for, by a sure pair of equal amounts or by people; these pairs)."""
    taken = (
        known.held.taken.copy() if known.held else np.zeros(int(items.node.max(initial=-1)) + 1, dtype=bool)
    )
    allowed = np.flatnonzero(kept.is_allowed)
    a, b = items.node[kept.l[allowed]], items.node[kept.r[allowed]]
    label = components(a, b, len(taken))
    sure = [np.zeros(0, dtype=np.int64)]
    for part in _split(label[a], known.options.batch):
        table = kept.take(allowed[part], ["rule", "score", "lag", "difference", "is_fx"])
        rule, score, lag, difference, is_fx = (table.column(name).to_numpy() for name in table.column_names)
        nodes, members = np.unique(np.stack([a[part], b[part]], axis=1), return_inverse=True)
        members = members.reshape(-1, 2)
        first = decide(members, score, len(nodes), preference(lag, rule))
        is_sure = first.chosen & (first.probability >= known.options.sure) & (difference == 0) & ~is_fx
        taken[nodes[members[is_sure]]] = True
        sure.append(allowed[part[is_sure]])
    return taken, np.sort(np.concatenate(sure))


def _split(label: np.ndarray, limit: int) -> list[np.ndarray]:
    """Positions of the candidates of each batch, given their components."""
    if not len(label):
        return []
    number = packed(label, limit)
    return slices(number, int(number.max()) + 1)


def _batches(
    store: Store, items: Items, kept: Kept, found: list[Group], seen: Seen, limit: int
) -> Iterator[int]:
    """Put whole components of pairs and groups into the store, about `limit` candidates at once; their numbers."""
    members = [np.array([*group.left, *group.right], dtype=np.int64) for group in found]
    flat = np.concatenate([np.zeros(0, dtype=np.int64), *members])
    size = np.array([len(rows) for rows in members], dtype=np.int64)
    head = np.array([rows[0] for rows in members], dtype=np.int64)
    a, b = items.node[kept.l], items.node[kept.r]
    label = components(
        np.concatenate([a[kept.is_allowed], items.node[np.repeat(head, size)]]),
        np.concatenate([b[kept.is_allowed], items.node[flat]]),
        int(items.node.max(initial=-1)) + 1,
    )
    # A pair that no rule allows says something about groups that hold both of its rows.
    inside = np.flatnonzero(kept.is_allowed | (label[a] == label[b]))
    of_candidate = np.concatenate([label[a[inside]], label[items.node[head]]])
    for number, part in enumerate(_split(of_candidate, limit)):
        places = inside[part[part < len(inside)]]
        chosen = part[part >= len(inside)] - len(inside)
        rows = np.unique(np.concatenate([kept.l[places], kept.r[places], *(members[k] for k in chosen)]))
        rows = rows.astype(np.int64)
        store.put(
            f"settle-{number}",
            Batch(
                kept.take(places),
                [found[k] for k in chosen],
                chosen,
                rows,
                items.limits.mask[rows],
                seen.has_text[rows],
            ),
        )
        yield number
