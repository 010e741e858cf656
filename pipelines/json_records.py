"""From documents to records: every page, array and line opened into its single objects.

Belongs here: positions and hashes of records, and documents that cannot be opened. Does not belong
here: the fields of a record (`json_shredding`).
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.json_documents import UnreadableFile, layout, read_document, read_lines
from pipelines.json_objects import JsonSource

# A page may be large; its records go on in slices of this many, so that memory stays bounded.
SLICE = 10_000

RECORDS = pa.schema(
    [
        pa.field("source_position", pa.int64()),
        pa.field("record_hash", pa.string()),
        pa.field("text", pa.string()),  # minified; as received when is_malformed
        pa.field("context", pa.string()),
        pa.field("is_malformed", pa.bool_()),
    ]
)


def read_records(connection: duckdb.DuckDBPyConnection, source: JsonSource, path: Path) -> Iterator[pa.Table]:
    """Records in slices (RECORDS), numbered from 1 through the file.

    A line that is no JSON is one record with is_malformed. Raises UnreadableFile, before the first
    slice, when the whole file is one document and cannot be read.
    """
    position = 0
    is_document = layout(path) == "document"
    for documents in [read_document(path)] if is_document else read_lines(path):
        records = _open(connection, source, documents)
        if is_document and any(records.column("is_malformed").to_pylist()):
            raise UnreadableFile(_json_error(documents.column("text")[0].as_py()))
        for start in range(0, records.num_rows, SLICE):
            part = records.slice(start, SLICE)
            yield _numbered(part, position + start)
        position += records.num_rows


def _open(connection: duckdb.DuckDBPyConnection, source: JsonSource, documents: pa.Table) -> pa.Table:
    """text, context, is_malformed: one row per record, in order."""
    keys = ["$", f"$.{source.list_at}"] + ([f"$.{source.wrapper}"] if source.wrapper else [])
    wrapped = (
        f"when types[3] = 'OBJECT' then [cast(json_extract(clean, '$.{source.wrapper}') as varchar)]"
        if source.wrapper
        else ""
    )
    context = "null"
    if source.context:
        context = (
            f"nullif(regexp_extract(json_extract_string(clean, '$.{source.context}'), "
            f"'{source.context_pattern}', 1), '')"
        )
    connection.register("documents", documents)
    relation = connection.execute(
        f"""
        with parsed as (
            select text, cast(try(json(text)) as varchar) as clean
            from documents
            where trim(text, ' \t\r\n') <> ''
        ),
        typed as (
            select *, json_type(clean, {keys!r}) as types from parsed
        ),
        opened as (
            select
                case
                    when clean is null then [text]
                    when types[1] = 'ARRAY' then cast(json_extract(clean, '$[*]') as varchar[])
                    when types[2] = 'ARRAY' then cast(json_extract(clean, '$.{source.list_at}[*]') as varchar[])
                    {wrapped}
                    else [clean]
                end as records,
                case when types[2] = 'ARRAY' then {context} end as context,
                clean is null as is_malformed,
            from typed
        )
        select unnest(records) as text, cast(context as varchar) as context, is_malformed
        from opened
        """
    )
    records = relation.to_arrow_table().combine_chunks()
    connection.unregister("documents")
    return records


def _numbered(records: pa.Table, position: int) -> pa.Table:
    records = records.combine_chunks()
    texts = records.column("text").cast(pa.string()).combine_chunks()
    contexts = records.column("context")
    hashes = _hashes(texts) if contexts.null_count == len(contexts) else _hashes_within(texts, contexts)
    numbers = np.arange(position + 1, position + 1 + records.num_rows, dtype=np.int64)
    columns = [pa.array(numbers), hashes, texts, contexts.cast(pa.string()), records.column("is_malformed")]
    return pa.Table.from_arrays(columns, schema=RECORDS)


def _hashes(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """sha256 of each text, first 32 hex digits.

    Python's sha256 uses the processor's instructions for it: 250,000 orders of 6 KB a second, five
    times DuckDB's. The strings are not copied.
    """
    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if len(array) == 0:
        return pa.array([], pa.string())
    _, offsets_buffer, data = array.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    content = memoryview(data) if data is not None else memoryview(b"")
    bounds = offsets.tolist()
    return pa.array(
        [sha256(content[a:b]).hexdigest()[:32] for a, b in pairwise(bounds)],
        pa.string(),
    )


def _hashes_within(texts: pa.Array, contexts: pa.ChunkedArray) -> pa.Array:
    """The same with the page's context, which says something that the record's own text does not."""
    pairs: Any = zip(texts.to_pylist(), contexts.to_pylist(), strict=True)
    return pa.array(
        [
            sha256((f"{text}\n{context}" if context else text).encode()).hexdigest()[:32]
            for text, context in pairs
        ],
        pa.string(),
    )


def _json_error(text: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"not valid JSON: {error}"
    return "not valid JSON"
