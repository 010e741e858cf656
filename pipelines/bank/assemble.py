"""From a format's reading to raw rows: provenance, identity, rejects, declared totals.

Belongs here: everything that is the same for all bank formats. Does not belong here: the formats, and
whether a statement ties: balances that do not add up are loaded as they are, and dbt raises them.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.agreement import LARGEST_SUM, added, disagreement
from pipelines.bank.identity import numbered, occurrences_within
from pipelines.bank.landed import REQUIRED, Landed, joined_movements, landed, with_provenance
from pipelines.bank.reading import Cells, Drift, Reading, Statement, UnreadableFile
from pipelines.bank.runs import statement_runs
from pipelines.bank.schema import (
    STATEMENT_STREAM,
    STATEMENTS,
    TRANSACTION_DETAILS,
    TRANSACTION_STREAM,
    TRANSACTIONS,
)
from pipelines.config import SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.landing import file_row
from pipelines.provenance import PROVENANCE, Batch, LandingFile
from pipelines.rejects import REJECTS, UNKNOWN_CURRENCY, Reason, reject_row, rejects_table
from pipelines.schema_drift import schema_drift_table

_ROWS = 50_000


def batches(reading: Reading, file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """The batches of one file. Raises UnreadableFile when two counts of it disagree."""
    yield from batches_of_parts([landed(reading, file, instance)], file, instance)


def batches_of_parts(parts: list[Landed], file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """The batches of a file from its parts, in their order. Nothing is yielded before all counts agree."""
    places, statements, formats = _places(parts)
    declared = added(part.declared for part in parts)
    _agree(parts, declared, len(statements))
    movements = {index: joined_movements(own) for index, own in _by_statement(parts, places).items()}
    rows, statement_rejects, statement_cells = _statements(formats, statements, movements, file, instance)
    yield from _sliced("statements", rows)
    yield from _lines(parts, places, statements)
    rejects = [_moved(part.rejects, place["line"]) for part, place in zip(parts, places, strict=True)]
    yield Batch("rejects", pa.concat_tables([REJECTS.empty_table(), *rejects, statement_rejects]))
    yield Batch("control_totals", control_totals_table(file, instance, _cells(declared, statement_cells)))
    yield Batch(
        "schema_drift",
        schema_drift_table(
            file, instance, ({"stream": TRANSACTION_STREAM, **drift._asdict()} for drift in _drift(parts))
        ),
    )
    yield Batch(
        "files",
        file_row(
            file,
            instance,
            format=", ".join(dict.fromkeys(part.format for part in parts if part.statements)) or "unknown",
            recognised_by=next((part for part in parts if part.statements), parts[0]).recognised_by,
            status="loaded",
            record_count=sum(part.lines for part in parts),
        ),
    )


def _places(parts: list[Landed]) -> tuple[list[dict[str, Any]], list[Statement], list[str]]:
    """Where each part begins in the file (statement, line, line of its first statement), the statements, each
    put together from its pieces, and their formats."""
    places: list[dict[str, Any]] = []
    statements: list[Statement] = []
    formats: list[str] = []
    line, lines_of_last = 0, 0
    for part in parts:
        first = len(statements) - 1 if part.is_continued else len(statements)
        places.append(
            {"statement": first, "line": line, "line_number": lines_of_last if part.is_continued else 0}
        )
        if part.is_continued:
            statements[-1] = _put_together(statements[-1], part.statements[0])
        statements.extend(part.statements[1 if part.is_continued else 0 :])
        formats += [part.format] * (len(statements) - len(formats))
        is_same = part.is_continued and len(part.statements) == 1
        lines_of_last = (part.lines_of or [0])[-1] + (lines_of_last if is_same else 0)
        line += part.lines
    return places, statements, formats


# What only the last piece of a statement can tell.
_OF_THE_END = ("control_problem", "control_residual_amount", "is_cut_off")


def _put_together(earlier: Statement, later: Statement) -> Statement:
    """The later piece knows the header too, and what came after the lines; the earlier fills its gaps, but
    cannot tell what is missing at the end."""
    known = {
        field.name: getattr(earlier, field.name)
        for field in fields(Statement)
        if getattr(later, field.name) is None and field.name not in _OF_THE_END
    }
    return replace(later, **known)


def _agree(parts: list[Landed], declared: Cells, statements: int) -> None:
    problem = disagreement(declared, added(part.read for part in parts))
    listed = sum(part.declared_statements - part.is_continued for part in parts)
    if problem is None and listed != statements:
        problem = f"the file lists {listed} statements, but reading it gives {statements}"
    if problem:
        raise UnreadableFile(f"{parts[0].format}: {problem}")


def _by_statement(parts: list[Landed], places: list[dict[str, Any]]) -> dict[int, Iterator[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for part, place in zip(parts, places, strict=True):
        for index, movement in part.movements.items():
            found[place["statement"] + index].append(movement)
    return {index: iter(own) for index, own in found.items()}


def _lines(parts: list[Landed], places: list[dict[str, Any]], statements: list[Statement]) -> Iterator[Batch]:
    """Transactions and details, a part at a time, with what only the whole file knows of them."""
    runs = np.array(statement_runs(statements), np.int64)
    owners = [part.owner + place["statement"] for part, place in zip(parts, places, strict=True)]
    number = occurrences_within(runs[np.concatenate(owners)], np.concatenate([part.keys for part in parts]))
    names = pa.array([statement.statement_id for statement in statements], pa.string())
    start = 0
    for part, place, owner in zip(parts, places, owners, strict=True):
        transactions, details = part.tables()
        ids = numbered(transactions["transaction_id"].combine_chunks(), number[start : start + owner.size])
        start += owner.size
        is_first = part.owner == 0
        line_number = transactions["line_number"].to_numpy() + np.where(is_first, place["line_number"], 0)
        changed = {
            "transaction_id": ids,
            "statement_id": names.take(pa.array(owner)),
            "statement_position": pa.array(owner + 1),
            "line_number": pa.array(line_number),
        }
        parent = details["parent_row"].combine_chunks()
        yield from _sliced(
            "transactions", _moved(_with(transactions, changed), place["line"]).select(TRANSACTIONS.names)
        )
        yield from _sliced(
            "transaction_details",
            _moved(_with(details, {"transaction_id": ids.take(parent)}), place["line"]).select(
                TRANSACTION_DETAILS.names
            ),
        )


def _with(table: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    for name, column in columns.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at), column)
    return table


def _moved(table: pa.Table, lines: int) -> pa.Table:
    """The rows of a part at their place in the file."""
    if not lines or not table.num_rows:
        return table
    position = table["source_position"].to_numpy() + lines
    return _with(table, {"source_position": pa.array(position)})


def _drift(parts: list[Landed]) -> list[Drift]:
    found: dict[str, Drift] = {}
    for drift in (drift for part in parts for drift in part.drift):
        before = found.get(drift.field)
        found[drift.field] = (
            drift._replace(example=before.example, occurrences=before.occurrences + drift.occurrences)
            if before
            else drift
        )
    return list(found.values())


def refused(reason: str, file: LandingFile, instance: SourceInstance, payload: str) -> Iterator[Batch]:
    """The batches of a file that cannot be read: declared as one record, rejected as one record."""
    reject = reject_row(
        file,
        instance,
        stream=TRANSACTION_STREAM,
        position=0,
        reason=Reason.UNREADABLE_FILE,
        message=reason,
        expected="a statement in camt.052, camt.053, camt.054, MT940, MT942, BAI2, OFX, QIF or CODA",
        payload=payload,
    )
    yield Batch("rejects", rejects_table([reject]))
    yield Batch(
        "control_totals",
        control_totals_table(
            file,
            instance,
            [
                {
                    "stream": TRANSACTION_STREAM,
                    "currency": UNKNOWN_CURRENCY,
                    "business_date": None,
                    "declared_count": 1,
                    "declared_amount": Decimal(0),
                }
            ],
        ),
    )
    yield Batch(
        "files",
        file_row(file, instance, format="unknown", recognised_by=reason, status="rejected", record_count=1),
    )


def _statements(
    formats: list[str],
    statements: list[Statement],
    movements: dict[int, dict[str, Any]],
    file: LandingFile,
    instance: SourceInstance,
) -> tuple[pa.Table, pa.Table, dict[tuple[str, date | None], int]]:
    """Rows, rejects and declared cells of the statements."""
    largest = max((abs(movement["amount"]) for movement in movements.values()), default=Decimal(0))
    if largest >= LARGEST_SUM:
        raise UnreadableFile(
            f"the lines of a statement add up to {largest:f}; more than 13 digits cannot be stored"
        )
    rows, rejects = [], []
    cells: dict[tuple[str, date | None], int] = defaultdict(int)
    for index, statement in enumerate(statements):
        row = _statement_row(statement, movements.get(index, {}), formats[index])
        cell = (row["account_currency"] or UNKNOWN_CURRENCY, row["to_date"])
        cells[cell] += 1
        if row["account_number"] is None:
            rejects.append(
                reject_row(
                    file,
                    instance,
                    stream=STATEMENT_STREAM,
                    position=index + 1,
                    reason=Reason.MISSING_FIELD,
                    message=f"statement {index + 1} names no account",
                    field="account_number",
                    expected=REQUIRED[3][2],
                    payload=str(statement),
                    currency=cell[0],
                    business_date=cell[1],
                )
            )
        else:
            rows.append({**row, "source_position": index + 1})
    table = pa.Table.from_pylist(
        rows,
        schema=pa.schema([pa.field("source_position", pa.int64()), *list(STATEMENTS)[len(PROVENANCE) :]]),
    )
    position = table["source_position"].to_numpy()
    return (
        with_provenance(table.drop_columns(["source_position"]), position, file, instance, STATEMENTS),
        rejects_table(rejects),
        cells,
    )


def _statement_row(statement: Statement, movement: dict[str, Any], format_: str) -> dict[str, Any]:
    row = {name: getattr(statement, name) for name in _STATEMENT_FIELDS}
    first, last = movement.get("first"), movement.get("last")
    row["to_date"] = (
        statement.to_date or statement.closing_balance_date or last or statement.opening_balance_date
    )
    row["from_date"] = statement.from_date or first or row["to_date"]
    row["movement_amount"] = movement.get("amount", Decimal(0))
    row["line_count"] = movement.get("count", 0)
    row["format"] = format_
    return row


_STATEMENT_FIELDS = [name for name in Statement.__dataclass_fields__ if name in STATEMENTS.names]


def _cells(declared: Cells, statements: dict[tuple[str, date | None], int]) -> Iterator[dict[str, Any]]:
    for (currency, day), (count, amount) in declared.items():
        yield {
            "stream": TRANSACTION_STREAM,
            "currency": currency,
            "business_date": day,
            "declared_count": count,
            "declared_amount": amount,
        }
    for (currency, day), count in statements.items():
        yield {
            "stream": STATEMENT_STREAM,
            "currency": currency,
            "business_date": day,
            "declared_count": count,
            "declared_amount": Decimal(0),
        }


def _sliced(table: str, rows: pa.Table) -> Iterator[Batch]:
    for start in range(0, rows.num_rows, _ROWS):
        yield Batch(table, rows.slice(start, _ROWS))
