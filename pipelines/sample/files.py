"""Bytes to disk: Arrow text columns as files, and gzip with the same bytes on every run.

Belongs here: how a file is written. A text column of an Arrow table is one contiguous buffer, so a file
of any number of records is one write.
"""

import gzip
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa


def buffer(column: pa.ChunkedArray) -> bytes:
    """The texts of a column one after the other, copied once."""
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
    content = buffer(records)
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


def stretches(sizes: list[tuple[int, int]], limit: int) -> Iterator[tuple[int, int]]:
    """Cut days (day, records) into stretches (first, last) of at most `limit` records, but at least a day.

    A query per stretch instead of per day: planning one costs as much as a thousand records.
    """
    first: int | None = None
    last, total = 0, 0
    for day, count in sizes:
        if first is not None and total + count > limit:
            yield first, last
            first, total = None, 0
        first = day if first is None else first
        last, total = day, total + count
    if first is not None:
        yield first, last


def by_day(rows: pa.Table) -> Iterator[tuple[int, pa.ChunkedArray]]:
    """Slices of `record` by the ascending column `day`."""
    days = rows["day"].to_numpy()
    if not days.size:
        return
    starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    for start, end in zip(starts, [*starts[1:], days.size], strict=True):
        yield int(days[start]), rows["record"].slice(int(start), int(end - start))


class Writer:
    """Writes files in one thread while DuckDB makes the next ones; at most two wait, to bound memory.

    Leaving the `with` block waits for all of them and raises what went wrong.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._waiting: list[Future[None]] = []

    def __enter__(self) -> "Writer":
        return self

    def submit(self, write: Callable[..., None], *arguments: object, **options: object) -> None:
        while len(self._waiting) >= 2:
            self._waiting.pop(0).result()
        self._waiting.append(self._pool.submit(write, *arguments, **options))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                for waiting in self._waiting:
                    waiting.result()
        finally:
            self._pool.shutdown(cancel_futures=True)
