"""Links between items: which money goes from where to where, and how that is told.

Belongs here: spreading the money of two sides, what decisions have left of an item, sums and texts of links.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from matching import decisions as replay
from matching.decisions import Item, Link, pair
from matching.result import allocate

from dagster_project.commands.decisions.books import Books, Group, Row, money
from dagster_project.commands.errors import CommandError


def rows_of(books: Books, group: Group) -> dict[Item, Row]:
    found = {row.item: row for row in books.rows(group.items, group.reconciliation)}
    if gone := set(group.items) - set(found):
        kind, name = sorted(gone)[0]
        raise CommandError(
            f"{kind} {name} of {group.match_id} is gone: cancelled or replaced. Run the job first."
        )
    return found


def settled_by_item(links: Sequence[Link]) -> dict[Item, int]:
    total: dict[Item, int] = {}
    for link in links:
        for item, amount in link.settled:
            total[item] = total.get(item, 0) + amount
    return total


def told_links(links: Sequence[Link], rows: dict[Item, Row]) -> list[str]:
    told = []
    for link in links:
        ends = "  <->  ".join(
            f"{item[0]}:{item[1]} ({rows[item].day}, {money(abs(rows[item].amount), rows[item].currency)})"
            for item, _ in link.settled
        )
        told.append(f"  {money(link.amount, link.currency):>18}  {ends}")
    return told


def rows_of_one_reconciliation(books: Books, items: list[Item], wanted: str | None) -> dict[Item, Row]:
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


def unspent(books: Books, row: Row) -> int:
    """What decisions have not spent of an item, in ticks, signed like it. The engine's own matches give way."""
    sign = 1 if row.amount >= 0 else -1
    written = sum(
        abs(d.amount)
        for d in books.state.write_offs
        if d.document == row.item
    )  # fmt: skip
    return row.amount - books.used_by_people(row.item) - sign * written


def links_between(
    left: list[Row], right: list[Row], rests: dict[Item, int], amount: str | None
) -> tuple[Link, ...]:
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
        wanted = ticks_of(amount)
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


def pairs_across(rows: dict[Item, Row]) -> list[tuple[Item, Item]]:
    """All pairs across the two sides; of items of one side, all pairs among them."""
    sides = {
        side: sorted(item for item, row in rows.items() if row.side == side) for side in ("left", "right")
    }
    if sides["left"] and sides["right"]:
        return sorted(pair(one, other) for one in sides["left"] for other in sides["right"])
    alone = sides["left"] or sides["right"]
    return [(one, other) for place, one in enumerate(alone) for other in alone[place + 1 :]]


def ticks_of(text: str) -> int:
    try:
        return replay.ticks(Decimal(text))
    except (InvalidOperation, ValueError) as error:
        raise CommandError(f"'{text}' is not an amount such as 1234.50") from error
