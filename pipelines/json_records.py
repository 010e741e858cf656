"""From documents to records: every page, array and line opened into its single objects.

Belongs here: positions and hashes of records, and documents that cannot be opened. Does not belong
here: the fields of a record (`json_shredding`).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.json_documents import CHUNK_BYTES, UnreadableFile, layout, read_document, read_lines
from pipelines.json_objects import JsonSource

# A page may be large; its records go on in slices of this many, so that memory stays bounded.
SLICE = 10_000

# DuckDB reads one batch with one thread; a slice of several batches is parsed on all cores.
_BATCH = 1_024

RECORDS = pa.schema(
    [
        pa.field("record", pa.int64()),  # unique within a slice
        pa.field("file", pa.int32()),  # index of the file among those read together
        pa.field("source_position", pa.int64()),
        pa.field("record_hash", pa.string()),
        pa.field("text", pa.string()),  # minified; as received when is_malformed
        pa.field("context", pa.string()),
        pa.field("is_malformed", pa.bool_()),
    ]
)


def read_records(
    connection: duckdb.DuckDBPyConnection,
    source: JsonSource,
    paths: Sequence[Path],
    unreadable: dict[int, str],
) -> Iterator[pa.Table]:
    """Records of the files in slices (RECORDS), numbered from 1 within each file.

    Files are read together, because a day's export may hold a handful of records and the SQL of a
    slice costs as much as 500. A line that is no JSON is one record with is_malformed; a file that
    cannot be read as a whole is noted in `unreadable`, with the reason, and has no records.
    """
    documents_of: set[int] = set()
    counted = np.zeros(len(paths), dtype=np.int64)
    for documents in _documents(paths, documents_of, unreadable):
        records = _open(connection, source, documents)
        records = _without_broken_documents(records, documents_of, unreadable)
        files = records.column("file").to_numpy()
        starts = np.searchsorted(files, files)  # sorted: where the record's file begins
        positions = np.arange(len(files), dtype=np.int64) - starts + 1 + counted[files]
        counted += np.bincount(files, minlength=len(paths))
        for start in range(0, records.num_rows, SLICE):
            yield _slice(records.slice(start, SLICE), positions[start : start + SLICE])


def _documents(
    paths: Sequence[Path], documents_of: set[int], unreadable: dict[int, str]
) -> Iterator[pa.Table]:
    """(file, text) in chunks of about CHUNK_BYTES, of one file or of many."""
    pending: list[pa.Table] = []
    size = 0
    for index, path in enumerate(paths):
        try:
            if layout(path) == "document":
                documents_of.add(index)
                tables: Iterable[pa.Table] = [read_document(path)]
            else:
                tables = read_lines(path)
        except UnreadableFile as error:
            unreadable[index] = str(error)
            continue
        for table in tables:
            file = pa.array(np.full(table.num_rows, index, dtype=np.int32))
            pending.append(table.append_column("file", file))
            size += table.nbytes
            if size >= CHUNK_BYTES:
                yield pa.concat_tables(pending)
                pending, size = [], 0
    if pending:
        yield pa.concat_tables(pending)


def _without_broken_documents(
    records: pa.Table, documents_of: set[int], unreadable: dict[int, str]
) -> pa.Table:
    """A file that is one document and no JSON is unreadable as a whole: truncated, most likely."""
    malformed = records.filter(records.column("is_malformed"))
    for file, text in zip(
        malformed.column("file").to_pylist(), malformed.column("text").to_pylist(), strict=True
    ):
        if file in documents_of:
            unreadable[file] = _json_error(text)
    if malformed.num_rows == 0:
        return records
    broken = pa.array(sorted(unreadable), pa.int32())
    return records.filter(pc.invert(pc.is_in(records.column("file"), value_set=broken)))


def in_batches(table: pa.Table) -> pa.Table:
    """The same rows, without a copy, in batches that DuckDB's threads can share."""
    return pa.Table.from_batches(table.to_batches(max_chunksize=_BATCH), schema=table.schema)


def _open(connection: duckdb.DuckDBPyConnection, source: JsonSource, documents: pa.Table) -> pa.Table:
    """file, text, context, is_malformed: one row per record, in order."""
    paths = ["$", f"$.{source.list_at}", f"$.{source.wrapper or source.list_at}"]
    connection.register("documents", in_batches(documents))
    read = connection.execute(
        f"""
        with delivered as (
            select
                file,
                text,
                -- A vendor's object starts with its id and its page does not: only what starts
                -- otherwise is looked into, which saves a parse of every record.
                regexp_matches(text, '^\\s*\\{{\\s*"id"\\s*:') as is_record
            from documents
            -- the length spares the search for blanks on all but the shortest lines
            where strlen(text) > 100 or trim(text, ' \t\r\n') <> ''
        ),
        typed as (
            select
                file,
                text,
                is_record,
                case when not is_record then try(json_type(text, {paths!r})) end as types
            from delivered
        ),
        shaped as (
            select
                file,
                text,
                case
                    when is_record then 'record'
                    when types is null then 'malformed'
                    when types[1] = 'ARRAY' then 'array'
                    when types[2] = 'ARRAY' then 'list'
                    when types[3] = 'OBJECT' then 'wrapped'
                    else 'record'
                end as shape
            from typed
        ),
        -- A page is written anew record by record, when it is opened; a record here.
        written as (
            select
                file,
                text,
                shape,
                case when shape = 'record' then cast(try(json(text)) as varchar) end as clean
            from shaped
        )
        select
            file,
            case
                when clean is not null then clean
                when shape in ('record', 'malformed') then trim(text, ' \t\r\n')
                else text
            end as text,
            case when shape = 'record' and clean is null then 'malformed' else shape end as shape
        from written
        """
    ).to_arrow_table()
    connection.unregister("documents")
    shapes = set(pc.unique(read.column("shape")).to_pylist())
    if shapes <= {"record", "malformed"}:
        is_malformed = pc.equal(read.column("shape"), "malformed")
        return pa.table(
            {
                "file": read.column("file"),
                "text": read.column("text"),
                "context": pa.nulls(read.num_rows, pa.string()),
                "is_malformed": is_malformed,
            }
        )
    return _unwrapped(connection, source, read)


def _unwrapped(connection: duckdb.DuckDBPyConnection, source: JsonSource, read: pa.Table) -> pa.Table:
    """The same for pages and arrays: their elements, each with the context of its page."""
    context = "null"
    if source.context:
        context = (
            f"nullif(regexp_extract(json_extract_string(text, '$.{source.context}'), "
            f"'{source.context_pattern}', 1), '')"
        )
    connection.register("read_documents", in_batches(read))
    records = connection.execute(
        f"""
        with opened as (
            select
                case shape
                    when 'array' then cast(json_extract(text, '$[*]') as varchar[])
                    when 'list' then cast(json_extract(text, '$.{source.list_at}[*]') as varchar[])
                    when 'wrapped' then [cast(json_extract(text, '$.{source.wrapper}') as varchar)]
                    else [text]
                end as records,
                case when shape = 'list' then {context} end as context,
                shape = 'malformed' as is_malformed,
                file
            from read_documents
        )
        select file, unnest(records) as text, cast(context as varchar) as context, is_malformed from opened
        """
    ).to_arrow_table()
    connection.unregister("read_documents")
    return records


def _slice(records: pa.Table, positions: np.ndarray) -> pa.Table:
    texts = records.column("text").cast(pa.string()).combine_chunks()
    contexts = records.column("context").cast(pa.string())
    has_contexts = contexts.null_count < len(contexts)
    columns = [
        pa.array(np.arange(records.num_rows, dtype=np.int64)),
        records.column("file"),
        pa.array(positions),
        _hashes_within(texts, contexts) if has_contexts else _hashes(texts),
        texts,
        contexts,
        records.column("is_malformed"),
    ]
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
