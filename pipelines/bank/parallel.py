"""A large file read by all cores in little memory: its parts in processes of their own, one after another.

Belongs here: the processes, and the parts that wait in files until all counts of the file agree. Does not
belong here: cutting (`parts`) or what is done with a part (`landed`).

Memory is that of a part per core, whatever the size of the file, and 16 bytes per line for the numbers of
equal lines.
"""

import mmap
import multiprocessing
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa

from pipelines.bank.assemble import batches_of_parts
from pipelines.bank.landed import Landed, landed
from pipelines.bank.parts import Part
from pipelines.bank.reading import Reading, UnreadableFile
from pipelines.config import SourceInstance
from pipelines.provenance import Batch, LandingFile

_CORES = os.cpu_count() or 1


def batches(
    path: Path,
    parts: list[Part],
    reader: Callable[[bytes], Reading],
    file: LandingFile,
    instance: SourceInstance,
) -> Iterator[Batch]:
    """The batches of the file at `path`. Raises UnreadableFile as reading it whole would."""
    with tempfile.TemporaryDirectory(prefix="tieout_bank_") as folder:
        read = list(_read(path, parts, reader, file, instance, Path(folder)))
        yield from batches_of_parts(read, file, instance)


def _read(
    path: Path,
    parts: list[Part],
    reader: Callable[[bytes], Reading],
    file: LandingFile,
    instance: SourceInstance,
    folder: Path,
) -> Iterator[Landed]:
    # Forked where that exists: a new interpreter would import for longer than a part takes.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else None)
    with ProcessPoolExecutor(_CORES, mp_context=context, initializer=_one_thread) as pool:
        waiting: deque[Future[Landed]] = deque()
        try:
            for number, part in enumerate(parts):
                target = folder / f"{number:06}"
                waiting.append(pool.submit(_part, path, part, reader, file, instance, target))
                if len(waiting) > _CORES:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _one_thread() -> None:
    pa.set_cpu_count(1)


def _part(
    path: Path,
    part: Part,
    reader: Callable[[bytes], Reading],
    file: LandingFile,
    instance: SourceInstance,
    target: Path,
) -> Landed:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        text = part.before + content[part.start : part.end] + part.after
    try:
        result = landed(reader(text), file, instance)
    except UnreadableFile as error:
        where = f" (counted from byte {part.start:,} of the file)" if part.start else ""
        raise UnreadableFile(f"{error}{where}") from error
    result.is_continued = part.is_continued
    result.store(target)
    return result
