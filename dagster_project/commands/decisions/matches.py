"""`tieout match accept`, `reject`, `unmatch`, `split`: what each writes into the log, and what it shows before.

Belongs here: decisions on which items belong together. Does not belong here: settling without money
(`write_offs`), and words (`remarks`).
"""

from collections.abc import Sequence

from matching.decisions import Item, Link, pair
from matching.result import match_id

from dagster_project.commands.decisions.books import APPLIED, Books, Group, Row, money, text_of
from dagster_project.commands.decisions.entries import Proposal, entry_of
from dagster_project.commands.decisions.links import (
    links_between,
    pairs_across,
    rows_of,
    rows_of_one_reconciliation,
    settled_by_item,
    told_links,
    unspent,
)
from dagster_project.commands.decisions.write_offs import take_back
from dagster_project.commands.errors import CommandError


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
    rows = rows_of(books, group)
    settled = settled_by_item(group.links)
    written = {
        item: row.amount - settled[item] if group.writes_off else 0 for item, row in rows.items()
    }  # fmt: skip
    shown = [f"Confirms {group.match_id}, {group.status} by rule {group.match_rule_id}:"]
    shown += told_links(group.links, rows)
    for item, rest in written.items():
        if rest:
            shown.append(
                f"  {money(abs(rest), rows[item].currency)} of {rows[item].name} are settled as {group.difference_reason.replace('_', ' ')}"
            )
    entry = entry_of(
        "accept", group.reconciliation, group.entity_id, group.match_id, group.links, rows,
        match_rule_id=group.match_rule_id, difference_reason=group.difference_reason if any(written.values()) else None,
        changes_postings=group.status not in APPLIED, written=written,
    )  # fmt: skip
    return Proposal(entry, shown)


def _accept_items(
    books: Books, items: list[Item], amount: str | None, reconciliation: str | None
) -> Proposal:
    rows = rows_of_one_reconciliation(books, items, reconciliation)
    sides = {
        side: [rows[item] for item in sorted(rows) if rows[item].side == side] for side in ("left", "right")
    }
    rests = {item: unspent(books, row) for item, row in rows.items()}
    for item, rest in rests.items():
        if rest == 0:
            raise CommandError(
                f"{rows[item].name} has nothing left: all of its {money(abs(rows[item].amount), rows[item].currency)} "
                "are settled by decisions. Undo one first: tieout match unmatch"
            )
    links = links_between(sides["left"], sides["right"], rests, amount)
    displaced = _displaced(books, set(rows), links)
    shown = ["Makes a match of:"]
    shown += told_links(links, rows)
    settled = settled_by_item(links)
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
    entry = entry_of(
        "accept", first.reconciliation, first.entity_id, match_id(sorted(rows)), links, facts
    )  # fmt: skip
    return Proposal(entry, shown)


def reject(books: Books, targets: Sequence[str]) -> Proposal:
    """Bar what was proposed: its items are not proposed together again, alone or inside a group."""
    group = books.group(targets[0]) if len(targets) == 1 else None
    if group is not None:
        if group.status == "rejected" or not group.links:
            raise CommandError(f"{group.match_id} was rejected or taken apart already.")
        rows, name, status = rows_of(books, group), group.match_id, group.status
    else:
        items = [books.item(text) for text in targets]
        if len(items) < 2:
            raise CommandError(f"'{targets[0]}' is one item; name a match, an exception, or two items.")
        rows = rows_of_one_reconciliation(books, items, None)
        name, status = match_id(sorted(rows)), _status_between(books, rows)
    removed = pairs_across(rows)
    first = next(iter(rows.values()))
    shown = [f"Rejects {name} ({status}): none of these pairs is proposed again"]
    shown += [f"  {one[0]}:{one[1]}  with  {other[0]}:{other[1]}" for one, other in removed]
    entry = entry_of(
        "reject", first.reconciliation, first.entity_id, name, (), rows, removed=removed,
        match_rule_id=group.match_rule_id if group else None, changes_postings=status in APPLIED,
    )  # fmt: skip
    return Proposal(entry, shown)


def unmatch(books: Books, targets: Sequence[str]) -> Proposal:
    """Undo a match, one link of it, or a write-off; the other links stay."""
    if len(targets) == 1 and targets[0].startswith("decisions:"):
        return take_back(books, targets[0])
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
    rows = rows_of(books, group)
    undone = [link for link in group.links if link not in kept]
    for item, settled in sorted(settled_by_item(kept).items()):
        amount = rows[item].amount
        if not 0 <= (settled if amount >= 0 else -settled) <= abs(amount):
            raise CommandError(
                f"{rows[item].name} would be left with a deduction and nothing to deduct it from. Undo that link "
                f"first, or the whole match: tieout match unmatch {group.match_id} --reason ..."
            )
    removed = sorted({link.key for link in undone if link.left and link.right})
    if any(link.left is None or link.right is None for link in undone):
        removed = pairs_across(rows)
    shown = [f"Undoes in {group.match_id} ({group.status}):", *told_links(undone, rows)]
    if kept:
        shown += ["Stays:", *told_links(kept, rows)]
    if group.writes_off:
        shown.append(
            f"  The difference that was settled as {group.difference_reason.replace('_', ' ')} is open again."
        )
    entry = entry_of(
        action, group.reconciliation, group.entity_id, group.match_id, kept if group.status == "auto" else (), rows,
        removed=removed, match_rule_id=group.match_rule_id,
    )  # fmt: skip
    return Proposal(entry | {"amount": text_of(sum(abs(link.amount) for link in undone))}, shown)
