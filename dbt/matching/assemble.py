"""Assembly: from chosen candidates to the published tables. Statuses, allocations, positions, notes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa

from matching.explain import explanation, sentence
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
)
from matching.rules import REMAINDERS, rule_set_hash
from matching.weights import SILENT, _family

_EPOCH = date(1970, 1, 1)


def _amount(ticks: int) -> str:
    return f"{Decimal(int(ticks)) / 10_000:.2f}" if ticks % 100 == 0 else f"{Decimal(int(ticks)) / 10_000:f}"


def assemble(
    items,
    pairs,
    allowed,
    contribution,
    pair_rule,
    found,
    usable,
    group_parts,
    group_rule,
    decision,
    score,
    own,
    rules,
    tolerances,
    weights,
    passes,
    notes,
    options,
) -> MatchResult:
    """Build the result tables from the decision over candidates (pairs first, then groups)."""
    hash_ = rule_set_hash(rules, tolerances)
    pair_count = len(allowed)
    probability = decision.probability
    keep = decision.chosen & (probability >= options.suggest)
    matches: list[dict] = []
    allocations: list[tuple] = []
    allocated = np.zeros(len(items), dtype=np.int64)
    written_off = np.zeros(len(items), dtype=np.int64)
    row_match: dict[int, tuple[str, str]] = {}
    types, ids = items.item_type.to_pylist(), items.item_id.to_pylist()
    currency, entity = items.currency.to_pylist(), items.entity.to_pylist()
    shared_key = pairs.shared_key

    def members(candidate: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if candidate < pair_count:
            k = allowed[candidate]
            return (int(pairs.l[k]),), (int(pairs.r[k]),)
        group = found[usable[candidate - pair_count]]
        return group.left, group.right

    def evidence(candidate: int) -> list[dict]:
        if candidate >= pair_count:
            return [
                {"feature": name, "seen": seen, "contribution": round(value, 2)}
                for name, seen, value in group_parts[usable[candidate - pair_count]]
            ]
        k = allowed[candidate]
        rows = []
        for position, feature in enumerate(pairs.features):
            level = int(feature.level[k])
            if level in SILENT[_family(feature.name)]:
                continue
            row = {
                "feature": feature.name,
                "seen": feature.labels[level],
                "contribution": round(float(contribution[k, position]), 2),
            }
            if feature.name == "reference" and level >= 2:
                row["value"] = shared_key[int(k)].as_py()
            elif feature.name == "amount":
                row["left"], row["right"] = (
                    _amount(items.amount[pairs.l[k]] * items.sign[pairs.l[k]]),
                    _amount(items.amount[pairs.r[k]]),
                )
            rows.append(row)
        return rows

    for candidate in np.flatnonzero(keep).tolist():
        left, right = members(candidate)
        position = (
            int(pair_rule[allowed[candidate]])
            if candidate < pair_count
            else int(group_rule[usable[candidate - pair_count]])
        )
        rule = rules[position]
        p = float(min(probability[candidate], 0.9999))
        is_fx = candidate < pair_count and bool(pairs.is_fx[allowed[candidate]])
        status = (
            "auto"
            if p >= options.auto
            and own[candidate] >= options.own
            and rule.outcome == "auto"
            and not decision.bounded[candidate]
            else "suggested"
        )
        name = match_id([(types[i], ids[i]) for i in (*left, *right)])
        left_ticks, right_ticks = [int(items.amount[i]) for i in left], [int(items.amount[i]) for i in right]
        reason = rule.difference_reason or ("offset" if not left or not right else "")
        code = currency[right[0]] if right else currency[left[0]]
        if is_fx:
            # Two currencies: each side is used up in full; what the rate made of it is not a difference here.
            out, rest_left, rest_right = [(0, 0, abs(right_ticks[0]))], [0], [0]
            difference = 0
        else:
            out, rest_left, rest_right = allocate(left_ticks, right_ticks)
            difference = sum(left_ticks) - sum(right_ticks) if left and right else 0
        if not left or not right:
            out, rest_left, rest_right = [], [0] * len(left), [0] * len(right)
            for i in (*left, *right):
                on_left = i in left
                allocations.append(
                    (
                        name,
                        types[i] if on_left else None,
                        ids[i] if on_left else None,
                        None if on_left else types[i],
                        None if on_left else ids[i],
                        abs(int(items.amount[i])),
                        code,
                    )
                )
        for a, b, amount in out:
            allocations.append(
                (name, types[left[a]], ids[left[a]], types[right[b]], ids[right[b]], amount, code)
            )
        write = reason not in REMAINDERS
        off = 0
        for rows, rest in ((left, rest_left), (right, rest_right)):
            for i, open_amount in zip(rows, rest, strict=True):
                if write:
                    written_off[i] = open_amount
                    off += abs(open_amount)
                allocated[i] = items.amount[i] - open_amount
                row_match[i] = (name, status)
        days = [int(items.date[i]) for i in (*left, *right) if items.date[i] != NO_DATE]
        rival = int(decision.runner_up[candidate])
        rival_p = float(probability[rival]) if rival >= 0 else float("nan")
        rival_words = None
        if rival >= 0:
            rl, rr = members(rival)
            rival_words = {
                "left": [ids[i] for i in rl[:5]],
                "right": [ids[i] for i in rr[:5]],
                "confidence": round(rival_p, 4),
                "margin": round(float(score[candidate] - score[rival]), 2),
            }
        given = items.sign[left[0]] if left else 1
        shape = f"{len(left)}:{len(right)}"
        matches.append(
            {
                "match_id": name,
                "reconciliation": items.reconciliations[int(items.rec[(left or right)[0]])],
                "entity_id": entity[(left or right)[0]],
                "match_rule_id": rule.match_rule_id,
                "status": status,
                "shape": shape,
                "confidence": p,
                "left_count": len(left),
                "right_count": len(right),
                "left_amount": sum(left_ticks) * int(given),
                "right_amount": sum(right_ticks),
                "difference_amount": difference,
                "difference_reason": reason,
                "written_off_amount": off,
                "left_open_amount": 0 if write else abs(sum(rest_left)),
                "right_open_amount": 0 if write else abs(sum(rest_right)),
                "currency": code,
                "match_date": _EPOCH + timedelta(days=max(days)) if days else None,
                "explanation": explanation(
                    rule.match_rule_id,
                    rule.description,
                    evidence(candidate),
                    _amount(difference),
                    reason,
                    rival_words,
                    sentence(status, shape, p, reason, _amount(abs(difference)), rival >= 0),
                ),
                "runner_up_confidence": rival_p,
                "margin": float(score[candidate] - score[rival]) if rival >= 0 else float("nan"),
                "rule_set_hash": hash_,
            }
        )
    order = sorted(range(len(matches)), key=lambda k: (matches[k]["reconciliation"], matches[k]["match_id"]))
    matches = [matches[k] for k in order]
    return MatchResult(
        _matches(matches),
        _allocations(allocations),
        _notes(items, passes.notes + notes, decision, probability, keep, members, types, ids, options),
        _positions(items, allocated, written_off, row_match, types, ids),
        _weights(items, pairs, weights),
        passes.sql,
    )


def _matches(rows: list[dict]) -> pa.Table:
    columns = {}
    for field in MATCHES:
        values = [row[field.name] for row in rows]
        if field.type == pa.decimal128(18, 4):
            columns[field.name] = money(np.array(values, dtype=np.int64))
        elif pa.types.is_decimal(field.type):
            columns[field.name] = fraction(np.array(values, dtype=float), 4, field.type)
        else:
            columns[field.name] = pa.array(values, field.type)
    return pa.table(columns, schema=MATCHES)


def _allocations(rows: list[tuple]) -> pa.Table:
    rows = sorted(rows, key=lambda row: tuple("" if value is None else value for value in row[:5]))
    columns = list(zip(*rows, strict=True)) if rows else [[]] * len(ALLOCATIONS)
    arrays = [
        money(np.array(values, dtype=np.int64))
        if field.name == "allocated_amount"
        else pa.array(list(values), field.type)
        for field, values in zip(ALLOCATIONS, columns, strict=True)
    ]
    return pa.table(arrays, schema=ALLOCATIONS)


def _positions(items, allocated, written_off, row_match, types, ids) -> pa.Table:
    sign = items.sign
    status = [row_match.get(i, (None, "open")) for i in range(len(items))]
    # Written off is part of what the match settles, but no other row's money.
    open_ = items.amount - allocated
    is_written = written_off != 0
    open_ = np.where(is_written, 0, open_)
    return pa.table(
        {
            "reconciliation": pa.array(items.reconciliations).take(pa.array(items.rec)),
            "side": pa.array(np.where(items.is_left, "left", "right").tolist(), pa.string()),
            "item_type": pa.array(types, pa.string()),
            "item_id": pa.array(ids, pa.string()),
            "currency": items.currency.combine_chunks(),
            "amount": money(items.amount * sign),
            "allocated_amount": money(allocated * sign),
            "written_off_amount": money(written_off * sign),
            "open_amount": money(open_ * sign),
            "match_id": pa.array([s[0] for s in status], pa.string()),
            "status": pa.array([s[1] for s in status], pa.string()),
        },
        schema=POSITIONS,
    )


def _notes(items, raw: list[dict], decision, probability, keep, members, types, ids, options) -> pa.Table:
    rows = [
        {
            "reconciliation": items.reconciliations[note["rec"]] if note["rec"] >= 0 else None,
            "code": note["code"],
            "item_type": None,
            "item_id": None,
            "message": note["message"],
        }
        for note in raw
    ]
    for candidate in np.flatnonzero(decision.chosen & ~keep).tolist():
        left, right = members(candidate)
        for i in left or right:
            rows.append(
                {
                    "reconciliation": items.reconciliations[int(items.rec[i])],
                    "code": "ambiguous",
                    "item_type": types[i],
                    "item_id": ids[i],
                    "message": f"several partners are as likely as each other (best: {probability[candidate]:.0%}); left open for a person",
                }
            )
    return pa.Table.from_pylist(rows, schema=NOTES)


def _weights(items, pairs, weights) -> pa.Table:
    """One row per reconciliation, feature and level: m, and how often the level was seen among candidates."""
    rows = []
    for code, name in enumerate(items.reconciliations):
        for position, feature in enumerate(pairs.features):
            mine = items.rec[pairs.l] == code
            silent = SILENT[_family(feature.name)]
            for level, label in enumerate(feature.labels):
                here = mine & (feature.level == level)
                if level in silent or not here.any():
                    continue
                log_m = float(weights.log_m[code][position][level])
                rows.append(
                    {
                        "reconciliation": name,
                        "feature": feature.name,
                        "level": label,
                        "share_among_matches": f"{np.exp(log_m):.4f}",
                        "average_weight": f"{log_m - float(feature.log_u[here].mean()):.2f}",
                        "candidates": int(here.sum()),
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
