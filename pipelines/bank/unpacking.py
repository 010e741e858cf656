"""Packed deliveries: gzip, and ZIP archives of statements as EBICS and portals send them.

Belongs here: how much may come out of a packed file, and what its members are. Nothing is ever written under
a name from the archive, so that a path in it can lead nowhere. Does not belong here: what the members hold.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pipelines.bank.reading import UnreadableFile
from pipelines.landing import is_gzip, open_binary

# Unpacked; a year of a large company's statements is below 1 GB. A packed file that exceeds it is a bomb.
LARGEST_FILE = 4 << 30
LARGEST_ARCHIVE = 1 << 30
MOST_MEMBERS = 1000
_CHUNK = 1 << 20
_DAMAGES = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class Member(NamedTuple):
    """content: the member unpacked; problem: why it is not."""

    name: str
    content: bytes
    problem: str = ""


def is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


@contextmanager
def plain(path: Path) -> Iterator[Path]:
    """The path of the file's plain bytes: itself, or a temporary file with what was packed in it."""
    if not is_gzip(path):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="tieout_bank_") as unpacked:
        size = 0
        try:
            with open_binary(path) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > LARGEST_FILE:
                        raise UnreadableFile(f"the file holds more than {LARGEST_FILE >> 30} GB")
                    unpacked.write(chunk)
        except _DAMAGES as error:
            raise UnreadableFile(f"the file cannot be unpacked: {type(error).__name__}: {error}") from error
        unpacked.flush()
        yield Path(unpacked.name)


def members(path: Path) -> list[Member]:
    """The files in an archive by name, without folders and what systems add. Raises UnreadableFile when the
    archive is damaged, too large, a workbook, or empty."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = sorted(
                (
                    info
                    for info in archive.infolist()
                    if not info.is_dir() and not _is_of_system(info.filename)
                ),
                key=lambda info: info.filename,
            )
            if any(info.filename == "[Content_Types].xml" for info in infos):
                raise UnreadableFile("a workbook (XLSX), no archive of statements")
            if not infos:
                raise UnreadableFile("an archive without a file")
            if len(infos) > MOST_MEMBERS:
                raise UnreadableFile(f"an archive of {len(infos)} files; at most {MOST_MEMBERS} are read")
            return list(_read(archive, infos))
    except _DAMAGES as error:
        raise UnreadableFile(f"the archive cannot be read: {type(error).__name__}: {error}") from error


def _read(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[Member]:
    left = LARGEST_ARCHIVE
    for info in infos:
        if info.flag_bits & 1:
            yield Member(info.filename, b"", "it is encrypted")
            continue
        try:
            with archive.open(info) as stream:
                content = stream.read(left + 1)  # what its header says of its size proves nothing
        except _DAMAGES as error:
            yield Member(info.filename, b"", f"it cannot be unpacked: {type(error).__name__}: {error}")
            continue
        left -= len(content)
        if left < 0:
            raise UnreadableFile(f"the archive holds more than {LARGEST_ARCHIVE >> 30} GB")
        yield Member(info.filename, content)


def _is_of_system(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")
