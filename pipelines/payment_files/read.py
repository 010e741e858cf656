"""The reader of the kind: one payment file to batches, whatever is in it."""

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.agreement import disagreement
from pipelines.config import SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.landing import file_row, open_binary
from pipelines.payment_files.reading import Payments, Row, UnreadablePayments
from pipelines.payment_files.recognise import reader_of
from pipelines.payment_files.schema import INSTRUCTIONS, STATUSES, TABLES
from pipelines.provenance import Batch, LandingFile
from pipelines.rejects import (
    UNKNOWN_CURRENCY,
    UNKNOWN_STREAM,
    WHOLE_FILE,
    Reason,
    reject_row,
    rejects_table,
)

# Banks take files of some 100,000 payments; a packed file that exceeds it is a bomb.
LARGEST_FILE = 512 << 20
_BATCH = 50_000
_MESSAGE_POSITION = 1


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """Batches of one payment file. Never raises because of its content."""
    content = b""
    try:
        content = _content(file)
        payments = reader_of(content)(content)
        _agree(payments)
    except UnreadablePayments as error:
        yield from _refused(str(error), file, instance, content)
        return
    yield from _landed(payments, file, instance)


def _content(file: LandingFile) -> bytes:
    try:
        with open_binary(file.path) as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadablePayments(f"the file cannot be unpacked: {type(error).__name__}: {error}") from error
    if len(content) > LARGEST_FILE:
        raise UnreadablePayments(f"the file holds more than {LARGEST_FILE >> 20} MB")
    return content


def _agree(payments: Payments) -> None:
    """Two ways of reading must see the same records, or none of them is landed."""
    for stream, rows in ((INSTRUCTIONS, payments.instructions), (STATUSES, payments.statuses)):
        found: dict[Any, Any] = defaultdict(lambda: (0, Decimal(0)))
        cells = [
            (row["currency"], row["execution_date"], row["amount"])
            if stream == INSTRUCTIONS
            else (UNKNOWN_CURRENCY, None, Decimal(0))
            for row in rows
        ]
        cells += [(r.currency, r.business_date, r.amount) for r in payments.rejected if r.stream == stream]
        for currency, on, amount in cells:
            count, total = found[currency, on]
            found[currency, on] = (count + 1, total + amount)
        declared = {
            (currency, on): cell for (name, currency, on), cell in payments.declared.items() if name == stream
        }
        if (reason := disagreement(declared, found)) is not None:
            raise UnreadablePayments(f"{stream}: {reason}")


def _landed(payments: Payments, file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    provenance = {
        "source_name": instance.name,
        "entity_id": instance.entity_id,
        "load_id": file.load_id,
        "source_file": file.source_file,
    }
    message = {**payments.message, "format": payments.format}
    yield _batch("messages", [{**message, "position": _MESSAGE_POSITION}], provenance)
    for name, rows in (("instructions", payments.instructions), ("statuses", payments.statuses)):
        for start in range(0, len(rows), _BATCH):
            yield _batch(name, rows[start : start + _BATCH], provenance)
    for number, row in enumerate(payments.findings, 1):
        row |= {"finding_number": number, "position": _MESSAGE_POSITION, "message_id": message["message_id"]}
        row["currency"] = next((r["currency"] for r in payments.instructions), None)
        row["business_date"] = next((r["execution_date"] for r in payments.instructions), None) or (
            message["created_at"].date() if message["created_at"] else None
        )
    if payments.findings:
        yield _batch("findings", payments.findings, provenance)
    if payments.rejected:
        yield Batch("rejects", rejects_table(_rejects(payments, file, instance)))
    cells = [
        {"stream": stream, "currency": currency, "business_date": on, "declared_count": count, "declared_amount": amount}
        for (stream, currency, on), (count, amount) in payments.declared.items()
    ]  # fmt: skip
    yield Batch("control_totals", control_totals_table(file, instance, cells))
    yield Batch(
        "files",
        file_row(
            file, instance, format=payments.format, recognised_by="content", status="loaded",
            record_count=sum(count for count, _ in payments.declared.values()),
        ),
    )  # fmt: skip


def _batch(name: str, rows: list[Row], provenance: Row) -> Batch:
    schema = TABLES[name]
    complete = [
        {**provenance, "source_position": row["position"], "record_hash": _hash(row), **row} for row in rows
    ]
    return Batch(name, pa.Table.from_pylist(complete, schema=schema))


def _hash(row: Row) -> str:
    content = json.dumps(
        {name: str(value) for name, value in row.items() if name != "position"}, sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _rejects(payments: Payments, file: LandingFile, instance: SourceInstance) -> Iterator[Row]:
    for record in payments.rejected:
        reason = Reason.OUT_OF_RANGE if record.is_range else Reason.INVALID_VALUE
        yield reject_row(
            file, instance, stream=record.stream, position=record.position,
            reason=reason if record.value else Reason.MISSING_FIELD, field=record.field, value=record.value,
            expected=record.expected, payload=record.payload, currency=record.currency,
            business_date=record.business_date, amount=record.amount,
            message=f"payment {record.position}: {record.field} is {record.value[:80]!r}, expected {record.expected}",
        )  # fmt: skip


def _refused(reason: str, file: LandingFile, instance: SourceInstance, content: bytes) -> Iterator[Batch]:
    reject = reject_row(
        file, instance, stream=UNKNOWN_STREAM, position=WHOLE_FILE, reason=Reason.UNREADABLE_FILE,
        expected="a pain.001, pain.002, pain.008 or NACHA file", message=f"{file.source_file}: {reason}",
        payload=content[:65536].decode("utf-8", errors="replace"),
    )  # fmt: skip
    yield Batch("rejects", rejects_table([reject]))
    cell = {
        "stream": UNKNOWN_STREAM, "currency": UNKNOWN_CURRENCY, "business_date": None,
        "declared_count": 1, "declared_amount": Decimal(0),
    }  # fmt: skip
    yield Batch("control_totals", control_totals_table(file, instance, [cell]))
    yield Batch(
        "files",
        file_row(file, instance, format="unknown", recognised_by="none", status="rejected", record_count=1),
    )
