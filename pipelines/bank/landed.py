"""Lines on their way from a reading to raw rows: what can be done with a part of a file alone.

Belongs here: validity, rejects, provenance and identity of the lines of one part (a whole file, when it is
small), and what the other parts must know of it. Does not belong here: how parts are put together
(`assemble`), cut (`parts`) or read at the same time (`parallel`).

`transaction_id` lacks its number here: how many equal lines came before is known when all parts are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.agreement import added, cells_of
from pipelines.bank.identifiers import wrong_bics, wrong_ibans
from pipelines.bank.identity import digests, line_keys, line_stems, occurrences
from pipelines.bank.reading import Cells, Drift, Reading, Statement
from pipelines.bank.schema import NOT_BOOKED, TRANSACTION_DETAILS, TRANSACTION_STREAM, TRANSACTIONS
from pipelines.config import SourceInstance
from pipelines.provenance import MONEY, PROVENANCE, LandingFile
from pipelines.rejects import UNKNOWN_CURRENCY, Reason, reject_row, rejects_table

# Not content: where a line stands may change when a statement is sent again.
_NOT_CONTENT = {field.name for field in PROVENANCE} | {
    "transaction_id",
    "statement_id",
    "statement_position",
    "line_number",
    "is_cut_off",  # said in words by control_problem
}
_PARENT = "parent_row"
# What the payload lists of a stretch that cannot be read: one record of nobody knows what.
ONE_UNREAD: Cells = {(UNKNOWN_CURRENCY, None): (1, Decimal(0))}


@dataclass
class Landed:
    """One part. Ordinals (statement, source_position, line_number) count within it.

    transactions: rows of `raw_bank.transactions` and `statement`, their statement's index here.
    details: rows of `raw_bank.transaction_details` and `parent_row`, their line's index in transactions.
    keys: a number per line, equal for equal lines of one account. lines_of: lines per statement, with
    rejected ones. movements: per statement, what its booked lines sum up to. is_continued: the first
    statement goes on from the part before. stored: the file that holds the two tables instead.
    """

    format: str
    recognised_by: str
    statements: list[Statement]
    transactions: pa.Table
    details: pa.Table
    rejects: pa.Table
    keys: npt.NDArray[np.uint64]
    owner: npt.NDArray[np.int64]
    lines: int
    lines_of: list[int]
    movements: dict[int, dict[str, Any]]
    declared: Cells
    declared_statements: int
    read: Cells
    drift: list[Drift] = field(default_factory=list)
    is_continued: bool = False
    stored: Path | None = None

    def store(self, path: Path) -> None:
        """Put the tables into a file, so that a part that waits needs no memory."""
        self.stored = path
        for name in ("transactions", "details"):
            table = getattr(self, name)
            with pa.OSFile(f"{path}.{name}", "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
            setattr(self, name, table.schema.empty_table())

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Transactions and details, from the file when they are there (it is removed)."""
        if self.stored is None:
            return self.transactions, self.details
        read = []
        for name in ("transactions", "details"):
            path = Path(f"{self.stored}.{name}")
            with pa.OSFile(str(path)) as source:
                read.append(pa.ipc.open_file(source).read_all())
            path.unlink()
        return read[0], read[1]


def landed(reading: Reading, file: LandingFile, instance: SourceInstance) -> Landed:
    """One reading as rows. The whole of the work per line is done here."""
    if reading.names_no_account:
        for statement in reading.statements:
            statement.account_number = statement.account_number or instance.name.upper()
    lines = _with_statement(reading)
    valid = _valid(lines)
    kept = lines.filter(valid)
    position = np.flatnonzero(valid.to_numpy(zero_copy_only=False))
    rejects = _rejects(reading, lines, pc.invert(valid), file, instance)
    declared = reading.declared
    if reading.lost:
        # As for a file that cannot be read at all: somebody has to get a whole one.
        lost = _malformed(*reading.lost, lines.num_rows + 1, file, instance, Reason.UNREADABLE_FILE)
        rejects = pa.concat_tables([rejects, rejects_table([lost])])
        declared = added([declared, ONE_UNREAD])
    owner = kept["statement"].to_numpy()
    content, stems = line_stems(
        **{
            name: kept[name].combine_chunks()
            for name in (
                "account_number", "booking_date", "amount", "currency", "servicer_reference", "end_to_end_id",
                "remittance_text", "counterparty_account", "entry_status",
            )
        }
    )  # fmt: skip
    transactions = with_provenance(
        kept.append_column("transaction_id", stems), position + 1, file, instance, TRANSACTIONS
    )
    return Landed(
        format=reading.format,
        recognised_by=reading.recognised_by,
        statements=reading.statements,
        transactions=transactions.append_column("statement", pa.array(owner)),
        details=_details(reading, transactions, position),
        rejects=rejects,
        keys=line_keys(content, kept["booking_date"]),
        owner=owner,
        lines=lines.num_rows + bool(reading.lost),
        lines_of=np.bincount(
            lines["statement"].to_numpy(), minlength=len(reading.statements)
        ).tolist(),
        movements=_movements(kept),
        declared=declared,
        declared_statements=reading.declared_statements,
        read=added(
            [
                cells_of(*(kept[name].combine_chunks() for name in ("currency", "booking_date", "amount"))),
                cells_of(*(rejects[name].combine_chunks() for name in ("currency", "business_date", "amount"))),
            ]
        ),
        drift=[
            *reading.drift,
            *wrong_ibans(kept["counterparty_account"].combine_chunks()),
            *wrong_bics(kept["counterparty_bank"].combine_chunks()),
        ],
    )  # fmt: skip


def refused_part(reason: str, file: LandingFile, instance: SourceInstance, payload: str) -> Landed:
    """A part that cannot be read, declared and rejected as one record."""
    reject = _malformed(reason, payload, 1, file, instance)
    columns = TRANSACTIONS.append(pa.field("statement", pa.int64()))
    return Landed(
        format="unknown",
        recognised_by=reason,
        statements=[],
        transactions=columns.empty_table(),
        details=TRANSACTION_DETAILS.append(pa.field(_PARENT, pa.int64())).empty_table(),
        rejects=rejects_table([reject]),
        keys=np.empty(0, np.uint64),
        owner=np.empty(0, np.int64),
        lines=1,
        lines_of=[],
        movements={},
        declared=ONE_UNREAD,
        declared_statements=0,
        read=ONE_UNREAD,
    )


def _malformed(
    message: str,
    payload: str,
    position: int,
    file: LandingFile,
    instance: SourceInstance,
    reason: Reason = Reason.MALFORMED_RECORD,
) -> dict[str, Any]:
    return reject_row(
        file,
        instance,
        stream=TRANSACTION_STREAM,
        position=position,
        reason=reason,
        message=message,
        expected="a statement in a known bank format, whole",
        payload=payload,
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
REQUIRED = (
    (
        "amount",
        "amount_text",
        "an unsigned amount of up to 13 digits and 4 decimals, and a credit or debit mark",
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
    field_, text, expected = next(required for required in REQUIRED if row[required[0]] is None)
    value = row[text]
    if field_ == "amount" and value is not None:
        value = f"{value} {row['sign_text'] or '(no credit or debit mark)'}"
    return reject_row(
        file,
        instance,
        stream=TRANSACTION_STREAM,
        position=position,
        reason=Reason.MISSING_FIELD if value is None else Reason.INVALID_VALUE,
        message=f"a statement line has {'no' if value is None else 'an unusable'} {field_.replace('_', ' ')}",
        payload=payload,
        field=field_,
        value=value,
        expected=expected,
        currency=row["currency"] or UNKNOWN_CURRENCY,
        business_date=row["booking_date"],
        amount=row["amount"] if row["amount"] is not None else Decimal(0),
    )


def _movements(lines: pa.Table) -> dict[int, dict[str, Any]]:
    """Sum, count, first and last day of the booked lines, by statement."""
    # A pending entry has not moved the balance yet.
    is_pending = pc.fill_null(pc.is_in(lines["entry_status"], pa.array(NOT_BOOKED)), False)
    moved = pc.if_else(is_pending, pa.scalar(Decimal(0), MONEY), lines["amount"])
    rows = (
        lines.select(["statement", "booking_date"])
        .append_column("amount", moved)
        .group_by("statement", use_threads=False)
        .aggregate([("amount", "sum"), ("amount", "count"), ("booking_date", "min"), ("booking_date", "max")])
        .to_pylist()
    )
    return {
        row["statement"]: {
            "amount": row["amount_sum"] or Decimal(0),
            "count": row["amount_count"],
            "first": row["booking_date_min"],
            "last": row["booking_date_max"],
        }
        for row in rows
    }


def joined_movements(parts: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """What the pieces of one statement sum up to together."""
    amount, count = Decimal(0), 0
    days: list[date] = []
    for part in parts:
        amount, count = amount + part["amount"], count + part["count"]
        days += [day for day in (part["first"], part["last"]) if day is not None]
    return {
        "amount": amount,
        "count": count,
        "first": min(days, default=None),
        "last": max(days, default=None),
    }


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
    rows = pa.table(
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
    return rows.append_column(_PARENT, pa.array(parent[kept]))


def with_provenance(
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
