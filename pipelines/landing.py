"""The landing folder: which files an instance has, and how to open one safely.

Belongs here: finding, identifying and opening files as received. Does not belong here: what is in
them (the kinds) or whether they were loaded before (`loading`).
"""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa

from pipelines.config import ConfigurationError, SourceInstance
from pipelines.provenance import LandingFile, content_sha256, load_id

FILES = pa.schema(
    [
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("entity_id", pa.string(), nullable=False),
        pa.field("source_file", pa.string(), nullable=False),
        pa.field("load_id", pa.string(), nullable=False),
        pa.field("content_sha256", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("format", pa.string()),
        pa.field("recognised_by", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("record_count", pa.int64(), nullable=False),
    ]
)

FileStatus = Literal["loaded", "rejected"]

# Names that senders and editors use while a file is not complete; it comes back under its real name.
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")

_ESCAPED = re.compile(r"\\u(dc[89a-f][0-9a-f])")

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20


def file_row(
    file: LandingFile,
    instance: SourceInstance,
    *,
    format: str,
    recognised_by: str,
    status: FileStatus,
    record_count: int,
) -> pa.Table:
    """The row of a file for `files`; record_count counts the records declared in it."""
    row: dict[str, Any] = {
        "source_name": instance.name,
        "entity_id": instance.entity_id,
        "source_file": file.source_file,
        "load_id": file.load_id,
        "content_sha256": file.content_sha256,
        "size_bytes": file.size,
        "format": format,
        "recognised_by": recognised_by,
        "status": status,
        "record_count": record_count,
    }
    return pa.Table.from_pylist([row], schema=FILES)


def list_files(landing: Path, instance: SourceInstance) -> list[Path]:
    """The instance's files below `landing`, sorted by their path there.

    Hidden and unfinished files are left alone. A file that resolves outside the landing folder (a
    symbolic link) is a ConfigurationError: reading it would load what nobody delivered.
    """
    root = landing.resolve()
    if not root.is_dir():
        return []
    found: list[Path] = []
    for path in root.glob(instance.path):
        relative = path.relative_to(root)
        if any(part.startswith(".") for part in relative.parts) or path.name.endswith(_UNFINISHED):
            continue
        if not path.resolve().is_relative_to(root):
            raise ConfigurationError(
                f"{instance.name}: {relative.as_posix()} is a link to {path.resolve()}, outside the "
                f"landing folder {root}. Copy the file itself into the landing folder."
            )
        if path.is_file():
            found.append(path)
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def claimed_files(landing: Path, instances: Iterable[SourceInstance]) -> dict[Path, SourceInstance]:
    """Every file of the instances with the one instance that it belongs to, sorted by path.

    Two entries that claim one file are a ConfigurationError: its money would be counted twice.
    """
    owners: dict[Path, SourceInstance] = {}
    for instance in instances:
        for path in list_files(landing, instance):
            if path in owners:
                other = owners[path]
                raise ConfigurationError(
                    f"{path.relative_to(landing.resolve()).as_posix()} is claimed by two entries of the "
                    f"source configuration: '{other.name}' (path {other.path}) and '{instance.name}' "
                    f"(path {instance.path}). Narrow one of the paths."
                )
            owners[path] = instance
    return dict(sorted(owners.items(), key=lambda item: item[0].as_posix()))


def unclaimed_files(landing: Path, instances: Iterable[SourceInstance]) -> list[str]:
    """Files in the landing folder that no instance reads, as paths below it: delivered, not loaded."""
    root = landing.resolve()
    if not root.is_dir():
        return []
    claimed = set(claimed_files(landing, instances))
    return sorted(
        text_name(relative)
        for path in root.rglob("*")
        if path.is_file() and path not in claimed
        for relative in [path.relative_to(root)]
        if not any(part.startswith(".") for part in relative.parts)
    )


def text_name(relative: Path) -> str:
    r"""A path below the landing folder as text; a byte that is no UTF-8 (a name from an old file system)
    is written as `\udce9`, so that the file is loaded like any other and can be found again."""
    return relative.as_posix().encode("utf-8", errors="backslashreplace").decode("utf-8")


def path_of(name: str) -> str:
    """The file name behind `text_name`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)


def landing_file(landing: Path, path: Path, instance: SourceInstance) -> LandingFile:
    """Identify one file by its content, read as a stream."""
    source_file = text_name(path.relative_to(landing.resolve()))
    content = content_sha256(path)
    return LandingFile(
        path=path,
        source_file=source_file,
        load_id=load_id(instance.name, source_file, content),
        content_sha256=content,
        size=path.stat().st_size,
    )


def is_gzip(path: Path) -> bool:
    """By the first bytes, not by the name: exports are often misnamed."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


def open_binary(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked when it is gzip."""
    return gzip.open(path, "rb") if is_gzip(path) else path.open("rb")  # type: ignore[return-value]


def read_chunks(path: Path, size: int = _CHUNK) -> Iterator[bytes]:
    """The file's unpacked bytes, a chunk at a time."""
    with open_binary(path) as file:
        while chunk := file.read(size):
            yield chunk


def damage(path: Path) -> str | None:
    """Why the file cannot be read to its end (truncated or corrupt gzip, no permission), or None.

    Looked at before parsing: half of a delivery must not be landed as if it were the whole.
    """
    try:
        if is_gzip(path):
            for _ in read_chunks(path):
                pass
        else:
            with path.open("rb"):
                pass
    except (OSError, EOFError, zlib.error) as error:
        return f"{type(error).__name__}: {error}"
    return None
