"""From the log of decisions to rows: every line is landed or rejected, and the chain is proven line by line.

A line that breaks the chain (changed, taken out, put in, moved) is a reject with the reason
`broken_chain`: the gate after load then stops the run, because half of a log is a state that nobody
decided. A torn last line is a reject too, but stops nothing: its decision was never taken.

What a line declares (entity, currency, day, amount) is cut from its bytes by patterns and not from the
parsed record: its keys are sorted, so that the first place of each name is that of the decision itself.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines import hash_chain
from pipelines.config import SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.decisions.schema import ACTIONS, DECISIONS, STREAM
from pipelines.landing import file_row
from pipelines.provenance import Batch, LandingFile
from pipelines.rejects import UNKNOWN_CURRENCY, Reason, reject_row, rejects_table

BROKEN_CHAIN = "broken_chain"

_AMOUNT = re.compile(rb'^\{"action":"[a-z_]*","amount":"(-?[0-9]{1,14}(?:\.[0-9]{1,4})?)"')
_CURRENCY = re.compile(rb'"currency":"([A-Z]{3})"')
_DATE = re.compile(rb'"effective_date":"(\d{4}-\d\d-\d\d)"')
_ENTITY = re.compile(rb'"entity_id":"([^"\\]+)"')

_TEXTS = (
    "action", "decided_by", "os_user", "reason", "run_id", "reconciliation", "match_id", "match_rule_id",
    "exception_id", "document_type", "document_id", "currency", "difference_reason", "owner", "previous_hash",
    "hash",
)  # fmt: skip
_REQUIRED = ("action", "decided_by", "reason", "effective_date", "entity_id")


class _Cell(NamedTuple):
    entity_id: str
    currency: str
    business_date: date | None
    amount: Decimal


class _Invalid(ValueError):
    def __init__(self, reason: Reason, field: str, value: Any, expected: str) -> None:
        super().__init__(field)
        self.reason, self.field, self.value, self.expected = reason, field, str(value)[:80], expected


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """Batches of `decisions`, `rejects`, `control_totals` and the row of the file."""
    content = file.path.read_bytes()
    lines = content.split(b"\n")
    torn = lines.pop()
    broken = {problem.line: problem.message for problem in hash_chain.verify(file.path)}
    rows: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    declared: dict[tuple[str, str, date | None], list[Decimal]] = defaultdict(list)

    def reject(position: int, line: bytes, reason: str, message: str, **more: Any) -> None:
        cell = _cell(line, instance)
        found = reject_row(
            file,
            instance,
            stream=STREAM,
            position=position,
            reason=reason,
            message=f"line {position}: {message}",
            payload=line.decode(errors="replace"),
            currency=cell.currency,
            business_date=cell.business_date,
            amount=cell.amount,
            **more,
        )
        rejects.append({**found, "entity_id": cell.entity_id})

    for position, line in enumerate(lines, start=1):
        cell = _cell(line, instance)
        declared[cell.entity_id, cell.currency, cell.business_date].append(cell.amount)
        if position in broken:
            reject(position, line, BROKEN_CHAIN, broken[position])
            continue
        try:
            rows.append(_row(file, instance, position, line))
        except _Invalid as error:
            expected = f"{error.field} is '{error.value}', expected {error.expected}"
            reject(position, line, error.reason, expected, field=error.field, value=error.value)
    if torn:
        cell = _cell(torn, instance)
        declared[cell.entity_id, cell.currency, cell.business_date].append(cell.amount)
        message = "was cut off by a crash while it was written; the decision was not taken. It is moved aside with the next decision"
        reject(len(lines) + 1, torn, Reason.MALFORMED_RECORD, message)

    yield Batch("decisions", pa.Table.from_pylist(rows, schema=DECISIONS))
    yield Batch("rejects", rejects_table(rejects))
    cells = (
        {
            "entity_id": entity,
            "stream": STREAM,
            "currency": currency,
            "business_date": day,
            "declared_count": len(amounts),
            "declared_amount": sum(amounts, Decimal(0)),
        }
        for (entity, currency, day), amounts in declared.items()
    )
    yield Batch("control_totals", control_totals_table(file, instance, cells))
    count = len(lines) + bool(torn)
    yield Batch(
        "files",
        file_row(
            file,
            instance,
            format="decision_log",
            recognised_by="content",
            status="loaded",
            record_count=count,
        ),
    )


def _cell(line: bytes, instance: SourceInstance) -> _Cell:
    """What the line declares, found in its bytes."""

    def first(pattern: re.Pattern[bytes]) -> str | None:
        found = pattern.search(line)
        return found.group(1).decode(errors="replace") if found else None

    try:
        day = date.fromisoformat(first(_DATE) or "")
    except ValueError:
        day = None
    return _Cell(
        first(_ENTITY) or instance.entity_id,
        first(_CURRENCY) or UNKNOWN_CURRENCY,
        day,
        Decimal(first(_AMOUNT) or "0"),
    )


def _row(file: LandingFile, instance: SourceInstance, position: int, line: bytes) -> dict[str, Any]:
    """One line as a row of DECISIONS; the chain has proven that it is JSON with sequence and hashes."""
    entry = json.loads(line)
    for name in _REQUIRED:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise _Invalid(Reason.MISSING_FIELD, name, entry.get(name), "a text")
    if entry["action"] not in ACTIONS:
        raise _Invalid(Reason.UNEXPECTED_RECORD, "action", entry["action"], f"one of {', '.join(ACTIONS)}")
    return {
        **{name: _text(entry, name) for name in _TEXTS},
        "source_name": instance.name,
        "entity_id": entry["entity_id"],
        "load_id": file.load_id,
        "source_file": file.source_file,
        "source_position": position,
        "record_hash": sha256(line).hexdigest()[:32],
        "sequence": entry["sequence"],
        "recorded_at": _parsed(entry, "recorded_at", datetime.fromisoformat, "a time such as 2026-06-30T12:00:00+00:00"),
        "effective_date": _parsed(entry, "effective_date", date.fromisoformat, "a date such as 2026-06-30"),
        "undoes": _parsed(entry, "undoes", int, "the sequence of a decision"),
        "amount": _parsed(entry, "amount", _money, "an amount with at most 4 decimals, as text"),
        "changes_postings": bool(entry.get("changes_postings", True)),
        **{name: json.dumps(_list(entry, name), ensure_ascii=False) for name in ("items", "links", "removed")},
        "payload": line.decode(),
    }  # fmt: skip


def _text(entry: dict[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise _Invalid(Reason.INVALID_VALUE, name, value, "a text")
    return value


def _list(entry: dict[str, Any], name: str) -> list[Any]:
    value = entry.get(name, [])
    if not isinstance(value, list):
        raise _Invalid(Reason.INVALID_VALUE, name, value, "a list")
    return value


def _parsed(entry: dict[str, Any], name: str, parse: Any, expected: str) -> Any:
    value = entry.get(name)
    if value is None:
        return None
    try:
        return parse(value)
    except (ValueError, TypeError, InvalidOperation):
        raise _Invalid(Reason.INVALID_VALUE, name, value, expected) from None


def _money(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or value.as_tuple().exponent < -4 or abs(value) >= 10**14:
        raise ValueError(text)
    return value
