"""`tieout match log`: every decision with what came of it, and the proof that the log is whole."""

import json
import sys

from dagster_project.commands.errors import CommandError
from dagster_project.commands.published import published
from dagster_project.commands.tables import checked_format, write_csv, write_table
from pipelines import hash_chain
from pipelines.decisions import log
from pipelines.decisions.log import DecisionLogError
from pipelines.hash_chain import Head
from pipelines.settings import settings

_COLUMNS = (
    "decision_id", "recorded_at", "action", "decided_by", "about", "amount", "currency", "outcome", "reason", "message",
)  # fmt: skip


def list_decisions(format_: str) -> int:
    """Print the log as it is, whole or not; the outcome is that of the last run."""
    checked_format(format_)
    path = log.log_path(settings().landing)
    outcomes = _outcomes()
    rows = []
    try:
        for entry in hash_chain.read(path):
            name = f"decisions:{entry['sequence']}"
            outcome, message = outcomes.get(name, ("not run yet", None))
            about = entry.get("match_id") or _document(entry) or entry.get("exception_id")
            rows.append(
                (
                    name, entry["recorded_at"][:19], entry["action"], entry["decided_by"], about,
                    entry.get("amount"), entry.get("currency"), outcome, entry["reason"], message,
                )
            )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(
            f"{path}: a line cannot be read ({type(error).__name__}). See which: tieout match log --verify"
        ) from error
    if format_ == "table":
        if rows:
            write_table(_COLUMNS, rows)
        print(f"{len(rows):,} decisions in {path}. Is it whole? tieout match log --verify")
    elif format_ == "csv":
        write_csv(_COLUMNS, rows, sys.stdout)
    else:
        json.dump(
            [dict(zip(_COLUMNS, row, strict=True)) for row in rows], sys.stdout, ensure_ascii=False, indent=2
        )
        sys.stdout.write("\n")
    return 0


def _document(entry: dict) -> str | None:
    return f"{entry['document_type']}:{entry['document_id']}" if entry.get("document_id") else None


def _outcomes() -> dict[str, tuple[str, str | None]]:
    try:
        with published() as connection:
            rows = connection.execute(
                "select decision_id, outcome, message from reconciliation.decision_outcomes"
            ).fetchall()
    except Exception as error:
        if isinstance(error, CommandError) or type(error).__name__ == "CatalogException":
            return {}
        raise
    return {row[0]: (row[1], row[2]) for row in rows}


def _published_head() -> Head | None:
    """The last line from which the published file was made: a head that the log itself does not hold."""
    try:
        with published() as connection:
            row = connection.execute(
                "select sequence, hash from canonical.decisions order by sequence desc limit 1"
            ).fetchone()
    except Exception as error:
        if isinstance(error, CommandError) or type(error).__name__ == "CatalogException":
            return None
        raise
    return Head(row[0], row[1]) if row else None


def verify_log() -> int:
    """Exit code 0 when the log is whole; else every problem with its line on standard error."""
    path = log.log_path(settings().landing)
    try:
        problems = log.verify(path, _published_head())
    except DecisionLogError as error:
        raise CommandError(str(error)) from error
    torn = log.torn_line(path)
    for problem in problems:
        place = f"line {problem.line}" if problem.line else "the log"
        print(f"{path}: {place}: {problem.message}", file=sys.stderr)
    if torn:
        print(
            f"{path}: the last line was cut off by a crash ({len(torn)} bytes). Its decision was never taken; the next "
            "one moves it aside.",
            file=sys.stderr,
        )
    if problems:
        print("No run publishes with this log. Put back the copy of your backup.", file=sys.stderr)
        return 1
    head = hash_chain.head(path)
    print(f"The log is whole: {head.sequence:,} decisions, the last with the hash {head.hash[:16]}…")
    return 0
