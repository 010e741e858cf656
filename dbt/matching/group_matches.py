"""Matches of several rows as rows of the result, one by one: who settles how much of whom."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from matching.chosen import Book, Chosen
from matching.items import NO_DATE
from matching.result import ALLOCATIONS, MATCHES, allocate, fraction, match_id, money, spread
from matching.rules import REMAINDERS


def of_groups(
    chosen: Chosen, several: np.ndarray, is_auto, rule_of, book: Book, hash_: str
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
