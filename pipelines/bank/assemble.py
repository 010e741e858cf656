"""From a format's reading to raw rows: provenance, identity, rejects, declared totals.

Belongs here: everything that is the same for all bank formats. Does not belong here: the formats, and
whether a statement ties: balances that do not add up are loaded as they are, and dbt raises them.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.agreement import LARGEST_SUM, added, cells_of, disagreement
from pipelines.bank.identity import digests, occurrences, transaction_ids
from pipelines.bank.reading import Reading, Statement, UnreadableFile
from pipelines.bank.runs import statement_runs
from pipelines.bank.schema import (
    NOT_BOOKED,
    STATEMENT_STREAM,
    STATEMENTS,
    TRANSACTION_DETAILS,
    TRANSACTION_STREAM,
    TRANSACTIONS,
)
from pipelines.config import SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.landing import file_row
from pipelines.provenance import MONEY, PROVENANCE, Batch, LandingFile
from pipelines.rejects import UNKNOWN_CURRENCY, Reason, reject_row, rejects_table
from pipelines.schema_drift import schema_drift_table

_ROWS = 50_000
# Not content: where a line stands may change when a statement is sent again.
_NOT_CONTENT = {field.name for field in PROVENANCE} | {
    "transaction_id",
    "statement_id",
    "statement_position",
    "line_number",
}


def batches(reading: Reading, file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """The batches of one file. Raises UnreadableFile when two counts of it disagree."""
    if reading.names_no_account:
        for statement in reading.statements:
            statement.account_number = statement.account_number or instance.name.upper()
    lines = _with_statement(reading)
    valid = _valid(lines)
    landed = lines.filter(valid)
    position = np.flatnonzero(valid.to_numpy(zero_copy_only=False))
    rejects = _rejects(reading, lines, pc.invert(valid), file, instance)
    statements, statement_rejects, statement_cells = _statements(reading, landed, file, instance)

    read = added(
        [
            cells_of(*(landed[name].combine_chunks() for name in ("currency", "booking_date", "amount"))),
            cells_of(*(rejects[name].combine_chunks() for name in ("currency", "business_date", "amount"))),
        ]
    )
    problem = disagreement(reading.declared, read)
    if problem is None and reading.declared_statements != len(reading.statements):
        problem = f"the file lists {reading.declared_statements} statements, but reading it gives {len(reading.statements)}"
    if problem:
        raise UnreadableFile(f"{reading.format}: {problem}")

    ids = _ids(reading, landed)
    landed = landed.append_column("transaction_id", ids)
    transactions = _provenance(landed, position + 1, file, instance, TRANSACTIONS)
    yield from _sliced("statements", statements)
    yield from _sliced("transactions", transactions)
    yield from _sliced("transaction_details", _details(reading, transactions, position))
    yield Batch("rejects", pa.concat_tables([rejects, statement_rejects]))
    yield Batch("control_totals", control_totals_table(file, instance, _cells(reading, statement_cells)))
    yield Batch(
        "schema_drift",
        schema_drift_table(
            file, instance, ({"stream": TRANSACTION_STREAM, **drift._asdict()} for drift in reading.drift)
        ),
    )
    yield Batch(
        "files",
        file_row(
            file,
            instance,
            format=reading.format,
            recognised_by=reading.recognised_by,
            status="loaded",
            record_count=lines.num_rows,
        ),
    )


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


def _with_statement(reading: Reading) -> pa.Table:
    """Lines with what they take from their statement, and their number in it."""
    lines = reading.lines.combine_chunks()
    owner = lines["statement"].combine_chunks()

    def of_statement(name: str) -> pa.Array:
        return pa.array([getattr(s, name) for s in reading.statements], pa.string()).take(owner)

    return (
        lines.append_column("statement_id", of_statement("statement_id"))
        .append_column("statement_position", pc.add(owner, 1))
        .append_column("account_number", of_statement("account_number"))
        .append_column("account_currency", of_statement("account_currency"))
        .append_column("line_number", pa.array(occurrences(owner), pa.int64()))
    )


def _valid(lines: pa.Table) -> pa.Array:
    masks = [pc.is_valid(lines[name]) for name in ("amount", "currency", "booking_date", "account_number")]
    return pc.and_(pc.and_(masks[0], masks[1]), pc.and_(masks[2], masks[3])).combine_chunks()


# Column, the raw text that a reject quotes, what was expected.
_REQUIRED = (
    (
        "amount",
        "amount_text",
        "an unsigned amount of up to 14 digits and 4 decimals, and a credit or debit mark",
    ),
    ("currency", "currency_text", "a currency code of three capital letters (ISO 4217)"),
    ("booking_date", "date_text", "a calendar date (ISO 8601 in XML, YYMMDD in MT940)"),
    ("account_number", "account_number", "an account in the statement header (Acct/Id or :25:)"),
)


def _rejects(
    reading: Reading, lines: pa.Table, invalid: pa.Array, file: LandingFile, instance: SourceInstance
) -> pa.Table:
    bad = np.flatnonzero(invalid.to_numpy(zero_copy_only=False))
    quoted = [
        "amount",
        "currency",
        "booking_date",
        "account_number",
        "amount_text",
        "sign_text",
        "currency_text",
        "date_text",
    ]
    rows = lines.select(quoted).take(pa.array(bad)).to_pylist()
    return rejects_table(
        _reject(row, reading.payload(int(at)), int(at) + 1, file, instance)
        for at, row in zip(bad.tolist(), rows, strict=True)
    )


def _reject(
    row: dict[str, Any], payload: str, position: int, file: LandingFile, instance: SourceInstance
) -> dict[str, Any]:
    field, text, expected = next(required for required in _REQUIRED if row[required[0]] is None)
    value = row[text]
    if field == "amount" and value is not None:
        value = f"{value} {row['sign_text'] or '(no credit or debit mark)'}"
    return reject_row(
        file,
        instance,
        stream=TRANSACTION_STREAM,
        position=position,
        reason=Reason.MISSING_FIELD if value is None else Reason.INVALID_VALUE,
        message=f"statement line {position} has {'no' if value is None else 'an unusable'} {field.replace('_', ' ')}",
        payload=payload,
        field=field,
        value=value,
        expected=expected,
        currency=row["currency"] or UNKNOWN_CURRENCY,
        business_date=row["booking_date"],
        amount=row["amount"] if row["amount"] is not None else Decimal(0),
    )


def _statements(
    reading: Reading, landed: pa.Table, file: LandingFile, instance: SourceInstance
) -> tuple[pa.Table, pa.Table, dict[tuple[str, date | None], int]]:
    """Rows, rejects and declared cells of the statements."""
    # A pending entry has not moved the balance yet.
    is_pending = pc.fill_null(pc.is_in(landed["entry_status"], pa.array(NOT_BOOKED)), False)
    moved = pc.if_else(is_pending, pa.scalar(Decimal(0), MONEY), landed["amount"])
    movements = (
        landed.select(["statement", "booking_date"])
        .append_column("amount", moved)
        .group_by("statement", use_threads=False)
        .aggregate([("amount", "sum"), ("amount", "count"), ("booking_date", "min"), ("booking_date", "max")])
        .to_pylist()
    )
    by_statement = {row["statement"]: row for row in movements}
    largest = max((abs(row["amount_sum"] or 0) for row in movements), default=Decimal(0))
    if largest >= LARGEST_SUM:
        raise UnreadableFile(
            f"the lines of a statement add up to {largest:f}; more than 14 digits cannot be stored"
        )
    rows, rejects = [], []
    cells: dict[tuple[str, date | None], int] = defaultdict(int)
    for index, statement in enumerate(reading.statements):
        row = _statement_row(statement, by_statement.get(index, {}), reading.format)
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
                    expected=_REQUIRED[3][2],
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
        _provenance(table.drop_columns(["source_position"]), position, file, instance, STATEMENTS),
        rejects_table(rejects),
        cells,
    )


def _statement_row(statement: Statement, movement: dict[str, Any], format_: str) -> dict[str, Any]:
    row = {name: getattr(statement, name) for name in _STATEMENT_FIELDS}
    first, last = movement.get("booking_date_min"), movement.get("booking_date_max")
    row["to_date"] = (
        statement.to_date or statement.closing_balance_date or last or statement.opening_balance_date
    )
    row["from_date"] = statement.from_date or first or row["to_date"]
    row["movement_amount"] = movement.get("amount_sum") or Decimal(0)
    row["line_count"] = movement.get("amount_count") or 0
    row["format"] = format_
    return row


_STATEMENT_FIELDS = [name for name in Statement.__dataclass_fields__ if name in STATEMENTS.names]


def _ids(reading: Reading, landed: pa.Table) -> pa.Array:
    groups = pa.array(statement_runs(reading.statements), pa.int64())
    columns = {
        name: landed[name].combine_chunks()
        for name in (
            "account_number", "booking_date", "amount", "currency", "servicer_reference", "end_to_end_id",
            "remittance_text", "counterparty_account", "entry_status",
        )
    }  # fmt: skip
    return transaction_ids(**columns, statement=groups.take(landed["statement"].combine_chunks()))


def _details(reading: Reading, transactions: pa.Table, position: np.ndarray) -> pa.Table:
    """Details of the landed lines; each carries the provenance of its line."""
    row_of_line = np.full(reading.lines.num_rows, -1, np.int64)
    row_of_line[position] = np.arange(position.size)
    parent = (
        row_of_line[reading.details["line"].to_numpy()] if reading.details.num_rows else np.empty(0, np.int64)
    )
    kept = np.flatnonzero(parent >= 0)
    details = reading.details.take(pa.array(kept))
    of_parent = transactions.take(pa.array(parent[kept]))
    return pa.table(
        [
            (
                of_parent
                if field.name in of_parent.column_names and field.name not in details.column_names
                else details
            )[field.name].cast(field.type)
            for field in TRANSACTION_DETAILS
        ],
        schema=TRANSACTION_DETAILS,
    )


def _provenance(
    table: pa.Table, position: np.ndarray, file: LandingFile, instance: SourceInstance, schema: pa.Schema
) -> pa.Table:
    content = [
        table[field.name].combine_chunks()
        for field in schema
        if field.name in table.column_names and field.name not in _NOT_CONTENT
    ]
    constants = {
        "source_name": instance.name,
        "entity_id": instance.entity_id,
        "load_id": file.load_id,
        "source_file": file.source_file,
    }
    columns: dict[str, Any] = {name: pa.repeat(value, table.num_rows) for name, value in constants.items()}
    columns["source_position"] = pa.array(position, pa.int64())
    columns["record_hash"] = pa.array(digests(content, 32), pa.string())
    return pa.table(
        [
            columns[field.name] if field.name in columns
            else table[field.name].cast(field.type) if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )  # fmt: skip


def _cells(reading: Reading, statements: dict[tuple[str, date | None], int]) -> Iterator[dict[str, Any]]:
    for (currency, day), (count, amount) in reading.declared.items():
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
