"""What a decision is in the log: an entry with its items, links and removed pairs.

Belongs here: the form of an entry, and a proposal of one with what a person is shown before it is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matching.decisions import Item, Link

from dagster_project.commands.decisions.books import Row, text_of

Entry = dict[str, Any]


@dataclass(frozen=True)
class Proposal:
    """A decision before it is taken: its entry in the log, and what it changes, in lines for a person."""

    entry: Entry
    shown: list[str]


def entry_of(
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
