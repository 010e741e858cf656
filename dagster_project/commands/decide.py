"""`tieout match accept`, `reject`, `unmatch`, `split`, `write-off`, `assign`, `comment`.

Belongs here: what each of them writes into the log, and what it shows before it does. A decision is judged
by the code that the run uses (`matching.decisions`), on the published items and the whole log, while the log
is held: two people cannot give away the same money. It takes effect with the next run.
"""

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from matching import decisions as replay
from matching.decisions import Item, Link, pair
from matching.result import allocate, match_id

from dagster_project.commands.decision_books import (
    APPLIED,
    Books,
    Group,
    Row,
    money,
    text_of,
)
from dagster_project.commands.errors import CommandError
from dagster_project.commands.published import published
from pipelines.company import seed_rows
from pipelines.decisions import log
from pipelines.decisions.log import DecisionLogError
from pipelines.hash_chain import Head
from pipelines.settings import settings

Entry = dict[str, Any]

WRITE_OFF_TYPES = ("invoice", "credit_note", "bill", "vendor_credit_note", "bank_transaction")


@dataclass(frozen=True)
class Person:
    """Who decides and why. user: None for the login."""

    reason: str
    user: str | None = None
    is_dry_run: bool = False


@dataclass(frozen=True)
class Proposal:
    """A decision before it is taken: its entry in the log, and what it changes, in lines for a person."""

    entry: Entry
    shown: list[str]


def decide(build: Callable[[Books], Proposal], person: Person) -> None:
    """Show what a decision changes, and take it. Raises CommandError when it cannot be taken."""
    if not person.reason.strip():
        raise CommandError("a decision needs a reason: --reason '...'. An auditor will ask for it.")
    place = settings()
    login = login_name()
    with published() as connection, log.deciding(place.landing) as path:
        try:
            if not person.is_dry_run:
                log.repair(path, say=lambda told: print(told, file=sys.stderr))
            entries = known_entries(connection, path)
        except DecisionLogError as error:
            raise CommandError(str(error)) from error
        books = Books(connection, entries, place.seeds)
        proposal = build(books)
        entry = {
            **{name: value for name, value in proposal.entry.items() if value not in (None, [], "")},
            "decided_by": person.user or login,
            "os_user": login,
            "reason": person.reason.strip(),
            "effective_date": books.as_of_date.isoformat(),
            "run_id": books.run_id,
        }
        now = datetime.now(UTC)
        books.judge(entry, now)
        for line in proposal.shown:
            print(line)
        if person.is_dry_run:
            print("Nothing was written (--dry-run).")
            return
        try:
            written = log.record(path, entry, now=now)
        except DecisionLogError as error:
            raise CommandError(str(error)) from error
        print(
            f"decisions:{written['sequence']} is in the log, by {entry['decided_by']}, in the books as of "
            f"{books.as_of_date}. It takes effect with the next run: tieout run"
        )


def login_name() -> str:
    """The login; in a container without one, the number of the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid:{os.getuid()}"


def known_entries(connection: Any, path: Any) -> list[Entry]:
    """The log, proven against itself and against the lines that the published file was made from."""
    row = connection.execute(
        "select sequence, hash from canonical.decisions order by sequence desc limit 1"
    ).fetchone()
    problems = log.verify(path, Head(row[0], row[1]) if row else None)
    if problems:
        told = "\n".join(f"  {f'line {p.line}: ' if p.line else ''}{p.message}" for p in problems[:10])
        raise DecisionLogError(
            f"{path} is not the log that was written:\n{told}\n"
            "Nothing was decided. Put back the copy of your backup; decisions are not edited, but taken back by "
            "new ones (tieout match unmatch)."
        )
    return log.entries(path)


# -- what each command writes ------------------------------------------------------------------------


def accept(books: Books, targets: Sequence[str], amount: str | None, reconciliation: str | None) -> Proposal:
    """Confirm a match that was proposed, or make one of items that exist."""
    group = books.group(targets[0]) if len(targets) == 1 else None
    if group is None:
        if len(targets) == 1:
            books.item(targets[0])  # says what is near when it is nothing at all
            raise CommandError(
                f"'{targets[0]}' is one item. Name the items of both sides that belong together, or a match."
            )
        return _accept_items(books, [books.item(text) for text in targets], amount, reconciliation)
    if amount is not None:
        raise CommandError("--amount is for two items named one by one; a match has its amounts.")
    if group.status == "confirmed":
        raise CommandError(f"{group.match_id} is confirmed already.")
    if group.status == "rejected" or not group.links:
        raise CommandError(
            f"{group.match_id} was rejected or taken apart. Name its items to make it after all: "
            "tieout match accept TYPE:ID TYPE:ID --reason ..."
        )
    rows = _rows(books, group)
    settled = _settled(group.links)
    written = {
        item: row.amount - settled[item] if group.writes_off else 0 for item, row in rows.items()
    }  # fmt: skip
    shown = [f"Confirms {group.match_id}, {group.status} by rule {group.match_rule_id}:"]
    shown += _told_links(group.links, rows)
    for item, rest in written.items():
        if rest:
            shown.append(
                f"  {money(abs(rest), rows[item].currency)} of {rows[item].name} are settled as {group.difference_reason.replace('_', ' ')}"
            )
    entry = _entry(
        "accept", group.reconciliation, group.entity_id, group.match_id, group.links, rows,
        match_rule_id=group.match_rule_id, difference_reason=group.difference_reason if any(written.values()) else None,
        changes_postings=group.status not in APPLIED, written=written,
    )  # fmt: skip
    return Proposal(entry, shown)


def _accept_items(
    books: Books, items: list[Item], amount: str | None, reconciliation: str | None
) -> Proposal:
    rows = _one_reconciliation(books, items, reconciliation)
    sides = {
        side: [rows[item] for item in sorted(rows) if rows[item].side == side] for side in ("left", "right")
    }
    rests = {item: _rest(books, row) for item, row in rows.items()}
    for item, rest in rests.items():
        if rest == 0:
            raise CommandError(
                f"{rows[item].name} has nothing left: all of its {money(abs(rows[item].amount), rows[item].currency)} "
                "are settled by decisions. Undo one first: tieout match unmatch"
            )
    links = _links(sides["left"], sides["right"], rests, amount)
    displaced = _displaced(books, set(rows), links)
    shown = ["Makes a match of:"]
    shown += _told_links(links, rows)
    settled = _settled(links)
    for item, row in sorted(rows.items()):
        rest = rests[item] - settled[item]
        if rest:
            shown.append(
                f"  {money(abs(rest), row.currency)} of {row.name} stay open (settle them with: tieout match write-off)"
            )
    facts = dict(rows)
    for name, status, more in displaced:
        shown.append(f"  {name} ({status}) is given up, for it used the same money")
        if status == "auto":
            facts.update({row.item: row for row in more})
    first = next(iter(rows.values()))
    entry = _entry(
        "accept", first.reconciliation, first.entity_id, match_id(sorted(rows)), links, facts
    )  # fmt: skip
    return Proposal(entry, shown)


def reject(books: Books, targets: Sequence[str]) -> Proposal:
    """Bar what was proposed: its items are not proposed together again, alone or inside a group."""
    group = books.group(targets[0]) if len(targets) == 1 else None
    if group is not None:
        if group.status == "rejected" or not group.links:
            raise CommandError(f"{group.match_id} was rejected or taken apart already.")
        rows, name, status = _rows(books, group), group.match_id, group.status
    else:
        items = [books.item(text) for text in targets]
        if len(items) < 2:
            raise CommandError(f"'{targets[0]}' is one item; name a match, an exception, or two items.")
        rows = _one_reconciliation(books, items, None)
        name, status = match_id(sorted(rows)), _status_between(books, rows)
    removed = _across(rows)
    first = next(iter(rows.values()))
    shown = [f"Rejects {name} ({status}): none of these pairs is proposed again"]
    shown += [f"  {one[0]}:{one[1]}  with  {other[0]}:{other[1]}" for one, other in removed]
    entry = _entry(
        "reject", first.reconciliation, first.entity_id, name, (), rows, removed=removed,
        match_rule_id=group.match_rule_id if group else None, changes_postings=status in APPLIED,
    )  # fmt: skip
    return Proposal(entry, shown)


def unmatch(books: Books, targets: Sequence[str]) -> Proposal:
    """Undo a match, one link of it, or a write-off; the other links stay."""
    if len(targets) == 1 and targets[0].startswith("decisions:"):
        return _take_back(books, targets[0])
    if len(targets) == 1:
        group = books.group(targets[0])
        if group is None:
            books.item(targets[0])
            raise CommandError(
                f"'{targets[0]}' is one item; name a match, or the two items of the link to undo."
            )
        undone = list(group.links)
    else:
        ends = [books.item(text) for text in targets]
        if len(ends) != 2:
            raise CommandError(
                "name a match, or the two items of one link; several links: one command for each."
            )
        group = _group_of(books, ends[0], ends[1])
        undone = [link for link in group.links if link.key == pair(*ends)]
        if not undone:
            raise CommandError(
                f"{targets[0]} and {targets[1]} are both in {group.match_id}, but no money goes from one to the other. "
                f"Take one of them out: tieout match split {group.match_id} {targets[1]} --reason ..."
            )
    _must_be_applied(group)
    return _take_apart(books, "unmatch", group, [link for link in group.links if link not in undone])


def split(books: Books, target: str, texts: Sequence[str]) -> Proposal:
    """Take items out of a group, into a group of their own where they belong to each other."""
    group = books.group(target)
    if group is None:
        raise CommandError(f"'{target}' is no match and no exception of one.")
    _must_be_applied(group)
    out = {books.item(text) for text in texts}
    if strangers := out - set(group.items):
        kind, name = sorted(strangers)[0]
        held = ", ".join(f"{kind}:{name}" for kind, name in group.items)
        raise CommandError(f"{kind}:{name} is not in {group.match_id}. It holds: {held}")
    kept = [
        link for link in group.links if all(i in out for i, _ in link.settled) or not any(i in out for i, _ in link.settled)
    ]  # fmt: skip
    if len(kept) == len(group.links):
        raise CommandError(
            f"nothing to split: no link of {group.match_id} goes from these items to the rest."
        )
    return _take_apart(books, "split", group, kept)


def write_off(books: Books, target: str, amount: str | None, why: str, user: str | None) -> Proposal:
    """Settle what is open of a document or bank line without money, within the limits of the seed."""
    item = books.item(target)
    if item[0] not in WRITE_OFF_TYPES:
        raise CommandError(
            f"{item[0]} {item[1]} cannot be written off here; that is for {', '.join(WRITE_OFF_TYPES)}."
        )
    row = min(books.rows([item]), key=lambda row: (row.status not in APPLIED, row.reconciliation))
    rest = min(abs(_open(books, row)), _open_in_mart(books, row))
    if rest <= 0:
        raise CommandError(f"nothing is open of {row.name}.")
    wanted = _ticks(amount) if amount is not None else rest
    if not 0 < wanted <= rest:
        raise CommandError(
            f"{money(wanted, row.currency)} cannot be written off: {money(rest, row.currency)} of {row.name} are open."
        )
    _within_limit(books, row, wanted, why, user or login_name())
    entry = _entry(
        "write_off", row.reconciliation, row.entity_id, None, (), {item: row}, difference_reason=why
    )
    entry |= {"document_type": item[0], "document_id": item[1], "amount": text_of(wanted)}
    shown = [
        f"Writes off {money(wanted, row.currency)} of {row.name} ({row.party or 'nobody named'}) as {why.replace('_', ' ')}:",
        f"  open {money(rest, row.currency)} before, {money(rest - wanted, row.currency)} after",
        f"  posted on {books.as_of_date} by the posting rules of write_off",
    ]
    return Proposal(entry, shown)


def assign(books: Books, target: str, owner: str) -> Proposal:
    """Give an exception to somebody."""
    exception = books.exception(target)
    if exception is None:
        item = _document(books, target)
        found = books.connection.execute(
            "select exception_id from reconciliation.exceptions where document_type = ? and document_id = ? order by 1",
            list(item),
        ).fetchall()
        if len(found) != 1:
            ids = ", ".join(row[0][:8] for row in found)
            raise CommandError(
                f"{target} has {len(found)} exceptions{f': {ids}' if ids else ''}. Name one by its id: tieout exceptions"
            )
        exception = books.exception(found[0][0])
    assert exception is not None
    entry = _about(exception) | {"action": "assign", "owner": owner.strip()}
    if not entry["owner"]:
        raise CommandError("an exception cannot be given to nobody.")
    shown = [
        f"Gives {exception['exception_type']} of {exception['document_id']} to {entry['owner']} (now {exception['owner']})"
    ]
    return Proposal(entry, shown)


def comment(books: Books, target: str, text: str) -> Proposal:
    """Say something about an exception or a document."""
    exception = books.exception(target)
    if exception is not None:
        entry, name = (
            _about(exception),
            f"exception {exception['exception_id'][:8]} ({exception['exception_type']})",
        )
    else:
        kind, id_ = _document(books, target)
        entity = books.connection.execute(
            "select entity_id from reconciliation.documents where document_type = ? and document_id = ? limit 1",
            [kind, id_],
        ).fetchone()
        entry = {
            "document_type": kind,
            "document_id": id_,
            "entity_id": (entity[0] if entity else None) or "*",
        }
        name = f"{kind} {id_}"
    return Proposal(entry | {"action": "comment", "changes_postings": False}, [f"Says of {name}: {text}"])


# -- parts ----------------------------------------------------------------------------------------------


def _entry(
    action: str,
    reconciliation: str,
    entity_id: str,
    match: str | None,
    links: Sequence[Link],
    rows: dict[Item, Row],
    *,
    removed: Sequence[tuple[Item, Item]] = (),
    written: dict[Item, int] | None = None,
    changes_postings: bool = True,
    **more: Any,
) -> Entry:
    first = rows[sorted(rows)[0]]
    return {
        "action": action,
        "amount": text_of(sum(abs(link.amount) for link in links)),
        "currency": links[0].currency if links else first.currency,
        "entity_id": entity_id or "*",
        "reconciliation": reconciliation,
        "match_id": match,
        "changes_postings": changes_postings,
        "items": [
            {
                "side": row.side,
                "type": item[0],
                "id": item[1],
                "amount": text_of(row.amount),
                "currency": row.currency,
                "date": row.day.isoformat() if row.day else None,
                "written_off": text_of((written or {}).get(item, 0)),
            }
            for item, row in sorted(rows.items())
        ],
        "links": [
            {
                "left": list(link.left) if link.left else None,
                "right": list(link.right) if link.right else None,
                "amount": text_of(link.amount),
                "left_settled": text_of(link.left_settled),
                "right_settled": text_of(link.right_settled),
                "currency": link.currency,
            }
            for link in links
        ],
        "removed": [[list(one), list(other)] for one, other in removed],
        **more,
    }


def _about(exception: dict[str, Any]) -> Entry:
    return {
        "exception_id": exception["exception_id"],
        "document_type": exception["document_type"],
        "document_id": exception["document_id"],
        "entity_id": exception["entity_id"] or "*",
        "changes_postings": False,
    }


def _document(books: Books, text: str) -> Item:
    """Any document of the register, or an item; raises CommandError with near misses."""
    kind, _, name = text.partition(":")
    found = books.connection.execute(
        """
        select distinct document_type, document_id from (
            select document_type, document_id from reconciliation.documents
            union all select document_type, document_id from reconciliation.exceptions
        )
        where document_id = $text or (document_type = $kind and document_id = $name) order by all
        """,
        {"text": text, "kind": kind, "name": name},
    ).fetchall()
    exact = [row for row in found if row == (kind, name)]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        listed = ", ".join(f"{one}:{other}" for one, other in found)
        raise CommandError(f"'{text}' is the id of several documents; say which one: {listed}")
    return books.item(text)


def _rows(books: Books, group: Group) -> dict[Item, Row]:
    found = {row.item: row for row in books.rows(group.items, group.reconciliation)}
    if gone := set(group.items) - set(found):
        kind, name = sorted(gone)[0]
        raise CommandError(
            f"{kind} {name} of {group.match_id} is gone: cancelled or replaced. Run the job first."
        )
    return found


def _settled(links: Sequence[Link]) -> dict[Item, int]:
    total: dict[Item, int] = {}
    for link in links:
        for item, amount in link.settled:
            total[item] = total.get(item, 0) + amount
    return total


def _told_links(links: Sequence[Link], rows: dict[Item, Row]) -> list[str]:
    told = []
    for link in links:
        ends = "  <->  ".join(
            f"{item[0]}:{item[1]} ({rows[item].day}, {money(abs(rows[item].amount), rows[item].currency)})"
            for item, _ in link.settled
        )
        told.append(f"  {money(link.amount, link.currency):>18}  {ends}")
    return told


def _one_reconciliation(books: Books, items: list[Item], wanted: str | None) -> dict[Item, Row]:
    """The rows of the items in the one reconciliation that has all of them on two sides."""
    by_reconciliation: dict[str, dict[Item, Row]] = {}
    for row in books.rows(items, wanted):
        by_reconciliation.setdefault(row.reconciliation, {})[row.item] = row
    fits = {
        name: rows
        for name, rows in by_reconciliation.items()
        if len(rows) == len(set(items)) and len({row.side for row in rows.values()}) == 2
    }
    if len(fits) == 1:
        rows = next(iter(fits.values()))
        if len({row.entity_id for row in rows.values()}) > 1 and next(iter(fits)) != "own_account_transfer":
            told = ", ".join(f"{row.name} of {row.entity_id}" for row in rows.values())
            raise CommandError(f"these are items of different legal entities: {told}")
        return rows
    if fits:
        raise CommandError(
            f"these items stand on two sides in several reconciliations: {', '.join(sorted(fits))}. Say which: --reconciliation"
        )
    told = "\n".join(
        f"  {row.name}: {row.side} side of {name}"
        for name, rows in sorted(by_reconciliation.items())
        for row in rows.values()
    )
    raise CommandError(
        f"no reconciliation has all of these items with at least one on each side:\n{told or '  none of them'}"
    )


def _rest(books: Books, row: Row) -> int:
    """What decisions have not spent of an item, in ticks, signed like it. The engine's own matches give way."""
    sign = 1 if row.amount >= 0 else -1
    written = sum(
        abs(d.amount)
        for d in books.state.write_offs
        if d.document == row.item
    )  # fmt: skip
    return row.amount - books.used_by_people(row.item) - sign * written


def _open(books: Books, row: Row) -> int:
    """What is open with everything that is decided: by people since the last run, or as published."""
    if row.item in books.state.taken:
        fixed = next(match for match in books.state.matches if row.item in match.members)
        sign = 1 if row.amount >= 0 else -1
        written = sum(abs(d.amount) for d in books.state.write_offs if d.document == row.item)
        return (
            row.amount - books.used_by_people(row.item) - fixed.written_off.get(row.item, 0) - sign * written
        )
    sign = 1 if row.amount >= 0 else -1
    return row.open_amount - sign * books.written_off_since(row.item)


def _open_in_mart(books: Books, row: Row) -> int:
    """What the mart says is open of a document: a credit note that names it has settled a part, too."""
    table, key = {
        "invoice": ("invoice_to_payment", "invoice_id"),
        "credit_note": ("invoice_to_payment", "invoice_id"),
        "bill": ("bill_to_bank", "bill_id"),
        "vendor_credit_note": ("bill_to_bank", "bill_id"),
    }.get(row.item[0], (None, None))
    if table is None:
        return abs(row.amount)
    found = books.connection.execute(
        f"select abs(open_amount) from reconciliation.{table} where {key} = ?", [row.item[1]]
    ).fetchone()
    if not found or row.item in books.state.taken:
        return abs(row.amount)
    return replay.ticks(found[0]) - books.written_off_since(row.item)


def _links(left: list[Row], right: list[Row], rests: dict[Item, int], amount: str | None) -> tuple[Link, ...]:
    """Spread the money of two sides; nothing gives more than it has left."""
    currencies = {row.currency for row in (*left, *right)}
    if len(currencies) > 1:
        if len(left) > 1 or len(right) > 1 or amount is not None:
            raise CommandError(
                "items in two currencies can be matched one to one only, each whole: what each is worth in the other "
                "currency is for the ledger to say."
            )
        one, other = left[0], right[0]
        if (rests[one.item], rests[other.item]) != (one.amount, other.amount):
            raise CommandError(
                "a part of one of the two is settled by a decision; in two currencies only whole items can be matched."
            )
        return (Link(one.item, other.item, abs(other.amount), one.amount, other.amount, other.currency),)
    ((currency),) = currencies
    total = {"left": sum(rests[r.item] for r in left), "right": sum(rests[r.item] for r in right)}
    turn = -1 if total["left"] * total["right"] < 0 else 1
    given = {"left": [rests[r.item] * turn for r in left], "right": [rests[r.item] for r in right]}
    if amount is not None:
        if len(left) > 1 or len(right) > 1:
            raise CommandError(
                "--amount is for one item on each side; of several, all that is left is matched."
            )
        wanted = _ticks(amount)
        most = min(abs(given["left"][0]), abs(given["right"][0]))
        if not 0 < wanted <= most:
            raise CommandError(
                f"{money(wanted, currency)} cannot be matched: at most {money(most, currency)}."
            )
        way = 1 if given["right"][0] >= 0 else -1
        given = {"left": [wanted * way], "right": [wanted * way]}
    if (sum(given["left"]) >= 0) != (sum(given["right"]) >= 0):
        raise CommandError("money in cannot settle money out: the two sides have opposite signs.")
    found, _, _ = allocate(given["left"], given["right"])
    way = 1 if sum(given["left"]) + sum(given["right"]) >= 0 else -1
    links = tuple(
        Link(left[i].item, right[j].item, part, part * way * turn, part * way, currency)
        for i, j, part in found
        if part
    )
    unused = {row.item for row in (*left, *right)} - {item for link in links for item, _ in link.settled}
    if unused:
        kind, name = sorted(unused)[0]
        raise CommandError(
            f"no money is left for {kind} {name}: the other side is used up before. Leave it out, or write off a remainder."
        )
    return links


def _displaced(books: Books, items: set[Item], links: Sequence[Link]) -> list[tuple[str, str, list[Row]]]:
    """Published matches of the engine that use the same money, with their bank lines."""
    keys = {link.key for link in links}
    found = books.connection.execute(
        """
        select matches.match_id, matches.status, matches.reconciliation,
            allocations.left_type, allocations.left_id, allocations.right_type, allocations.right_id
        from reconciliation.match_allocations as allocations
        inner join reconciliation.matches as matches on allocations.match_id = matches.match_id
        where matches.status in ('auto', 'suggested')
            and matches.match_id in (
                select match_id from reconciliation.match_allocations
                where left_id in (select unnest($ids)) or right_id in (select unnest($ids))
            )
        order by all
        """,
        {"ids": sorted({name for _, name in items})},
    ).fetchall()
    matches: dict[str, tuple[str, str, set[Item], set]] = {}
    for name, status, reconciliation, *ends in found:
        members = {(kind, id_) for kind, id_ in ((ends[0], ends[1]), (ends[2], ends[3])) if id_ is not None}
        match = matches.setdefault(name, (status, reconciliation, set(), set()))
        match[2].update(members)
        if len(members) == 2:
            match[3].add(pair(*members))
    return [
        (
            name,
            status,
            [row for row in books.rows(members - items, reconciliation) if row.item[0] == "bank_transaction"],
        )
        for name, (status, reconciliation, members, pairs) in sorted(matches.items())
        if members & items and not (pairs and pairs <= keys)
    ]


def _across(rows: dict[Item, Row]) -> list[tuple[Item, Item]]:
    """All pairs across the two sides; of items of one side, all pairs among them."""
    sides = {
        side: sorted(item for item, row in rows.items() if row.side == side) for side in ("left", "right")
    }
    if sides["left"] and sides["right"]:
        return sorted(pair(one, other) for one in sides["left"] for other in sides["right"])
    alone = sides["left"] or sides["right"]
    return [(one, other) for place, one in enumerate(alone) for other in alone[place + 1 :]]


def _status_between(books: Books, rows: dict[Item, Row]) -> str:
    """How items that are named one by one stand to each other: not at all, or by a match they share."""
    shared = {row.match_id for row in rows.values()}
    if any(set(rows) <= set(match.members) for match in books.state.matches):
        return "confirmed"
    return next(iter(rows.values())).status if len(shared) == 1 and None not in shared else "not proposed"


def _group_of(books: Books, one: Item, other: Item) -> Group:
    for match in books.state.matches:
        if {one, other} <= set(match.members):
            group = books.group(match_id(match.members))
            assert group is not None
            return group
    found = {
        row.match_id
        for row in books.rows([one])
        if row.match_id and row.match_id in {r.match_id for r in books.rows([other])}
    }
    if not found:
        raise CommandError(f"{one[0]} {one[1]} and {other[0]} {other[1]} are not matched with each other.")
    group = books.group(sorted(found)[0])
    assert group is not None
    return group


def _must_be_applied(group: Group) -> None:
    if group.status not in APPLIED:
        raise CommandError(
            f"{group.match_id} is {group.status}: there is nothing to undo. If the proposal is wrong: tieout match reject"
        )
    if not group.links:
        raise CommandError(f"{group.match_id} has been taken apart already.")


def _take_apart(books: Books, action: str, group: Group, kept: list[Link]) -> Proposal:
    """Undo the links that are not kept. What the engine had matched and stays is confirmed with it."""
    rows = _rows(books, group)
    undone = [link for link in group.links if link not in kept]
    for item, settled in sorted(_settled(kept).items()):
        amount = rows[item].amount
        if not 0 <= (settled if amount >= 0 else -settled) <= abs(amount):
            raise CommandError(
                f"{rows[item].name} would be left with a deduction and nothing to deduct it from. Undo that link "
                f"first, or the whole match: tieout match unmatch {group.match_id} --reason ..."
            )
    removed = sorted({link.key for link in undone if link.left and link.right})
    if any(link.left is None or link.right is None for link in undone):
        removed = _across(rows)
    shown = [f"Undoes in {group.match_id} ({group.status}):", *_told_links(undone, rows)]
    if kept:
        shown += ["Stays:", *_told_links(kept, rows)]
    if group.writes_off:
        shown.append(
            f"  The difference that was settled as {group.difference_reason.replace('_', ' ')} is open again."
        )
    entry = _entry(
        action, group.reconciliation, group.entity_id, group.match_id, kept if group.status == "auto" else (), rows,
        removed=removed, match_rule_id=group.match_rule_id,
    )  # fmt: skip
    return Proposal(entry | {"amount": text_of(sum(abs(link.amount) for link in undone))}, shown)


def _take_back(books: Books, name: str) -> Proposal:
    number = name.partition(":")[2]
    decision = next((d for d in books.state.write_offs if str(d.sequence) == number), None)
    if decision is None:
        known = ", ".join(f"decisions:{d.sequence}" for d in books.state.write_offs) or "none"
        raise CommandError(
            f"{name} is no write-off that holds (those that do: {known}). Other decisions are taken back by what "
            "they are about: tieout match unmatch MATCH"
        )
    assert decision.document is not None
    rows = {row.item: row for row in books.rows([decision.document])}
    if not rows:
        raise CommandError(f"{decision.document[0]} {decision.document[1]} is gone.")
    row = rows[decision.document]
    entry = _entry("unmatch", row.reconciliation, row.entity_id, None, (), rows)
    entry |= {
        "undoes": decision.sequence,
        "amount": text_of(abs(decision.amount)),
        "document_type": decision.document[0],
        "document_id": decision.document[1],
    }
    return Proposal(
        entry, [f"Takes back the write-off of {money(abs(decision.amount), row.currency)} of {row.name}"]
    )


def _within_limit(books: Books, row: Row, ticks: int, why: str, user: str) -> None:
    """Raises CommandError unless the seed lets this person write this much off for this reason."""
    limits = seed_rows(books.seeds / "write_off_limits.csv")
    reasons = sorted({limit["difference_reason"] for limit in limits})
    if why not in reasons:
        raise CommandError(
            f"'{why}' is no reason for a write-off. Choose with --as one of: {', '.join(reasons)} (write_off_limits.csv)"
        )

    fits = [
        limit
        for limit in limits
        if limit["difference_reason"] == why
        and _named(limit["entities"], row.entity_id)
        and limit["currency"] in ("*", row.currency)
    ]
    # A row for the currency itself goes before the one for all: 100 is another thing in yen.
    fits = [limit for limit in fits if limit["currency"] == row.currency] or fits
    mine = [limit for limit in fits if _named(limit["users"], user)]
    most = max((replay.ticks(limit["amount_limit"]) for limit in mine), default=0)
    if ticks > most:
        others = sorted(
            f"{limit['users']} up to {limit['amount_limit']}"
            for limit in fits
            if replay.ticks(limit["amount_limit"]) >= ticks
        )
        raise CommandError(
            f"{user} may write off {money(most, row.currency)} as {why}, not {money(ticks, row.currency)} "
            f"(write_off_limits.csv). Who may: {'; '.join(others) or 'nobody'}."
        )


def _named(names: str, name: str) -> bool:
    return names == "*" or name in names.split("|")


def _ticks(text: str) -> int:
    try:
        return replay.ticks(Decimal(text))
    except (InvalidOperation, ValueError) as error:
        raise CommandError(f"'{text}' is not an amount such as 1234.50") from error
