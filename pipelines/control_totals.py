"""What a source says it sent: counts and amounts per currency and business date, per file.

Belongs here: the shape of a declaration and how partial ones add up. A reader measures it on another
path than the one that lands the rows (trailer, balances, a count over the payload), because a total
that is computed from the landed rows can never find a lost one.
"""

from collections.abc import Iterable
from typing import Any, Literal

import pyarrow as pa

from pipelines.config import SourceInstance
from pipelines.provenance import MONEY, LandingFile

DeclaredBy = Literal["payload_count", "file_trailer", "statement_balance", "api_count"]

CONTROL_TOTALS = pa.schema(
    [
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("entity_id", pa.string(), nullable=False),
        pa.field("load_id", pa.string(), nullable=False),
        pa.field("source_file", pa.string(), nullable=False),
        pa.field("stream", pa.string(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("business_date", pa.date32()),
        pa.field("declared_count", pa.int64(), nullable=False),
        pa.field("declared_amount", MONEY, nullable=False),
        pa.field("declared_by", pa.string(), nullable=False),
    ]
)

_GROUP = [
    "source_name",
    "entity_id",
    "load_id",
    "source_file",
    "stream",
    "currency",
    "business_date",
    "declared_by",
]


def control_totals_table(
    file: LandingFile,
    instance: SourceInstance,
    cells: Iterable[dict[str, Any]],
    declared_by: DeclaredBy = "payload_count",
) -> pa.Table:
    """Declared cells as rows; each cell has stream, currency, business_date, declared_count and
    declared_amount (Decimal), and may have its own declared_by."""
    rows = [
        {
            "source_name": instance.name,
            "entity_id": instance.entity_id,
            "load_id": file.load_id,
            "source_file": file.source_file,
            "declared_by": declared_by,
            **cell,
        }
        for cell in cells
    ]
    return pa.Table.from_pylist(rows, schema=CONTROL_TOTALS)


def merge_control_totals(parts: Iterable[pa.Table]) -> pa.Table:
    """One row per cell of a file, sorted: a reader that works in chunks declares in chunks.

    Two identical rows of one file can then only be a replay of a crashed load, which staging removes
    with `distinct`; a chunked declaration would otherwise be mistaken for one and money would vanish.
    """
    table = pa.concat_tables([CONTROL_TOTALS.empty_table(), *parts])
    if table.num_rows == 0:
        return table
    summed = table.group_by(_GROUP, use_threads=False).aggregate(
        [("declared_count", "sum"), ("declared_amount", "sum")]
    )
    summed = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names]).select(
        CONTROL_TOTALS.names
    )
    return summed.cast(CONTROL_TOTALS).sort_by([(name, "ascending") for name in _GROUP])
