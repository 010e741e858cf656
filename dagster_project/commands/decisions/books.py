"""What a decision is about: the published matches and items, and what was decided since they were published.

Belongs here: turning what a person typed (a match, an exception, `<type>:<id>`) into items and links, with
near misses named when nothing fits, and telling whether a decision would hold. Does not belong here: what
the decisions do (the modules beside) or mean (`matching.decisions`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from matching import decisions as replay
from matching.decisions import Fact, FixedMatch, Item, Link, Resolved
from matching.result import match_id

from dagster_project.commands.errors import CommandError
from pipelines.company import seed_rows

APPLIED = ("auto", "confirmed")


@dataclass(frozen=True)
class Group:
    """A match that a person points at, as it stands with all decisions so far.

    status: auto, suggested, confirmed or rejected. writes_off: whether its difference counts as settled.
    """

    match_id: str
    reconciliation: str
    entity_id: str
    status: str
    match_rule_id: str
    difference_reason: str
    writes_off: bool
    links: tuple[Link, ...]

    @property
    def items(self) -> list[Item]:
        return sorted({item for link in self.links for item, _ in link.settled})


@dataclass(frozen=True)
class Row:
    """An item in one reconciliation; amounts in ticks, signed from the cash view."""

    item: Item
    reconciliation: str
    side: str
    entity_id: str
    currency: str
    amount: int
    open_amount: int
    day: date | None
    party: str | None
    match_id: str | None
    status: str

    @property
    def fact(self) -> Fact:
        return Fact(self.side, self.amount, self.currency, self.day.isoformat() if self.day else None)

    @property
    def name(self) -> str:
        return f"{self.item[0]}:{self.item[1]}"


class Books:
    """The published state and the log, together."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, entries: Sequence[dict[str, Any]], seeds: Path
    ) -> None:
        self.connection = connection
        self.entries = list(entries)
        self.seeds = seeds
        self._check_version()
        self.run_id, self.as_of_date = self._run()
        self.decisions = replay.parse(map(decision_row, self.entries))
        self.state = self.resolve(self.decisions)

    def _check_version(self) -> None:
        found = self.connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'reconciliation' and table_name = 'match_items'"
        ).fetchone()
        if not found or not found[0]:
            raise CommandError(
                "the published file was made by a version without decisions. Run the job first: tieout run"
            )

    def _run(self) -> tuple[str, date]:
        row = self.connection.execute("select max(run_id) from checks.expectation_results").fetchone()
        assert row is not None and row[0], "a published file carries the results of its checks"
        return row[0], date.fromisoformat(row[0][:10])

    # -- items ---------------------------------------------------------------------------------------

    def rows(self, items: Iterable[Item], reconciliation: str | None = None) -> list[Row]:
        """Every place at which the items can be matched, in a fixed order."""
        wanted = set(items)
        found = self.connection.execute(
            """
            select item_type, item_id, reconciliation, side, entity_id, currency, amount, open_amount, item_date,
                party_name, match_id, status
            from reconciliation.match_items
            where item_id in (select unnest($ids)) and ($reconciliation is null or reconciliation = $reconciliation)
            order by reconciliation, side, item_type, item_id
            """,
            {"ids": sorted({name for _, name in wanted}), "reconciliation": reconciliation},
        ).fetchall()
        return [
            Row(
                (row[0], row[1]), row[2], row[3], row[4] or "", row[5], replay.ticks(row[6]),
                replay.ticks(row[7]), row[8], row[9], row[10], row[11],
            )
            for row in found
            if (row[0], row[1]) in wanted
        ]  # fmt: skip

    def item(self, text: str) -> Item:
        """`<type>:<id>`, or an id alone where only one thing has it. Raises CommandError, with near misses."""
        kind, _, name = text.partition(":")
        found = self.connection.execute(
            """
            select distinct item_type, item_id from reconciliation.match_items
            where item_id = $text or (item_type = $kind and item_id = $name)
            order by all
            """,
            {"text": text, "kind": kind, "name": name},
        ).fetchall()
        exact = [row for row in found if row == (kind, name)]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if found:
            listed = ", ".join(f"{one}:{other}" for one, other in found)
            raise CommandError(f"'{text}' is the id of several things; say which one: {listed}")
        raise CommandError(f"nothing that can be matched has the id '{text}'.{self._near(text)}")

    def _near(self, text: str) -> str:
        name = text.rpartition(":")[2] if text.count(":") > 1 else text
        rows = self.connection.execute(
            """
            with known as (
                select distinct item_type || ':' || item_id as name, item_id as id from reconciliation.match_items
                union all
                select match_id, match_id from reconciliation.matches
            )
            select name from known
            order by greatest(
                jaro_winkler_similarity(name, $text), jaro_winkler_similarity(id, $text),
                jaro_winkler_similarity(split_part(id, ':', -1), $name)
            ) desc, name
            limit 5
            """,
            {"text": text, "name": name},
        ).fetchall()
        listed = "\n".join(f"  {row[0]}" for row in rows)
        return (
            f" Nearest:\n{listed}"
            if rows
            else " Nothing can be matched in the published file."
        )  # fmt: skip

    # -- matches -------------------------------------------------------------------------------------

    def group(self, text: str) -> Group | None:
        """The match that `text` names: its own id, or an exception whose document it holds; else None."""
        fixed = {match_id(match.members): match for match in self.state.matches}
        if text in fixed:
            return self._of_fixed(fixed[text])
        known = self.connection.execute(
            "select 1 from reconciliation.matches where match_id = ?", [text]
        ).fetchone()
        if known:
            return self._published(text)
        exception = self.exception(text)
        if exception is None:
            return None
        item = (exception["document_type"], exception["document_id"])
        for match in self.state.matches:
            if item in match.members:
                return self._of_fixed(match)
        ids = [row.match_id for row in self.rows([item]) if row.match_id]
        if not ids:
            raise CommandError(
                f"exception {exception['exception_id'][:8]} is about {item[0]} {item[1]}, which is in no match. "
                "Name the items that belong together: tieout match accept TYPE:ID TYPE:ID --reason ..."
            )
        return self._published(ids[0])

    def exception(self, text: str) -> dict[str, Any] | None:
        """An exception by its id or the beginning of it (at least 6 characters); None when it is none."""
        if len(text) < 6 or not all(character in "0123456789abcdef" for character in text):
            return None
        cursor = self.connection.execute(
            "select * from reconciliation.exceptions where starts_with(exception_id, ?) order by exception_id",
            [text],
        )
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        if len(found) > 1:
            raise CommandError(f"{len(found)} exceptions begin with '{text}'; give more of the id.")
        return found[0] if found else None

    def _published(self, name: str) -> Group:
        row = self.connection.execute(
            """
            select reconciliation, entity_id, status, match_rule_id, coalesce(difference_reason, ''),
                written_off_amount, currency
            from reconciliation.matches where match_id = ?
            """,
            [name],
        ).fetchone()
        assert row is not None
        reconciliation, entity, status, rule, reason, written, currency = row
        pairs = self.connection.execute(
            """
            select left_type, left_id, right_type, right_id, allocated_amount
            from reconciliation.match_allocations where match_id = ? order by all
            """,
            [name],
        ).fetchall()
        items = {(pair[at], pair[at + 1]) for pair in pairs for at in (0, 2) if pair[at]}
        if moved := items & self.state.taken:
            for match in self.state.matches:
                if match_id(match.members) == name:
                    return self._of_fixed(match)
            told = ", ".join(f"{kind} {name_}" for kind, name_ in sorted(moved))
            raise CommandError(
                f"{name} is as the last run published it; {told} have been given to another match by a decision "
                "since. Run the job to see the matches as they are now: tieout run"
            )
        links = published_links(pairs, {row.item: row for row in self.rows(items, reconciliation)}, currency)
        links = tuple(link for link in links if link.key not in self.state.barred)
        return Group(name, reconciliation, entity, status, rule, reason, written != 0, links)

    def _of_fixed(self, match: FixedMatch) -> Group:
        last = match.decisions[-1]
        return Group(
            match_id(match.members), match.reconciliation, last.entity_id, "confirmed",
            next((d.match_rule_id for d in match.decisions if d.match_rule_id), ""),
            next((d.difference_reason for d in match.decisions if d.difference_reason), ""),
            bool(match.written_off), tuple(link for _, link in match.links),
        )  # fmt: skip

    # -- judging -------------------------------------------------------------------------------------

    def resolve(self, decisions: list[replay.Decision]) -> Resolved:
        """What the decisions come to on the published items; the same code that the run uses."""
        named = {item for d in decisions for item in (*d.facts, *([d.document] if d.document else []))}
        items = self.connection.execute(
            """
            select reconciliation, side, item_type, item_id, currency, amount, item_date
            from reconciliation.match_items where item_id in (select unnest(?))
            """,
            [sorted({name for _, name in named})],
        ).to_arrow_table()
        return replay.resolve(decisions, items, self._periods())

    def _periods(self) -> pa.Table:
        rows = [
            {
                "entity_id": row["entity_id"],
                "start_date": date.fromisoformat(row["start_date"]),
                "end_date": date.fromisoformat(row["end_date"]),
                "status": row["status"],
                "closed_date": date.fromisoformat(row["closed_date"]) if row["closed_date"] else None,
            }
            for row in seed_rows(self.seeds / "periods.csv")
        ]
        schema = pa.schema(
            [
                ("entity_id", pa.string()),
                ("start_date", pa.date32()),
                ("end_date", pa.date32()),
                ("status", pa.string()),
                ("closed_date", pa.date32()),
            ]
        )
        return pa.Table.from_pylist(rows, schema=schema)

    def judge(self, entry: dict[str, Any], now: datetime) -> Resolved:
        """The state with the entry added. Raises CommandError when the entry would not hold."""
        sequence = max((d.sequence for d in self.decisions), default=0) + 1
        line = {**entry, "sequence": sequence, "recorded_at": now.isoformat()}
        state = self.resolve([*self.decisions, *replay.parse([decision_row(line)])])
        outcome = state.outcomes[sequence]
        if outcome.outcome == "closed_period":
            raise CommandError(
                f"refused: {outcome.message}. Correct it in an open period, or open the period again in periods.csv."
            )
        if outcome.outcome in ("conflict", "contradicted"):
            raise CommandError(
                f"refused: {outcome.message}. Undo what holds it first (tieout match unmatch), or decide on the "
                "items as they are."
            )
        return state

    def used_by_people(self, item: Item) -> int:
        """What links of people already take from an item, in ticks, signed like it."""
        return sum(match.settled().get(item, 0) for match in self.state.matches)

    def written_off_since(self, item: Item) -> int:
        """Write-offs that no run has applied yet, in ticks, positive."""
        applied = {
            row[0]
            for row in self.connection.execute(
                "select decision_id from reconciliation.decision_outcomes where action = 'write_off' and outcome = 'applied'"
            ).fetchall()
        }
        return sum(
            abs(d.amount)
            for d in self.state.write_offs
            if d.document == item and f"decisions:{d.sequence}" not in applied
        )


def published_links(pairs: Sequence[tuple], rows: dict[Item, Row], currency: str) -> tuple[Link, ...]:
    """Published allocations as links that say what each item gives, signed like the item.

    The amounts of an allocation point the way of their match (a credit note among invoices is negative);
    a pair in two currencies settles both items whole.
    """
    total = {"left": 0, "right": 0}
    for row in rows.values():
        total[row.side] += row.amount
    way = {side: 1 if amount >= 0 else -1 for side, amount in total.items()}
    found = []
    for left_type, left_id, right_type, right_id, amount in pairs:
        left = (left_type, left_id) if left_id else None
        right = (right_type, right_id) if right_id else None
        ticks = replay.ticks(amount)
        given = []
        for item, side in ((left, "left"), (right, "right")):
            if item is None:
                given.append(0)
            elif left is None or right is None or is_converted(rows, left, right):
                given.append(rows[item].amount)
            else:
                given.append(ticks * way[side])
        found.append(Link(left, right, ticks, given[0], given[1], currency))
    return tuple(found)


def is_converted(rows: dict[Item, Row], left: Item, right: Item) -> bool:
    return rows[left].currency != rows[right].currency


def decision_row(entry: dict[str, Any]) -> dict[str, Any]:
    """A line of the log as the replay reads it: what staging and int_decisions make of it, for one line."""
    known = datetime.fromisoformat(entry["recorded_at"]).date()
    effective = date.fromisoformat(entry["effective_date"])
    return {
        **entry,
        "effective_date": effective,
        "known_date": max(known, effective),
        **{name: json.dumps(entry.get(name, [])) for name in ("items", "links", "removed")},
    }


def text_of(ticks: int) -> str:
    """An amount for the log: exact, without empty decimals behind the second."""
    text = f"{replay.amount_of(ticks):f}"
    return text[:-2] if text.endswith("00") else text


def money(ticks: int, currency: str) -> str:
    amount = Decimal(text_of(ticks))
    return f"{amount:,f} {currency}"
