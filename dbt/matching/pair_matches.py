"""One-to-one matches, the bulk, as rows of the result, by columns."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from matching.chosen import Book, Chosen
from matching.items import NO_DATE
from matching.result import ALLOCATIONS, MATCHES, fraction, money, same
from matching.rules import REMAINDERS


def of_pairs(
    chosen: Chosen, simple: np.ndarray, is_auto, rule_of, book: Book, hash_: str
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
            "shape": same("1:1", n),
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
            "rule_set_hash": same(hash_, n),
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
