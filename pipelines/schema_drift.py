"""Fields that a source sent and that we do not know: kept in `extra_json`, and listed here.

Belongs here: the shape of the list and how partial lists add up. A new field is no error: it is shown
to the people who own the source, because it may carry money that no model reads yet.
"""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from pipelines.config import SourceInstance
from pipelines.provenance import LandingFile

MAX_EXAMPLE = 200

SCHEMA_DRIFT = pa.schema(
    [
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("entity_id", pa.string(), nullable=False),
        pa.field("load_id", pa.string(), nullable=False),
        pa.field("source_file", pa.string(), nullable=False),
        pa.field("stream", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("example", pa.string()),
        pa.field("occurrences", pa.int64(), nullable=False),
    ]
)

_GROUP = ["source_name", "entity_id", "load_id", "source_file", "stream", "field"]


def schema_drift_table(
    file: LandingFile, instance: SourceInstance, fields: Iterable[dict[str, Any]]
) -> pa.Table:
    """Unknown fields as rows; each has stream, field (path), example and occurrences."""
    rows = [
        {
            "source_name": instance.name,
            "entity_id": instance.entity_id,
            "load_id": file.load_id,
            "source_file": file.source_file,
            **field,
            "example": None if field.get("example") is None else str(field["example"])[:MAX_EXAMPLE],
        }
        for field in fields
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA_DRIFT)


def merge_schema_drift(parts: Iterable[pa.Table]) -> pa.Table:
    """One row per unknown field of a file, with the smallest example, sorted."""
    table = pa.concat_tables([SCHEMA_DRIFT.empty_table(), *parts])
    if table.num_rows == 0:
        return table
    merged = table.group_by(_GROUP, use_threads=False).aggregate([("example", "min"), ("occurrences", "sum")])
    merged = merged.rename_columns(
        [name.removesuffix("_min").removesuffix("_sum") for name in merged.column_names]
    ).select(SCHEMA_DRIFT.names)
    return merged.cast(SCHEMA_DRIFT).sort_by([(name, "ascending") for name in _GROUP])
