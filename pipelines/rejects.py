"""Records that could not be landed: kept with reason, place and payload, never dropped.

Belongs here: the shape of a reject and the words for its reasons. What is rejected is decided by each
reader; rejects count in the control totals (declared = landed + rejected), so each has the stream,
currency, business date and amount of the record where these could still be read.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pyarrow as pa

from pipelines.config import SourceInstance
from pipelines.provenance import MONEY, PROVENANCE, LandingFile

MAX_VALUE = 200
MAX_PAYLOAD = 64 * 1024
UNKNOWN_CURRENCY = "XXX"  # ISO 4217: no currency
UNKNOWN_STREAM = "unknown"
WHOLE_FILE = 0  # source_position of a reject that stands for a file

REJECTS = pa.schema(
    [
        *PROVENANCE,
        pa.field("stream", pa.string()),
        pa.field("currency", pa.string()),
        pa.field("business_date", pa.date32()),
        pa.field("amount", MONEY),
        pa.field("reason_code", pa.string()),
        pa.field("field", pa.string()),
        pa.field("value", pa.string()),
        pa.field("expected", pa.string()),
        pa.field("message", pa.string()),
        pa.field("payload", pa.string()),
    ]
)


class Reason(StrEnum):
    """Why a record or file was not landed."""

    UNREADABLE_FILE = "unreadable_file"  # the whole file: truncated, not the format, wrong encoding
    MALFORMED_RECORD = "malformed_record"  # the record's text cannot be parsed
    UNEXPECTED_RECORD = "unexpected_record"  # parsed, but not an object of this source
    MISSING_FIELD = "missing_field"  # a required field is absent, null or empty
    INVALID_VALUE = "invalid_value"  # a field is not of its type (amount, date, number, boolean)
    OUT_OF_RANGE = "out_of_range"  # more decimals or digits than an exact amount can hold


def reject_row(
    file: LandingFile,
    instance: SourceInstance,
    *,
    stream: str,
    position: int,
    reason: str,
    message: str,
    payload: str = "",
    field: str | None = None,
    value: str | None = None,
    expected: str | None = None,
    currency: str = UNKNOWN_CURRENCY,
    business_date: date | None = None,
    amount: Decimal = Decimal(0),
) -> dict[str, Any]:
    """One reject. `position` is the record's ordinal in the file, or `WHOLE_FILE`.

    Unknown currency, date and amount stay `XXX`, null and 0, as they do in the declared totals.
    """
    return {
        "source_name": instance.name,
        "entity_id": instance.entity_id,
        "load_id": file.load_id,
        "source_file": file.source_file,
        "source_position": position,
        "record_hash": hashlib.sha256(payload.encode(errors="replace")).hexdigest()[:32],
        "stream": stream,
        "currency": currency,
        "business_date": business_date,
        "amount": amount,
        "reason_code": str(reason),
        "field": field,
        "value": None if value is None else value[:MAX_VALUE],
        "expected": expected,
        "message": message,
        "payload": shorten_payload(payload),
    }


def rejects_table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=REJECTS)


def shorten_payload(payload: str) -> str:
    """The first 64 KiB of the payload, cut between characters."""
    encoded = payload.encode(errors="replace")
    return encoded[:MAX_PAYLOAD].decode(errors="ignore")
