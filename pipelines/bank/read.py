"""The reader of the kind: one landed file to batches, whatever is in it.

Belongs here: opening, recognising, and turning what cannot be read into a reject. A small file is read whole,
a large one in parts by all cores, an archive member by member.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

from pipelines.bank import assemble, parallel
from pipelines.bank.landed import Landed, landed, refused_part
from pipelines.bank.parts import PART, parts_of
from pipelines.bank.reading import UnreadableFile
from pipelines.bank.recognise import format_of, reader, reader_of
from pipelines.bank.unpacking import LARGEST_FILE, is_archive, members, plain
from pipelines.config import SourceInstance
from pipelines.provenance import Batch, LandingFile

# Reading whole takes several times the file's size.
LARGEST_WHOLE = 1 << 30
_SHOWN = 65536


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """Batches of one statement file. Never raises because of its content."""
    head = b""
    try:
        if is_archive(file.path):
            yield from _archive(file, instance)
            return
        with plain(file.path) as path:
            with path.open("rb") as stream:
                head = stream.read(_SHOWN)
            yield from _plain(path, file, instance)
    except UnreadableFile as error:
        yield from assemble.refused(str(error), file, instance, head.decode("utf-8", errors="replace"))


def _plain(path: Path, file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise UnreadableFile(f"the file holds more than {LARGEST_FILE >> 30} GB")
    if size >= 2 * PART:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            name = format_of(content[:_SHOWN])
            parts = parts_of(content, name)
        if parts:
            try:
                yield from parallel.batches(path, parts, reader(name), file, instance)
                return
            except UnreadableFile:
                # A cut in a comment, or a file that is broken: read whole, it is one or the other.
                if size > LARGEST_WHOLE:
                    raise
    if size > LARGEST_WHOLE:
        raise UnreadableFile(
            f"{size >> 20} MB that cannot be read in parts (only camt and MT940 in UTF-8 or a one-byte encoding can)"
        )
    content = path.read_bytes()
    yield from assemble.batches(reader_of(content)(content), file, instance)


def _archive(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """Each member as a part of its own; one that cannot be read is a reject, and the others go on."""
    parts: list[Landed] = []
    for member in members(file.path):
        try:
            if member.problem:
                raise UnreadableFile(member.problem)
            parts.append(landed(reader_of(member.content)(member.content), file, instance))
        except UnreadableFile as error:
            payload = member.content[:_SHOWN].decode("utf-8", errors="replace")
            parts.append(refused_part(f"{member.name}: {error}", file, instance, payload))
    if not any(part.statements for part in parts):
        raise UnreadableFile(f"an archive without a statement; {parts[0].recognised_by}")
    yield from assemble.batches_of_parts(parts, file, instance)
