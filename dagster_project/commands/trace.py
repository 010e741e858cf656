"""`tieout trace`: one document from its source record to the ledger and the bank.

Belongs here: walking `reconciliation.document_links` and showing the source line. Does not belong
here: what is linked to what (the models decide).
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.commands.errors import CommandError
from dagster_project.commands.published import published
from dagster_project.commands.tables import checked_format, plain, shown
from pipelines.settings import settings

MAX_DOCUMENTS = 200
MAX_ON_TERMINAL = 8  # per step backwards: a payout settles hundreds of charges
_SHOWN_CHARACTERS = 300

_FIND = """
select document_type, document_id
from reconciliation.documents
where document_id = $id
    or document_number = $id
    or source_id = $id
    or split_part(document_id, ':', -1) = $id
order by document_id <> $id, document_type, document_id
"""

# Each step away from the document, so that a payout of two hundred charges does not drag in the other
# orders of that day: from a document forward to money and books, and backward to what it settles.
_WALK = """
with recursive forward as (
        select 0 as steps, $type as document_type, $id as document_id, null::varchar as relation,
            null::decimal(18, 4) as amount, null::varchar as currency, null::varchar as linked_id
    union
        select forward.steps + 1, links.to_type, links.to_id, links.relation, links.amount, links.currency,
            links.from_id
        from forward
        inner join reconciliation.document_links as links
            on forward.document_type = links.from_type and forward.document_id = links.from_id
        where forward.steps < 6
),
backward as (
        select 0 as steps, $type as document_type, $id as document_id, null::varchar as relation,
            null::decimal(18, 4) as amount, null::varchar as currency, null::varchar as linked_id
    union
        select backward.steps - 1, links.from_type, links.from_id, links.relation, links.amount,
            links.currency, links.to_id
        from backward
        inner join reconciliation.document_links as links
            on backward.document_type = links.to_type and backward.document_id = links.to_id
        where backward.steps > -6
)
select * from (select * from forward union all select * from backward where steps < 0)
-- A document that is reached on two ways is shown where it is nearest.
qualify row_number() over (partition by document_type, document_id order by abs(steps), steps desc, linked_id) = 1
order by steps < 0, abs(steps), document_type, document_id
"""

_JOURNAL = """
select journal_entry_id, line_number, posting_date, account_code, currency, debit_amount, credit_amount,
    posting_rule_id
from ledger.journal_lines
where document_id = $id
order by all
"""

_EXCEPTIONS = """
select exception_type, severity, currency, amount, explanation, suggested_action
from reconciliation.exceptions
where document_id = $id
order by all
"""

# What people decided about the document itself, or about a match that holds it.
_DECISIONS = """
select decision_id, action, decided_by, decided_at, outcome, currency, amount, reason, message
from reconciliation.decision_outcomes
where document_id = $id
    or match_id in (select match_id from reconciliation.match_items where item_id = $id and match_id is not null)
order by decided_at, decision_id
"""


@dataclass(frozen=True)
class Source:
    """Where a record came from, and its line when the landing file is still there."""

    source_name: str
    source_file: str
    source_position: int
    load_id: str
    record_hash: str
    text: str | None


def _records(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _records_of(content: Any) -> list[Any]:
    """The records of one JSON value: a list of them, a page with a list in it, or one record."""
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        for name in ("orders", "data"):
            if isinstance(content.get(name), list):
                return content[name]
    return [content]


def _json_record(text: str, position: int) -> str | None:
    """The record at `position` of a page, an array, or lines of records or pages."""
    try:
        records = _records_of(json.loads(text))
    except ValueError:
        records = []
        for line in text.splitlines():
            if line.strip():
                records += _records_of(json.loads(line))
            if len(records) >= position:
                break
    return json.dumps(records[position - 1], ensure_ascii=False)


def _decoded(content: bytes) -> str:
    """Exports of older systems are rarely UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def source_text(path: Path, position: int) -> str | None:
    """The record at `position` (from 1) of a landing file, or None where it cannot be shown.

    Of JSON the object, of CSV the line after the header. A bank statement has no line of its own for a
    booking; its position is shown alone.
    """
    if not path.is_file() or position < 1:
        return None
    opener = gzip.open if path.suffix == ".gz" else open
    name = path.name.removesuffix(".gz")
    if not name.endswith((".json", ".jsonl", ".ndjson", ".csv", ".txt")):
        return None
    try:
        with opener(path, "rb") as file:
            text = _decoded(file.read())
        if name.endswith((".csv", ".txt")):
            return text.splitlines()[position].strip() or None
        return _json_record(text, position)
    except (OSError, EOFError, ValueError, IndexError):
        return None


def _source(document: dict[str, Any]) -> Source | None:
    if not document.get("source_file"):
        return None
    landing = settings().landing
    path = (landing / document["source_file"]).resolve()
    inside = path.is_relative_to(landing.resolve())
    return Source(
        source_name=document["source_name"],
        source_file=document["source_file"],
        source_position=document["source_position"],
        load_id=document["load_id"],
        record_hash=document["record_hash"],
        text=source_text(path, document["source_position"]) if inside else None,
    )


def find_document(connection: duckdb.DuckDBPyConnection, id_: str) -> tuple[str, str]:
    """(type, canonical id) of an id, number or source id. Raises CommandError when none or several."""
    found = connection.execute(_FIND, {"id": id_}).fetchall()
    exact = [row for row in found if row[1] == id_]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise CommandError(
            f"no document has the id or number '{id_}'. Ids look like shopify_de:1001; find one with "
            'tieout exceptions, or: tieout sql "from reconciliation.documents limit 10"'
        )
    listed = "\n".join(f"  {document_type:<22} {document_id}" for document_type, document_id in found[:20])
    raise CommandError(f"'{id_}' is the number of {len(found)} documents; give the id of one:\n{listed}")


def trace(connection: duckdb.DuckDBPyConnection, id_: str) -> dict[str, Any]:
    """Everything that is linked to a document: steps from it, source, journal lines, exceptions."""
    document_type, document_id = find_document(connection, id_)
    steps = _records(connection.execute(_WALK, {"type": document_type, "id": document_id}))
    documents = []
    for step in steps[:MAX_DOCUMENTS]:
        known = _records(
            connection.execute(
                "select * from reconciliation.documents where document_type = $type and document_id = $id",
                {"type": step["document_type"], "id": step["document_id"]},
            )
        )
        document = known[0] if known else {}
        documents.append(
            {
                **document,
                **step,
                "document_amount": document.get("amount"),
                "document_currency": document.get("currency"),
                "source": _source(document),
            }
        )
    return {
        "document_type": document_type,
        "document_id": document_id,
        "documents": documents,
        "not_shown": max(len(steps) - MAX_DOCUMENTS, 0),
        "journal_lines": _records(connection.execute(_JOURNAL, {"id": document_id})),
        "exceptions": _records(connection.execute(_EXCEPTIONS, {"id": document_id})),
        "decisions": _decisions(connection, document_id),
    }


def _decisions(connection: duckdb.DuckDBPyConnection, document_id: str) -> list[dict[str, Any]]:
    """Decisions about a document; none in a file that was published before there were any."""
    known = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'reconciliation' and table_name = 'decision_outcomes'"
    ).fetchone()
    return _records(connection.execute(_DECISIONS, {"id": document_id})) if known else []


def _headline(document: dict[str, Any]) -> str:
    steps = document["steps"]
    arrow = ""
    if steps > 0:
        arrow = f"{'  ' * steps}→ {document['relation'].replace('_', ' ')}: "
    elif steps < 0:
        arrow = f"{'  ' * -steps}← "
    amount = document["document_amount"]
    money = "" if amount is None else f"{shown(amount)} {document['document_currency'] or ''}"
    parts = [
        f"{arrow}{document['document_type'].replace('_', ' ')} {document['document_id']}",
        str(document.get("business_date") or ""),
        money,
        document.get("party_name") or "",
    ]
    return "  ".join(part for part in parts if part)


def _print_document(document: dict[str, Any], *, with_source: bool) -> None:
    print(_headline(document))
    source = document["source"]
    if source is None or not with_source:
        return
    indent = "  " * (abs(document["steps"]) + 1)
    print(f"{indent}from {source.source_file}, record {source.source_position} ({source.source_name})")
    if source.text:
        more = f" … ({len(source.text):,} characters)" if len(source.text) > _SHOWN_CHARACTERS else ""
        print(f"{indent}| {source.text[:_SHOWN_CHARACTERS]}{more}")


def _print(found: dict[str, Any]) -> None:
    forward = [document for document in found["documents"] if document["steps"] >= 0]
    backward = [document for document in found["documents"] if document["steps"] < 0]
    for document in forward:
        _print_document(document, with_source=True)
    if backward:
        print("\nWhat it comes from:")
    for steps in sorted({document["steps"] for document in backward}, reverse=True):
        level = [document for document in backward if document["steps"] == steps]
        for document in level[:MAX_ON_TERMINAL]:
            _print_document(document, with_source=len(level) <= 2)
        if len(level) > MAX_ON_TERMINAL:
            print(f"{'  ' * -steps}… and {len(level) - MAX_ON_TERMINAL} more (--format json shows them)")
    if found["not_shown"]:
        print(f"… and {found['not_shown']} documents further away")
    if found["journal_lines"]:
        print("\nIn the ledger:")
        for line in found["journal_lines"]:
            side = "debit " if line["debit_amount"] else "credit"
            amount = line["debit_amount"] or line["credit_amount"]
            print(
                f"  {line['posting_date']}  {line['account_code']:<8} {side} {shown(amount):>15} "
                f"{line['currency']}  {line['posting_rule_id']}  {line['journal_entry_id']}"
            )
    for item in found["exceptions"]:
        print(
            f"\nException: {item['exception_type']} ({item['severity']}), "
            f"{shown(item['amount'])} {item['currency']}"
        )
        print(f"  {item['explanation']}\n  To do: {item['suggested_action']}")
    if found["decisions"]:
        print("\nDecided:")
        for decision in found["decisions"]:
            money = f" {shown(decision['amount'])} {decision['currency']}" if decision["amount"] else ""
            state = f" ({decision['outcome']})" if decision["outcome"] not in ("applied", "noted") else ""
            print(
                f"  {decision['decided_at']:%Y-%m-%d}  {decision['decided_by']}: "
                f"{decision['action'].replace('_', ' ')}{money}{state}: {decision['reason']}"
            )


def show_trace(id_: str, format_: str) -> None:
    checked_format(format_, ("table", "json"))
    with published() as connection:
        found = trace(connection, id_)
    if format_ == "json":
        readable = {
            **found,
            "documents": [
                {**document, "source": document["source"] and vars(document["source"])}
                for document in found["documents"]
            ],
        }
        print(json.dumps(readable, default=plain, ensure_ascii=False, indent=2))
    else:
        _print(found)
