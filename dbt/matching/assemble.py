"""Assembly: from chosen candidates to the published tables. Statuses, allocations, positions, notes.

One-to-one matches, the bulk, are assembled by columns; groups one by one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching import explain
from matching.items import NO_DATE
from matching.result import (
    ALLOCATIONS,
    MATCHES,
    NOTES,
    POSITIONS,
    MatchResult,
    allocate,
    fraction,
    match_id,
    money,
    spread,
)
from matching.rules import REMAINDERS, rule_set_hash
from matching.weights import SILENT, family


@dataclass
class Chosen:
    """Everything the assembly needs: the candidates (pairs first, then groups) and what was decided."""

    items: object
    pairs: object
    allowed: np.ndarray  # pair candidates, as positions in pairs
    contribution: np.ndarray
    pair_rule: np.ndarray
    groups: list  # group candidates
    group_parts: list
    group_rule: np.ndarray
    decision: object
    score: np.ndarray
    own: np.ndarray
    rules: list
    tolerances: list
    weights: object
    options: object

    def members(self, candidate: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if candidate < len(self.allowed):
            k = self.allowed[candidate]
            return (int(self.pairs.l[k]),), (int(self.pairs.r[k]),)
        group = self.groups[candidate - len(self.allowed)]
        return group.left, group.right

    def limits(self, candidate: int) -> list[str]:
        """Where the search for the members' partners was bounded, in words."""
        found = [
            word for rows in self.members(candidate) for row in rows for word in self.items.limits.words(row)
        ]
        return list(dict.fromkeys(found))

    def rival(self, candidate: int) -> dict | None:
        """The runner-up in words, None when nothing else was possible."""
        other = int(self.decision.runner_up[candidate])
        if other < 0:
            return None
        left, right = self.members(other)
        ids = self.items.item_id
        return {
            "left": [ids[i].as_py() for i in left[:5]],
            "right": [ids[i].as_py() for i in right[:5]],
            "confidence": round(float(self.decision.probability[other]), 4),
            "margin": round(float(self.score[candidate] - self.score[other]), 2),
        }


def assemble(chosen: Chosen, passes, notes: list[dict]) -> MatchResult:
    """Build the result tables from the decision."""
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
    for code, rows in passes.cuts:
        items.limits.mark(code, rows)
    for candidate in np.flatnonzero(decision.bounded & decision.chosen).tolist():
        for rows in chosen.members(candidate):
            items.limits.mark("component_too_large", rows)
    book = _Book(len(items))
    pair_count = len(chosen.allowed)
    simple = np.flatnonzero(keep[:pair_count])
    several = pair_count + np.flatnonzero(keep[pair_count:])
    hash_ = rule_set_hash(chosen.rules, chosen.tolerances)
    tables = [
        _pairs(chosen, simple, is_auto, rule_of, book, hash_),
        _groups(chosen, several, is_auto, rule_of, book, hash_),
    ]
    matches = pa.concat_tables([table[0] for table in tables])
    allocations = pa.concat_tables([table[1] for table in tables])
    del tables
    group_recs = [
        np.array(
            [int(items.rec[(left or right)[0]]) for left, right in map(chosen.members, several.tolist())],
            dtype=np.int64,
        )
    ]
    positions = _positions(items, book, matches)
    # Sorting is stable: by id first, then by reconciliation. Pairs have one allocation each and groups are in order.
    by_name = pc.sort_indices(matches.column("match_id")).to_numpy()
    code = np.concatenate([items.rec[chosen.pairs.l[chosen.allowed[simple]]], *group_recs]).astype(np.int64)
    order = by_name[np.argsort(code[by_name], kind="stable")]
    texts = _explanations(chosen, order, simple, several, is_auto, rule_of)
    place = matches.column_names.index("explanation")
    matches = (
        matches.drop_columns("explanation")
        .take(pa.array(order))
        .add_column(place, MATCHES.field(place), texts)
    )
    return MatchResult(
        matches,
        allocations.take(pc.sort_indices(allocations.column("match_id"))),
        _notes(chosen, [*items.notes, *passes.notes, *notes], keep, positions),
        positions,
        _weights(chosen),
        passes.sql,
    )


class _Book:
    """Per item row: what was allocated and written off, and by which match."""

    def __init__(self, rows: int) -> None:
        self.allocated = np.zeros(rows, dtype=np.int64)
        self.written_off = np.zeros(rows, dtype=np.int64)
        self.match = np.full(rows, -1, dtype=np.int64)  # row of the unsorted matches table
        self.count = 0


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


def _same(text: str, count: int) -> pa.Array:
    return pa.array([text], pa.string()).take(pa.array(np.zeros(count, dtype=np.int8)))


def _names(left_types, left_ids, right_types, right_ids) -> pa.ChunkedArray:
    """Match ids of pairs, as result.match_id makes them, by columns."""
    con = duckdb.connect(":memory:", config={"preserve_insertion_order": True})
    try:
        con.register("pair", pa.table({"lt": left_types, "li": left_ids, "rt": right_types, "ri": right_ids}))
        return (
            con.execute("""
            select 'm_' || left(sha256(
                case
                    when (lt, li) <= (rt, ri) then lt || chr(31) || li || chr(30) || rt || chr(31) || ri
                    else rt || chr(31) || ri || chr(30) || lt || chr(31) || li
                end
            ), 20) as name
            from pair
        """)
            .to_arrow_table()
            .column(0)
        )
    finally:
        con.close()


def _pairs(
    chosen: Chosen, simple: np.ndarray, is_auto, rule_of, book: _Book, hash_: str
) -> tuple[pa.Table, pa.Table]:
    """One-to-one matches by columns."""
    items, pairs, decision = chosen.items, chosen.pairs, chosen.decision
    k = chosen.allowed[simple]
    l, r = pairs.l[k], pairs.r[k]  # noqa: E741
    n = len(k)
    a, b = items.amount[l], items.amount[r]
    is_fx = pairs.is_fx[k]
    rule = rule_of[simple]
    reasons = pa.array([x.difference_reason for x in chosen.rules], pa.string())
    is_remainder = np.array([x.difference_reason in REMAINDERS for x in chosen.rules] or [False])[rule]
    # Both sides point the same way (rules demand it), so the smaller amount is what is settled.
    settled = np.where(np.abs(a) <= np.abs(b), a, b)
    difference = np.where(is_fx, 0, a - b)
    left_rest, right_rest = np.where(is_fx, 0, a - settled), np.where(is_fx, 0, b - settled)
    book.allocated[l], book.allocated[r] = np.where(is_fx, a, settled), np.where(is_fx, b, settled)
    book.written_off[l], book.written_off[r] = (
        np.where(is_remainder, 0, left_rest),
        np.where(is_remainder, 0, right_rest),
    )
    book.match[l] = book.match[r] = book.count + np.arange(n)
    book.count += n
    left_ids, right_ids = items.item_id.take(pa.array(l)), items.item_id.take(pa.array(r))
    left_types, right_types = items.item_type.take(pa.array(l)), items.item_type.take(pa.array(r))
    names = _names(left_types, left_ids, right_types, right_ids)
    rival = decision.runner_up[simple]
    rival_p = np.where(rival >= 0, decision.probability[np.maximum(rival, 0)], np.nan)
    p = np.minimum(decision.probability[simple], 0.9999)
    auto = is_auto[simple]
    status = pa.array(["suggested", "auto"], pa.string()).take(pa.array(auto.astype(np.int8)))
    day = np.maximum(items.date[l], items.date[r])
    left_open, right_open = (
        np.where(is_remainder, np.abs(left_rest), 0),
        np.where(is_remainder, np.abs(right_rest), 0),
    )
    currency = items.currency.take(pa.array(r))
    written = np.where(is_remainder, 0, np.abs(left_rest) + np.abs(right_rest))
    one = pa.array(np.ones(n, dtype=np.int64))
    matches = pa.table(
        {
            "match_id": names,
            "reconciliation": pa.array(items.reconciliations, pa.string()).take(pa.array(items.rec[l])),
            "entity_id": items.entity.take(pa.array(l)),
            "match_rule_id": pa.array([x.match_rule_id for x in chosen.rules], pa.string()).take(
                pa.array(rule)
            ),
            "status": status,
            "shape": _same("1:1", n),
            "confidence": fraction(p, 4, MATCHES.field("confidence").type),
            "left_count": one,
            "right_count": one,
            "left_amount": money(a * items.sign[l]),
            "right_amount": money(b),
            "difference_amount": money(difference),
            "difference_reason": reasons.take(pa.array(rule)),
            "written_off_amount": money(written),
            "left_open_amount": money(left_open),
            "right_open_amount": money(right_open),
            "currency": currency,
            "match_date": pa.array(
                np.where(day == NO_DATE, 0, day).astype(np.int32), mask=day == NO_DATE
            ).cast(pa.date32()),
            "explanation": pa.nulls(n, pa.string()),
            "runner_up_confidence": fraction(rival_p, 4, MATCHES.field("runner_up_confidence").type),
            "margin": fraction(
                np.where(rival >= 0, chosen.score[simple] - chosen.score[np.maximum(rival, 0)], np.nan),
                4,
                MATCHES.field("margin").type,
            ),
            "rule_set_hash": _same(hash_, n),
        },
        schema=MATCHES,
    )
    allocations = pa.table(
        {
            "match_id": names,
            "left_type": left_types,
            "left_id": left_ids,
            "right_type": right_types,
            "right_id": right_ids,
            "allocated_amount": money(np.where(is_fx, np.abs(b), np.abs(settled))),
            "currency": currency,
        },
        schema=ALLOCATIONS,
    )
    return matches, allocations


def _groups(
    chosen: Chosen, several: np.ndarray, is_auto, rule_of, book: _Book, hash_: str
) -> tuple[pa.Table, pa.Table]:
    items, decision = chosen.items, chosen.decision
    matches: list[dict] = []
    allocations: list[tuple] = []

    def kind(i: int) -> str:
        return items.item_type[i].as_py()

    def name_of(i: int) -> str:
        return items.item_id[i].as_py()

    for candidate in several.tolist():
        left, right = chosen.members(candidate)
        rule = chosen.rules[int(rule_of[candidate])]
        p = float(min(decision.probability[candidate], 0.9999))
        status = "auto" if is_auto[candidate] else "suggested"
        name = match_id([(kind(i), name_of(i)) for i in (*left, *right)])
        left_ticks, right_ticks = [int(items.amount[i]) for i in left], [int(items.amount[i]) for i in right]
        is_offset = not left or not right
        reason = rule.difference_reason or ("offset" if is_offset else "")
        code = items.currency[(right or left)[0]].as_py()
        write = reason not in REMAINDERS
        rest_left, rest_right = [0] * len(left), [0] * len(right)
        if is_offset:
            # Rows that cancel have no partner on the other side: each is settled, with that side left empty.
            for i in left:
                allocations.append((name, kind(i), name_of(i), None, None, abs(int(items.amount[i])), code))
            for i in right:
                allocations.append((name, None, None, kind(i), name_of(i), abs(int(items.amount[i])), code))
            difference = 0
        else:
            difference = sum(left_ticks) - sum(right_ticks)
            # What is written off is borne by all rows of the larger side; what stays open, by the last ones.
            off_left, off_right = _borne(left_ticks, right_ticks, difference if write else 0)
            out, rest_left, rest_right = allocate(
                [amount - share for amount, share in zip(left_ticks, off_left, strict=True)],
                [amount - share for amount, share in zip(right_ticks, off_right, strict=True)],
            )
            rest_left = [rest + share for rest, share in zip(rest_left, off_left, strict=True)]
            rest_right = [rest + share for rest, share in zip(rest_right, off_right, strict=True)]
            for x, y, amount in out:
                allocations.append(
                    (name, kind(left[x]), name_of(left[x]), kind(right[y]), name_of(right[y]), amount, code)
                )
        off = 0
        for rows, rest in ((left, rest_left), (right, rest_right)):
            for i, remaining in zip(rows, rest, strict=True):
                book.written_off[i] = remaining if write else 0
                off += abs(remaining) if write else 0
                book.allocated[i] = items.amount[i] - remaining
                book.match[i] = book.count
        book.count += 1
        days = [int(items.date[i]) for i in (*left, *right) if items.date[i] != NO_DATE]
        rival = chosen.rival(candidate)
        other = int(decision.runner_up[candidate])
        shape = f"{len(left)}:{len(right)}"
        matches.append(
            {
                "match_id": name,
                "reconciliation": items.reconciliations[int(items.rec[(left or right)[0]])],
                "entity_id": items.entity[(left or right)[0]].as_py(),
                "match_rule_id": rule.match_rule_id,
                "status": status,
                "shape": shape,
                "confidence": p,
                "left_count": len(left),
                "right_count": len(right),
                "left_amount": sum(left_ticks) * int(items.sign[left[0]] if left else 1),
                "right_amount": sum(right_ticks),
                "difference_amount": difference,
                "difference_reason": reason,
                "written_off_amount": off,
                "left_open_amount": 0 if write else abs(sum(rest_left)),
                "right_open_amount": 0 if write else abs(sum(rest_right)),
                "currency": code,
                "match_date": max(days) if days else None,
                "explanation": None,
                "runner_up_confidence": rival["confidence"] if rival else float("nan"),
                "margin": float(chosen.score[candidate] - chosen.score[other]) if rival else float("nan"),
                "rule_set_hash": hash_,
            }
        )
    columns = {}
    for field in MATCHES:
        values = [row[field.name] for row in matches]
        if field.type == pa.decimal128(18, 4):
            columns[field.name] = money(np.array(values, dtype=np.int64))
        elif pa.types.is_decimal(field.type):
            columns[field.name] = fraction(np.array(values, dtype=float), 4, field.type)
        elif pa.types.is_date(field.type):
            columns[field.name] = pa.array(values, pa.int32()).cast(pa.date32())
        else:
            columns[field.name] = pa.array(values, field.type)
    # Ids are compared with missing sides last, as the database sorts them.
    allocations.sort(key=lambda row: [(value is None, value or "") for value in row[:5]])
    parts = list(zip(*allocations, strict=True)) if allocations else [[]] * len(ALLOCATIONS)
    arrays = [
        money(np.array(values, dtype=np.int64))
        if field.name == "allocated_amount"
        else pa.array(list(values), field.type)
        for field, values in zip(ALLOCATIONS, parts, strict=True)
    ]
    return pa.table(columns, schema=MATCHES), pa.table(arrays, schema=ALLOCATIONS)


def _borne(left: list[int], right: list[int], difference: int) -> tuple[list[int], list[int]]:
    """The written-off difference (left minus right) by the rows of the side whose total is larger."""
    if not difference or sum(left) * sum(right) < 0:
        return [0] * len(left), [0] * len(right)
    if abs(sum(left)) > abs(sum(right)):
        return spread(left, difference), [0] * len(right)
    return [0] * len(left), spread(right, -difference)


def _positions(items, book: _Book, matches: pa.Table) -> pa.Table:
    sign = items.sign
    place = pa.array(np.maximum(book.match, 0), mask=book.match < 0)
    open_ = items.amount - book.allocated - book.written_off
    return pa.table(
        {
            "reconciliation": pa.array(items.reconciliations, pa.string()).take(pa.array(items.rec)),
            "side": pa.array(["right", "left"]).take(pa.array(items.is_left.astype(np.int8))),
            "item_type": items.item_type,
            "item_id": items.item_id,
            "currency": items.currency,
            "amount": money(items.amount * sign),
            "allocated_amount": money(book.allocated * sign),
            "written_off_amount": money(book.written_off * sign),
            "open_amount": money(open_ * sign),
            "match_id": matches.column("match_id").take(place),
            "status": pc.fill_null(matches.column("status").take(place), "open"),
        },
        schema=POSITIONS,
    )


def _notes(chosen: Chosen, raw: list[dict], keep: np.ndarray, positions: pa.Table) -> pa.Table:
    """What was left open and why: for the whole files (no item), and for each row that is open or only suggested."""
    items, decision = chosen.items, chosen.decision
    unsure = np.flatnonzero(pc.not_equal(positions.column("status"), "auto").to_numpy(zero_copy_only=False))
    general = [
        (items.reconciliations[note["rec"]] if note["rec"] >= 0 else None, note["code"], note["message"])
        for note in raw
    ]
    general += [(None, code, line) for code, line in items.limits.summary(unsure)]
    tables = [
        pa.table(
            [
                pa.array([note[0] for note in general], pa.string()),
                pa.array([note[1] for note in general], pa.string()),
                pa.nulls(len(general), pa.string()),
                pa.nulls(len(general), pa.string()),
                pa.array([note[2] for note in general], pa.string()),
            ],
            schema=NOTES,
        )
    ]
    by_row = [
        (rows, _same(code, len(rows)), _same(message, len(rows)))
        for rows, code, message in items.limits.notes(unsure)
    ]
    doubtful, messages = [], []
    for candidate in np.flatnonzero(decision.chosen & ~keep).tolist():
        left, right = chosen.members(candidate)
        message = f"several partners are about as likely (best: {decision.probability[candidate]:.0%}); left open for a person"
        doubtful += left or right
        messages += [message] * len(left or right)
    by_row.append(
        (
            np.array(doubtful, dtype=np.int64),
            _same("ambiguous", len(doubtful)),
            pa.array(messages, pa.string()),
        )
    )
    for rows, codes, texts in by_row:
        place = pa.array(rows)
        tables.append(
            pa.table(
                [
                    pa.array(items.reconciliations, pa.string()).take(pa.array(items.rec[rows])),
                    codes,
                    items.item_type.take(place),
                    items.item_id.take(place),
                    texts,
                ],
                schema=NOTES,
            )
        )
    return pa.concat_tables(tables)


def _weights(chosen: Chosen) -> pa.Table:
    """One row per reconciliation, feature and level: m, and how often the level was seen among candidates."""
    items, pairs, weights = chosen.items, chosen.pairs, chosen.weights
    rows = []
    rec = items.rec[pairs.l]
    for code, name in enumerate(items.reconciliations):
        mine = rec == code
        for position, feature in enumerate(pairs.features):
            size = len(feature.labels)
            count = np.bincount(feature.level[mine], minlength=size)
            chance = np.bincount(
                feature.level[mine], weights=feature.log_u[mine], minlength=size
            ) / np.maximum(count, 1)
            for level in np.flatnonzero(count).tolist():
                if level in SILENT[family(feature.name)]:
                    continue
                log_m = float(weights.log_m[code][position][level])
                rows.append(
                    {
                        "reconciliation": name,
                        "feature": feature.name,
                        "level": feature.labels[level],
                        "share_among_matches": f"{np.exp(log_m):.4f}",
                        "average_weight": f"{log_m - float(chance[level]):.2f}",
                        "candidates": int(count[level]),
                        "learnt_from": weights.learnt_from[code],
                    }
                )
    return pa.Table.from_pylist(
        rows,
        schema=pa.schema(
            [
                ("reconciliation", pa.string()),
                ("feature", pa.string()),
                ("level", pa.string()),
                ("share_among_matches", pa.string()),
                ("average_weight", pa.string()),
                ("candidates", pa.int64()),
                ("learnt_from", pa.int64()),
            ]
        ),
    )
