"""Bytes to disk: Arrow text columns as files, and gzip with the same bytes on every run.

Belongs here: how a file is written. A text column of an Arrow table is one contiguous buffer, so a file
of any number of records is one write.
"""

import gzip
from pathlib import Path

import pyarrow as pa


def _buffer(column: pa.ChunkedArray) -> bytes:
    parts = []
    for chunk in column.chunks:
        if len(chunk) == 0:
            continue
        wide = chunk.cast(pa.large_string())
        start = wide.offset
        offsets = memoryview(wide.buffers()[1]).cast("q")
        parts.append(memoryview(wide.buffers()[2])[offsets[start] : offsets[start + len(wide)]])
    return b"".join(parts)


def write_records(
    path: Path,
    records: pa.ChunkedArray,
    prefix: bytes = b"",
    suffix: bytes = b"",
    trim: int = 0,
    gzipped: bool = False,
    encoding: str = "utf-8",
) -> None:
    """Write the records one after the other. `trim` cuts the separator after the last one."""
    content = _buffer(records)
    if trim and content:
        content = content[:-trim] + b"\n"
    if encoding != "utf-8":
        content = content.decode("utf-8").encode(encoding)
    write_bytes(path, prefix + content + suffix, gzipped)


def write_bytes(path: Path, content: bytes, gzipped: bool = False) -> None:
    """Write content; gzipped files get `.gz` and no time stamp, or a repeat would differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if gzipped:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, compresslevel=1, mtime=0))
    else:
        path.write_bytes(content)
