"""Decisions inside a run of the engine: which rows and pairs it must leave alone, and the result with them.

`hold` speaks the engine's numbers (nodes), `publish` the tables of its result. What is decided is the
matter of `decisions`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.decisions import FixedMatch, Item, Outcome, Resolved, amount_of, told
from matching.items import Items
from matching.result import ALLOCATIONS, DECISIONS, MATCHES, MatchResult, match_id


@dataclass(frozen=True)
class Hold:
    """taken: per node, whether people fixed its matches. barred: codes of node pairs, both ways, sorted."""

    taken: np.ndarray
    barred: np.ndarray

    def refuses_pairs(self, items: Items, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Per candidate pair of rows: whether it may not be proposed."""
        a, b = items.node[left], items.node[right]
        return self.taken[a] | self.taken[b] | np.isin(a * len(self.taken) + b, self.barred)

    def refuses_groups(self, items: Items, groups: list) -> np.ndarray:
        """Per candidate group: whether it holds a row that is taken or two rows that may not meet."""
        held = np.zeros(len(self.taken), dtype=bool)
        held[self.taken] = True
        held[np.unique(self.barred // max(len(self.taken), 1))] = True
        refused = np.zeros(len(groups), dtype=bool)
        for place, group in enumerate(groups):
            nodes = items.node[np.array([*group.left, *group.right], dtype=np.int64)]
            suspects = nodes[held[nodes]]
            if not len(suspects):
                continue
            codes = (suspects[:, None] * len(self.taken) + nodes[None, :]).ravel()
            refused[place] = bool(self.taken[suspects].any() or np.isin(codes, self.barred).any())
        return refused


def hold(items: Items, state: Resolved) -> Hold:
    """What the engine must leave alone, in its own numbers."""
    nodes = int(items.node.max(initial=-1)) + 1
    named = state.taken | {item for both in state.barred for item in both}
    known = _nodes(items, named)
    taken = np.zeros(nodes, dtype=bool)
    taken[[known[item] for item in state.taken if item in known]] = True
    codes = [
        code
        for one, other in state.barred
        if one in known and other in known
        for code in (known[one] * nodes + known[other], known[other] * nodes + known[one])
    ]
    return Hold(taken, np.unique(np.array(codes, dtype=np.int64)))


def _nodes(items: Items, named: set[Item]) -> dict[Item, int]:
    ids = pa.array(sorted({item_id for _, item_id in named}), pa.string())
    rows = np.flatnonzero(pc.is_in(items.item_id, ids).to_numpy(zero_copy_only=False))
    kinds, names = items.item_type.take(pa.array(rows)), items.item_id.take(pa.array(rows))
    return {
        (kind, name): int(items.node[row])
        for row, kind, name in zip(rows.tolist(), kinds.to_pylist(), names.to_pylist(), strict=True)
    }


def publish(result: MatchResult, state: Resolved, entities: dict[Item, str], rule_set: str) -> MatchResult:
    """The engine's result with the groups that people made, what they rejected, and what came of each decision."""
    fixed = [_fixed(match, entities, rule_set) for match in state.matches]
    for (row, _), match in zip(fixed, state.matches, strict=True):
        for decision in match.decisions:
            state.outcomes[decision.sequence].match_id = row["match_id"]
    made = {row["match_id"] for row, _ in fixed}
    rejected = {row["match_id"]: row for row in (_rejected(d, entities, rule_set) for d in state.rejected)}
    names = pa.array(sorted(set(rejected) - made), pa.string())
    is_shown = pc.is_in(names, value_set=result.matches.column("match_id").combine_chunks())
    rows = [row for row, _ in fixed] + [
        rejected[name] for name in names.filter(pc.invert(is_shown)).to_pylist()
    ]
    matches = pa.concat_tables([result.matches, pa.Table.from_pylist(rows, schema=MATCHES)])
    allocations = pa.concat_tables(
        [
            result.allocations,
            pa.Table.from_pylist([a for _, found in fixed for a in found], schema=ALLOCATIONS),
        ]
    )
    positions = _positions(result.positions, state.matches)
    _settle_write_offs(state, positions)
    order = [("reconciliation", "ascending"), ("match_id", "ascending")]
    by_pair = [(name, "ascending") for name in ("match_id", "left_type", "left_id", "right_type", "right_id")]
    return result._replace(
        matches=matches.sort_by(order),
        allocations=allocations.sort_by(by_pair),
        positions=positions,
        decisions=_outcomes(state.outcomes),
    )


def _fixed(match: FixedMatch, entities: dict[Item, str], rule_set: str) -> tuple[dict, list[dict]]:
    """The row of `matches` and the rows of `match_allocations` of a group that people made."""
    settled = match.settled()
    sides: dict[str, list[Item]] = {"left": [], "right": []}
    for item in match.members:
        sides[match.facts[item].side].append(item)
    total = {side: sum(match.facts[item].amount for item in found) for side, found in sides.items()}
    open_ = {
        side: sum(match.facts[item].amount - settled[item] - match.written_off.get(item, 0) for item in found)
        for side, found in sides.items()
    }
    written = sum(abs(amount) for amount in match.written_off.values())
    is_fx = len({match.facts[item].currency for item in match.members}) > 1
    is_offset = not sides["left"] or not sides["right"]
    turn = -1 if total["left"] * total["right"] < 0 else 1
    difference = 0 if is_fx or is_offset else total["left"] * turn - total["right"]
    reason = _reason(match, difference, written, is_offset)
    last = match.decisions[-1]
    name = match_id(match.members)
    days = [match.facts[item].date for item in match.members if match.facts[item].date]
    row = {
        "match_id": name,
        "reconciliation": match.reconciliation,
        "entity_id": entities.get(match.members[0], last.entity_id),
        "match_rule_id": next((d.match_rule_id for d in match.decisions if d.match_rule_id), "by_hand"),
        "status": "confirmed",
        "shape": f"{len(sides['left'])}:{len(sides['right'])}",
        "confidence": amount_of(10_000),
        "left_count": len(sides["left"]),
        "right_count": len(sides["right"]),
        "left_amount": amount_of(total["left"]),
        "right_amount": amount_of(total["right"]),
        "difference_amount": amount_of(difference),
        "difference_reason": reason,
        "written_off_amount": amount_of(written),
        "left_open_amount": amount_of(0 if is_fx else abs(open_["left"])),
        "right_open_amount": amount_of(0 if is_fx else abs(open_["right"])),
        "currency": match.links[0][1].currency,
        "match_date": _day(max(days)) if days else None,
        "explanation": _explanation(match, difference, reason),
        "runner_up_confidence": None,
        "margin": None,
        "rule_set_hash": rule_set,
    }
    allocations = [
        {
            "match_id": name,
            "left_type": link.left[0] if link.left else None,
            "left_id": link.left[1] if link.left else None,
            "right_type": link.right[0] if link.right else None,
            "right_id": link.right[1] if link.right else None,
            "allocated_amount": amount_of(link.amount),
            "currency": link.currency,
        }
        for _, link in match.links
    ]
    return row, allocations


def _day(text: str):
    from datetime import date

    return date.fromisoformat(text)


def _reason(match: FixedMatch, difference: int, written: int, is_offset: bool) -> str:
    """Why the sides differ. A difference that nobody wrote off stays open on one side."""
    if is_offset:
        return "offset"
    if written or {match.facts[item].currency for item in match.members} - {match.links[0][1].currency}:
        agreed = [d.difference_reason for d in match.decisions if d.difference_reason]
        return agreed[-1] if agreed else ""
    if difference == 0:
        return ""
    left = sum(match.facts[item].amount for item in match.members if match.facts[item].side == "left")
    has_more_left = (difference > 0) == (left > 0)
    bank_is_left = any(
        item[0] == "bank_transaction" for item in match.members if match.facts[item].side == "left"
    )
    return "over_payment" if has_more_left == bank_is_left else "partial_payment"


def _explanation(match: FixedMatch, difference: int, reason: str) -> str:
    from matching.explain import REASON_WORDS

    sequences = [d.sequence for d in match.decisions]
    named = ", ".join(map(str, sequences))
    return json.dumps(
        {
            "rule": next((d.match_rule_id for d in match.decisions if d.match_rule_id), "by_hand"),
            "rule_description": "decided by a person",
            "evidence": [],
            "decisions": sequences,
            "difference": {
                "amount": f"{amount_of(difference):f}",
                "reason": reason,
                "words": REASON_WORDS.get(reason, reason),
            },
            "runner_up": None,
            "summary": f"Confirmed by a person (decision {named}); see reconciliation.decision_outcomes.",
        },
        ensure_ascii=False,
    )


def _rejected(decision, entities: dict[Item, str], rule_set: str) -> dict:
    """What was rejected, as a row without allocations: it can be looked up, and counts for nothing."""
    sides = {
        side: [item for item, fact in sorted(decision.facts.items()) if fact.side == side]
        for side in ("left", "right")
    }
    total = {side: sum(decision.facts[item].amount for item in found) for side, found in sides.items()}
    turn = -1 if total["left"] * total["right"] < 0 else 1
    members = sorted(decision.facts)
    days = [fact.date for fact in decision.facts.values() if fact.date]
    is_fx = len({fact.currency for fact in decision.facts.values()}) > 1
    difference = 0 if is_fx else total["left"] * turn - total["right"]
    return {
        "match_id": match_id(members),
        "reconciliation": decision.reconciliation,
        "entity_id": entities.get(members[0], decision.entity_id),
        "match_rule_id": decision.match_rule_id or "by_hand",
        "status": "rejected",
        "shape": f"{len(sides['left'])}:{len(sides['right'])}",
        "confidence": amount_of(0),
        "left_count": len(sides["left"]),
        "right_count": len(sides["right"]),
        "left_amount": amount_of(total["left"]),
        "right_amount": amount_of(total["right"]),
        "difference_amount": amount_of(difference),
        "difference_reason": "",
        "written_off_amount": amount_of(0),
        "left_open_amount": amount_of(abs(total["left"])),
        "right_open_amount": amount_of(abs(total["right"])),
        "currency": decision.currency,
        "match_date": _day(max(days)) if days else None,
        "explanation": json.dumps(
            {
                "rule": decision.match_rule_id or "by_hand",
                "rule_description": "rejected by a person",
                "evidence": [],
                "decisions": [decision.sequence],
                "difference": None,
                "runner_up": None,
                "summary": f"Rejected by a person (decision {decision.sequence}); these items are not proposed together again.",
            },
            ensure_ascii=False,
        ),
        "runner_up_confidence": None,
        "margin": None,
        "rule_set_hash": rule_set,
    }


def _positions(positions: pa.Table, matches: list[FixedMatch]) -> pa.Table:
    """Positions with what people fixed; rows keep their order."""
    if not matches:
        return positions
    rows = []
    for match in matches:
        name, settled = match_id(match.members), match.settled()
        for item in match.members:
            rows.append(
                {
                    "reconciliation": match.reconciliation,
                    "item_type": item[0],
                    "item_id": item[1],
                    "fixed_allocated": amount_of(settled[item]),
                    "fixed_written": amount_of(match.written_off.get(item, 0)),
                    "fixed_match": name,
                }
            )
    fixed = pa.Table.from_pylist(
        rows,
        schema=pa.schema(
            [
                ("reconciliation", pa.string()),
                ("item_type", pa.string()),
                ("item_id", pa.string()),
                ("fixed_allocated", pa.decimal128(18, 4)),
                ("fixed_written", pa.decimal128(18, 4)),
                ("fixed_match", pa.string()),
            ]
        ),
    )
    con = duckdb.connect(":memory:")
    try:
        con.register("position", positions)
        con.register("fixed", fixed)
        found = con.execute("""
            select
                reconciliation, side, item_type, item_id, currency, amount,
                cast(coalesce(fixed_allocated, allocated_amount) as decimal(18, 4)) as allocated_amount,
                cast(coalesce(fixed_written, written_off_amount) as decimal(18, 4)) as written_off_amount,
                cast(
                    case when fixed_match is null then open_amount else amount - fixed_allocated - fixed_written end
                    as decimal(18, 4)
                ) as open_amount,
                coalesce(fixed_match, match_id) as match_id,
                case when fixed_match is null then status else 'confirmed' end as status
            from position
            left join fixed using (reconciliation, item_type, item_id)
            order by reconciliation, side, item_type, item_id
        """).to_arrow_table()
        return found.cast(positions.schema)
    finally:
        con.close()


def _settle_write_offs(state: Resolved, positions: pa.Table) -> None:
    """Judge the write-offs on what the engine and people left open; a remainder that is gone contradicts."""
    if not state.write_offs:
        return
    wanted = {decision.document for decision in state.write_offs}
    named = pc.is_in(
        positions.column("item_id"), pa.array(sorted({item[1] for item in wanted if item}), pa.string())
    )
    amounts: dict[Item, int] = {}
    currencies: dict[Item, str] = {}
    open_: dict[Item, int] = {}
    for row in positions.filter(named).to_pylist():
        item = (row["item_type"], row["item_id"])
        amounts[item], currencies[item] = int(row["amount"] * 10_000), row["currency"]
        settled = row["allocated_amount"] + row["written_off_amount"]
        open_.setdefault(item, amounts[item])
        if row["status"] in ("auto", "confirmed"):
            open_[item] -= int(settled * 10_000)
    for decision in state.write_offs:
        item = decision.document
        outcome = Outcome(
            decision.sequence, "applied", "", None, item, decision.currency, abs(decision.amount)
        )
        state.outcomes[decision.sequence] = outcome
        fact = decision.facts.get(item)
        if item not in amounts:
            outcome.message = f"{item[0].replace('_', ' ')} {item[1]} is gone: cancelled or replaced"
        elif fact is None or (amounts[item], currencies[item]) != (fact.amount, fact.currency):
            was = f"{told(fact.amount)} {fact.currency}" if fact else "unknown"
            outcome.message = f"{item[0].replace('_', ' ')} {item[1]} was {was} and is {told(amounts[item])} {currencies[item]}"
        else:
            sign = 1 if amounts[item] >= 0 else -1
            if abs(decision.amount) > sign * open_[item]:
                outcome.message = (
                    f"{told(abs(decision.amount))} of {item[0].replace('_', ' ')} {item[1]} were written off, "
                    f"but only {told(max(sign * open_[item], 0))} are open: it was paid or matched since"
                )
            else:
                open_[item] -= sign * abs(decision.amount)
        if outcome.message:
            outcome.outcome = "contradicted"


def _outcomes(outcomes: dict[int, Outcome]) -> pa.Table:
    rows = [
        {
            "sequence": found.sequence,
            "outcome": found.outcome,
            "message": found.message or None,
            "match_id": found.match_id,
            "item_type": found.item[0] if found.item else None,
            "item_id": found.item[1] if found.item else None,
            "currency": found.currency or None,
            "amount": amount_of(abs(found.amount)),
        }
        for _, found in sorted(outcomes.items())
    ]
    return pa.Table.from_pylist(rows, schema=DECISIONS)
