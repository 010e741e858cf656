"""Taking a decision: judge it, show it, write it into the log.

Belongs here: what all of them share. A decision is judged by the code that the run uses
(`matching.decisions`), on the published items and the whole log, while the log is held: two people cannot
give away the same money. It takes effect with the next run.
"""

import getpass
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dagster_project.commands.decisions.books import Books
from dagster_project.commands.decisions.entries import Entry, Proposal
from dagster_project.commands.errors import CommandError
from dagster_project.commands.published import published
from pipelines.decisions import log
from pipelines.decisions.log import DecisionLogError
from pipelines.hash_chain import Head
from pipelines.settings import settings


@dataclass(frozen=True)
class Person:
    """Who decides and why. user: None for the login."""

    reason: str
    user: str | None = None
    is_dry_run: bool = False


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
