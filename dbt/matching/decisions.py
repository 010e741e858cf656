"""What people decided, replayed: which links hold, which pairs never meet again, what is written off.

A pure function of the decisions in their order, the items as they are now and the closed periods: replaying
the first n decisions rebuilds the state after the n-th. Nothing here searches or scores; the engine is told
which rows are taken and which pairs are barred (`hold`), decides on the rest, and `publish` adds what people
fixed to its result.

    accept      its links hold; a bar between the two is lifted
    reject      every pair across the two sides of what was rejected is barred, alone and inside groups
    unmatch     a pair is undone and barred; the other links of its group are recorded too and hold
    split       like unmatch, for all pairs between the items taken out and those that stay
    write_off   a remainder counts as settled as long as it is open

Matches are the connected components of the links that hold, so undoing one link leaves the others.

Conservation: a link is only taken while its items are what they were when it was decided (amount,
currency), and while no item gives more than it has; the earlier decision has the money. What fails that is
not applied and not forgotten: its outcome is `contradicted`, `conflict` or `closed_period`, and an
exception tells it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from matching.items import TICKS

Item = tuple[str, str]  # (item_type, item_id)
Pair = tuple[Item, Item]

MOVES = ("accept", "reject", "unmatch", "split")

#: Columns that `resolve` reads; others are ignored.
COLUMNS = (
    "sequence",
    "action",
    "known_date",
    "effective_date",
    "entity_id",
    "reconciliation",
    "match_rule_id",
    "document_type",
    "document_id",
    "undoes",
    "currency",
    "amount",
    "difference_reason",
    "changes_postings",
    "items",
    "links",
    "removed",
)


def ticks(amount: object) -> int:
    """An exact amount in 1/10000 of its unit. Raises ValueError for what has more decimals."""
    scaled = Decimal(str(amount)) * TICKS
    if scaled != int(scaled):
        raise ValueError(f"{amount}: more than 4 decimals")
    return int(scaled)


def amount_of(value: int) -> Decimal:
    return (Decimal(value) / TICKS).quantize(Decimal("0.0001"))


def pair(one: Item, other: Item) -> Pair:
    """The same whichever comes first: who stands left is a matter of the reconciliation."""
    return (one, other) if one <= other else (other, one)


@dataclass(frozen=True)
class Fact:
    """An item as it was when something was decided about it. amount in ticks, signed as the item is."""

    side: str
    amount: int
    currency: str
    date: str | None = None
    written_off: int = 0


@dataclass(frozen=True)
class Link:
    """Two items that belong together, or one that cancels out with others of its side (partner None).

    amount: as published, in the currency of the link. settled: what each item gives, signed like the item.
    """

    left: Item | None
    right: Item | None
    amount: int
    left_settled: int
    right_settled: int
    currency: str

    @property
    def key(self) -> Pair:
        nobody = ("", "")
        return pair(self.left or nobody, self.right or nobody)

    @property
    def settled(self) -> list[tuple[Item, int]]:
        sides = ((self.left, self.left_settled), (self.right, self.right_settled))
        return [(item, amount) for item, amount in sides if item is not None]


@dataclass(frozen=True)
class Decision:
    """One line of the log, parsed."""

    sequence: int
    action: str
    known_date: date | None
    effective_date: date | None
    entity_id: str
    reconciliation: str
    match_rule_id: str
    document: Item | None
    undoes: int | None
    currency: str
    amount: int
    difference_reason: str
    changes_postings: bool
    facts: dict[Item, Fact]
    links: tuple[Link, ...]
    removed: tuple[Pair, ...]


@dataclass
class Outcome:
    """What came of a decision.

    outcome: applied, undone (a later decision took it back), noted (nothing to apply), or why it is not
    applied: contradicted, conflict, closed_period. amount: the money that it moves, or would have moved.
    """

    sequence: int
    outcome: str
    message: str = ""
    match_id: str | None = None
    item: Item | None = None
    currency: str = ""
    amount: int = 0


@dataclass
class FixedMatch:
    """A group that people made. written_off: per item, signed like the item."""

    reconciliation: str
    links: list[tuple[int, Link]]
    facts: dict[Item, Fact]
    written_off: dict[Item, int]
    decisions: list[Decision]

    @property
    def members(self) -> list[Item]:
        return sorted({item for _, link in self.links for item, _ in link.settled})

    def settled(self) -> dict[Item, int]:
        total: dict[Item, int] = defaultdict(int)
        for _, link in self.links:
            for item, amount in link.settled:
                total[item] += amount
        return total


@dataclass
class Resolved:
    """The state after all decisions: what the engine may not touch, and what came of each."""

    matches: list[FixedMatch] = field(default_factory=list)
    barred: set[Pair] = field(default_factory=set)
    rejected: list[Decision] = field(default_factory=list)
    write_offs: list[Decision] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    @property
    def taken(self) -> set[Item]:
        return {item for match in self.matches for item in match.members}


def parse(rows: Iterable[dict]) -> list[Decision]:
    """Decisions in the order of the log. Raises ValueError, naming the line, for one that makes no sense."""
    found = []
    for row in sorted(rows, key=lambda row: row["sequence"]):
        try:
            found.append(_parse(row))
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise ValueError(
                f"decision {row['sequence']} ({row['action']}): items, links or amounts cannot be read: {error!r}"
            ) from error
    return found


def _parse(row: dict) -> Decision:
    items, links, removed = (json.loads(row.get(name) or "[]") for name in ("items", "links", "removed"))
    facts = {
        (item["type"], item["id"]): Fact(
            item["side"],
            ticks(item["amount"]),
            item["currency"],
            item.get("date"),
            ticks(item.get("written_off", 0)),
        )
        for item in items
    }
    document = (row["document_type"], row["document_id"]) if row.get("document_id") else None
    return Decision(
        sequence=row["sequence"],
        action=row["action"],
        known_date=row.get("known_date"),
        effective_date=row.get("effective_date"),
        entity_id=row.get("entity_id") or "",
        reconciliation=row.get("reconciliation") or "",
        match_rule_id=row.get("match_rule_id") or "",
        document=document,
        undoes=row.get("undoes"),
        currency=row.get("currency") or "",
        amount=ticks(row["amount"]) if row.get("amount") is not None else 0,
        difference_reason=row.get("difference_reason") or "",
        changes_postings=row.get("changes_postings") is not False,
        facts=facts,
        links=tuple(
            Link(
                tuple(link["left"]) if link.get("left") else None,
                tuple(link["right"]) if link.get("right") else None,
                ticks(link["amount"]),
                ticks(link["left_settled"]),
                ticks(link["right_settled"]),
                link["currency"],
            )
            for link in links
        ),
        removed=tuple(pair(tuple(one), tuple(other)) for one, other in removed),
    )


@dataclass(frozen=True)
class _Now:
    """The named items as they are now, per reconciliation and item: (side, amount, currency, date)."""

    rows: dict[tuple[str, Item], tuple[str, int, str, date | None]]
    days: dict[Item, date | None]

    def find(self, reconciliation: str, item: Item):
        return self.rows.get((reconciliation, item))

    def day(self, item: Item, fact: Fact) -> date | None:
        """Its day as it is now, or as it was when it was decided about, for an item that is gone."""
        if item in self.days:
            return self.days[item]
        return date.fromisoformat(fact.date) if fact.date else None


def _now(items: pa.Table, decisions: list[Decision]) -> _Now:
    """Only the rows that a decision names: the others are the engine's, a million of them perhaps."""
    named = sorted({item[1] for d in decisions for item in (*d.facts, *([d.document] if d.document else []))})
    rows = items.filter(pc.is_in(items.column("item_id"), pa.array(named, pa.string()))).select(
        ["reconciliation", "side", "item_type", "item_id", "currency", "amount", "item_date"]
    )
    found = {
        (row["reconciliation"], (row["item_type"], row["item_id"])): (
            row["side"],
            ticks(row["amount"] or 0),
            row["currency"],
            row["item_date"],
        )
        for row in rows.to_pylist()
    }
    return _Now(found, {item: row[3] for (_, item), row in found.items()})


def resolve(decisions: list[Decision], items: pa.Table, periods: pa.Table | None = None) -> Resolved:
    """Replay the decisions on the items as they are now.

    items: the relation of the engine (items.COLUMNS). periods: entity_id, start_date, end_date, status,
    closed_date; None when no period can be closed.
    """
    now = _now(items, decisions)
    closed: dict[str, list[dict]] = defaultdict(list)
    for row in periods.to_pylist() if periods is not None else []:
        if row["status"] == "closed":
            closed[row["entity_id"]].append(row)
    state = Resolved()
    live: dict[tuple[int, Pair], Link] = {}
    by_pair: dict[Pair, int] = {}
    rejects: dict[int, Decision] = {}
    writes: dict[int, Decision] = {}

    offsets = [
        (decision.sequence, [link for link in decision.links if link.left is None or link.right is None])
        for decision in decisions
    ]
    offsets = [(sequence, links) for sequence, links in offsets if links]

    def drop(undone: Pair) -> None:
        if (sequence := by_pair.pop(undone, None)) is not None:
            live.pop((sequence, undone))
        # Items of one side that cancel each other have no link between them: the group falls as a whole.
        for sequence, links in offsets:
            if set(undone) <= {item for link in links for item, _ in link.settled}:
                for link in links:
                    if by_pair.get(link.key) == sequence:
                        by_pair.pop(link.key)
                        live.pop((sequence, link.key))

    for decision in decisions:
        if (period := _closed_period(decision, now, closed)) is not None:
            state.outcomes[decision.sequence] = Outcome(
                decision.sequence, "closed_period", period, None, decision.document, decision.currency,
                decision.amount,
            )  # fmt: skip
            continue
        for undone in decision.removed:
            drop(undone)
            state.barred.add(undone)
        for link in decision.links:
            if (earlier := by_pair.get(link.key)) is not None:
                live.pop((earlier, link.key))
            by_pair[link.key] = decision.sequence
            live[decision.sequence, link.key] = link
            state.barred.discard(link.key)
        if decision.action == "reject":
            rejects[decision.sequence] = decision
        if decision.action == "write_off":
            writes[decision.sequence] = decision
        if decision.undoes is not None and (taken_back := writes.pop(decision.undoes, None)):
            state.outcomes[taken_back.sequence] = Outcome(
                taken_back.sequence, "undone", f"taken back by decision {decision.sequence}", None,
                taken_back.document, taken_back.currency, taken_back.amount,
            )  # fmt: skip
    _apply_links(state, [d for d in decisions if d.sequence not in state.outcomes], live, now)
    state.rejected = [d for d in rejects.values() if set(d.removed) <= state.barred]
    state.write_offs = list(writes.values())
    for decision in decisions:
        state.outcomes.setdefault(decision.sequence, _unlinked(decision, state))
    return state


def _unlinked(decision: Decision, state: Resolved) -> Outcome:
    """Outcome of a decision without links; write-offs are judged after the engine (`settle_write_offs`)."""
    if decision.removed:
        kept = [barred for barred in decision.removed if barred in state.barred]
        outcome = "applied" if kept else "undone"
        message = "" if kept else "a later decision accepted what it had taken apart"
    else:
        outcome, message = ("applied" if decision.undoes is not None else "noted"), ""
    return Outcome(
        decision.sequence, outcome, message, None, decision.document, decision.currency, decision.amount
    )


def _closed_period(decision: Decision, now: _Now, closed: dict[str, list[dict]]) -> str | None:
    """Which closed period the decision would change, in words; None when none.

    A closed period refuses what became known after it closed (DECISIONS 14). A match is posted on the day
    of its bank line, a write-off on the day of the books in which it was decided.
    """
    if not decision.changes_postings or not closed:
        return None
    days: list[tuple[date, str]] = []
    if decision.action in MOVES:
        for item, fact in decision.facts.items():
            day = now.day(item, fact) if item[0] == "bank_transaction" else None
            if day is not None:
                days.append((day, f"bank line {item[1]} of {day}"))
    if (decision.action == "write_off" or decision.undoes is not None) and decision.effective_date:
        days.append((decision.effective_date, f"the write-off of {decision.effective_date}"))
    for day, what in days:
        for period in closed.get(decision.entity_id, ()):
            is_late = (
                period["closed_date"] is None
                or decision.known_date is None
                or decision.known_date > period["closed_date"]
            )
            if is_late and period["start_date"] <= day <= period["end_date"]:
                return (
                    f"{what} lies in a period of {decision.entity_id} that is closed since "
                    f"{period['closed_date'] or 'an unknown day'}; the decision was taken on {decision.known_date}"
                )
    return None


def _apply_links(
    state: Resolved, decisions: list[Decision], live: dict[tuple[int, Pair], Link], now: _Now
) -> None:
    """Take the links that hold, in the order of the log; the earlier decision has the money."""
    spent: dict[Item, int] = defaultdict(int)
    home: dict[Item, str] = {}
    taken: list[tuple[Decision, Link]] = []
    kept_write_offs: dict[int, dict[Item, int]] = {}
    for decision in decisions:
        if not decision.links:
            continue
        mine = [
            live[decision.sequence, link.key]
            for link in decision.links
            if (decision.sequence, link.key) in live
        ]
        money = sum(abs(link.amount) for link in mine)
        outcome = Outcome(
            decision.sequence, "applied", "", None, None, decision.currency, money or decision.amount
        )
        state.outcomes[decision.sequence] = outcome
        if not mine:
            outcome.outcome, outcome.message = "undone", "a later decision took it back or replaced it"
            continue
        good, wrong = [], []
        for link in mine:
            problems = [
                problem
                for item, _ in link.settled
                if (problem := _contradiction(decision, item, now)) is not None
            ]
            (wrong if problems else good).append((link, problems))
        held = [link for link, _ in good]
        written = {item: fact.written_off for item, fact in decision.facts.items() if fact.written_off}
        if len(held) < len(decision.links):
            # A difference was agreed for the whole group; of a part of it nobody said anything.
            written = {}
        clash = _clash(decision, held, written, spent, home, now)
        if clash:
            outcome.outcome, outcome.message = "conflict", clash
            continue
        for link in held:
            for item, amount in link.settled:
                spent[item] += amount
                home[item] = decision.reconciliation
            taken.append((decision, link))
        for item, amount in written.items():
            spent[item] += amount
        kept_write_offs[decision.sequence] = written
        if wrong:
            causes = sorted({problem for _, problems in wrong for problem in problems})
            outcome.outcome, outcome.message = "contradicted", "; ".join(causes)
            outcome.amount = sum(abs(link.amount) for link, _ in wrong)
    state.matches = _components(taken, kept_write_offs)


def _contradiction(decision: Decision, item: Item, now: _Now) -> str | None:
    """How the item differs from what it was when it was decided about, in words."""
    fact, row = decision.facts.get(item), now.find(decision.reconciliation, item)
    name = f"{item[0].replace('_', ' ')} {item[1]}"
    if fact is None:
        return f"{name} is not described in the decision"
    if row is None:
        return f"{name} is gone: cancelled, replaced, or no item of {decision.reconciliation} any more"
    side, amount, currency, _ = row
    if side != fact.side:
        return f"{name} changed its side"
    if amount != fact.amount or currency != fact.currency:
        return f"{name} was {told(fact.amount)} {fact.currency} and is {told(amount)} {currency}"
    return None


def told(amount: int) -> str:
    """An amount for a person: two decimals, more only where they are not zero."""
    text = f"{amount_of(amount):f}"
    return text[:-2] if text.endswith("00") else text


def _clash(
    decision: Decision,
    links: list[Link],
    written: dict[Item, int],
    spent: dict[Item, int],
    home: dict[Item, str],
    now: _Now,
) -> str | None:
    """Why the links cannot all be taken: some item would give more than it has. None when they can."""
    more: dict[Item, int] = defaultdict(int)
    for link in links:
        for item, amount in link.settled:
            more[item] += amount
    for item, amount in written.items():
        more[item] += amount
    for item in sorted(more):
        name = f"{item[0].replace('_', ' ')} {item[1]}"
        if home.get(item, decision.reconciliation) != decision.reconciliation:
            return f"{name} was given to {home[item]} by an earlier decision"
        has = now.find(decision.reconciliation, item)[1]
        total = spent[item] + more[item]
        if not 0 <= (total if has >= 0 else -total) <= abs(has):
            before = f", of which earlier decisions use {told(abs(spent[item]))}" if spent[item] else ""
            return f"{name} has {told(abs(has))}{before}; {told(abs(more[item]))} more cannot come from it"
    return None


def _components(taken: list[tuple[Decision, Link]], written: dict[int, dict[Item, int]]) -> list[FixedMatch]:
    """Groups of items that are joined by links."""
    parent: dict[Item, Item] = {}

    def root(item: Item) -> Item:
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    first_alone: dict[int, Item] = {}
    for decision, link in taken:
        ends = [item for item, _ in link.settled]
        if len(ends) == 1:
            ends.append(first_alone.setdefault(decision.sequence, ends[0]))
        one, other = sorted((root(ends[0]), root(ends[1])))
        parent[other] = one
    groups: dict[Item, FixedMatch] = {}
    for decision, link in taken:
        place = root(link.settled[0][0])
        group = groups.setdefault(place, FixedMatch(decision.reconciliation, [], {}, {}, []))
        group.links.append((decision.sequence, link))
        for item, _ in link.settled:
            group.facts[item] = decision.facts[item]
            if amount := written.get(decision.sequence, {}).pop(item, 0):
                group.written_off[item] = group.written_off.get(item, 0) + amount
        if decision not in group.decisions:
            group.decisions.append(decision)
    return [groups[place] for place in sorted(groups)]
