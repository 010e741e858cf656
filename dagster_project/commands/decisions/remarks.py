"""`tieout match assign` and `comment`: decisions that move no money."""

from typing import Any

from matching.decisions import Item

from dagster_project.commands.decisions.books import Books
from dagster_project.commands.decisions.entries import Entry, Proposal
from dagster_project.commands.errors import CommandError


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
