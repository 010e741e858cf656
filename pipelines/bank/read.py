"""The reader of the kind: one landed file to batches, whatever is in it.

Belongs here: opening, recognising, and turning what cannot be read into a reject. Statement files are
read whole (a record's text is kept for its reject); lines become Arrow in stretches.
"""

import zlib
from collections.abc import Iterator

from pipelines.bank import assemble
from pipelines.bank.reading import UnreadableFile
from pipelines.bank.recognise import reader_of
from pipelines.config import SourceInstance
from pipelines.landing import open_binary
from pipelines.provenance import Batch, LandingFile

# Unpacked; a year of a large company's statements is below 1 GB. A packed file that exceeds it is a bomb.
LARGEST_FILE = 4 << 30


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """Batches of one statement file. Never raises because of its content."""
    content = b""
    try:
        content = _content(file)
        reading = reader_of(content)(content)
        yield from assemble.batches(reading, file, instance)
    except UnreadableFile as error:
        yield from assemble.refused(
            str(error), file, instance, content[:65536].decode("utf-8", errors="replace")
        )


def _content(file: LandingFile) -> bytes:
    try:
        with open_binary(file.path) as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"the file cannot be unpacked: {type(error).__name__}: {error}") from error
    if len(content) > LARGEST_FILE:
        raise UnreadableFile(f"the file holds more than {LARGEST_FILE >> 30} GB")
    return content
