"""Where a record came from: the columns that every raw row carries, and the files they point to.

Source of the idea: an auditor walks from a published figure to the line of the file that caused it
(`source_name`, `source_file`, `source_position`, `record_hash`, `load_id`).
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

MONEY = pa.decimal128(18, 4)
RATE = pa.decimal128(18, 8)
TIMESTAMP = pa.timestamp("us", tz="UTC")

PROVENANCE = [
    pa.field("source_name", pa.string(), nullable=False),
    pa.field("entity_id", pa.string(), nullable=False),
    pa.field("load_id", pa.string(), nullable=False),
    pa.field("source_file", pa.string(), nullable=False),
    pa.field("source_position", pa.int64(), nullable=False),
    pa.field("record_hash", pa.string(), nullable=False),
]


class Batch(NamedTuple):
    """Rows for one raw table, typed by that table's schema."""

    table: str
    rows: pa.Table


class LandingFile(NamedTuple):
    """A file as received. `source_file` is its path below the landing folder, with `/`."""

    path: Path
    source_file: str
    load_id: str
    content_sha256: str
    size: int


def content_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_id(source_name: str, source_file: str, content: str) -> str:
    """Identity of one delivery: same source, name and content (hex sha256), same id, on any machine.

    It is derived from the content and not from the clock, because a run that crashed and was repeated
    must publish the same bytes as one that did not. A copy under another name is another delivery,
    whose records then count as duplicates.
    """
    return hashlib.sha256(f"{source_name}|{source_file}|{content}".encode()).hexdigest()[:16]
