"""Append-only logs of which each line proves the line before: decisions, configuration, certificates.

Belongs here: the form of such a log and nothing of what is logged. One JSON object per line (JSON
Lines), in one canonical spelling: keys sorted, no blanks, UTF-8, amounts as text, never a float. Each
line carries `sequence` (from 1), `recorded_at` (UTC), `previous_hash` and `hash`, which is the SHA-256
of the line without `hash`. A line that is changed, taken out or moved breaks the chain at its place.
What a chain cannot show by itself, lines missing at the end, is shown by a head that somebody else
kept: every certificate of a run holds it (`head`, `verify(..., known_head=...)`).
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
_OWN = ("sequence", "recorded_at", "previous_hash", "hash")
_TAIL_BYTES = 1 << 16


class ChainError(ValueError):
    """The log is not the chain that it was; the message says at which line and why."""


@dataclass(frozen=True)
class Head:
    """The last line of a chain. An empty chain is at sequence 0 with the hash GENESIS."""

    sequence: int
    hash: str


@dataclass(frozen=True)
class Problem:
    """line: 1-based place in the file, 0 for the file as a whole."""

    line: int
    message: str


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | date):  # a datetime is a date
        return value.isoformat() if isinstance(value, date) else format(value, "f")
    raise TypeError(f"{type(value).__name__} has no one spelling in JSON; write it as text")


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float, which has no exact spelling; write it as text")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no text")
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def canonical_json(value: Any) -> bytes:
    """The one spelling of a value, in UTF-8. Raises TypeError for a float or an unknown type."""
    _refuse_floats(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    # A lone surrogate (a file name in another encoding) is no UTF-8; it is written as its escape.
    return text.encode("utf-8", errors="backslashreplace")


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical spelling, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def link_hash(link: Mapping[str, Any]) -> str:
    """The hash that a line has to carry."""
    return content_hash({name: value for name, value in link.items() if name != "hash"})


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time; the lock goes away with its process, also by SIGKILL."""
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _whole_bytes(path: Path) -> int:
    """Size up to the last line that was written to its end: what follows was cut off by a crash."""
    with path.open("rb") as file:
        place = file.seek(0, os.SEEK_END)
        while place > 0:
            start = max(0, place - _TAIL_BYTES)
            file.seek(start)
            found = file.read(place - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            place = start
    return 0


def _last_line(path: Path, end: int) -> bytes:
    """The line that ends at `end`, read from the back: a log of years is not read for one append."""
    content, start = b"", end
    with path.open("rb") as file:
        while start > 0 and content.rstrip(b"\n").count(b"\n") < 1:
            start = max(0, start - _TAIL_BYTES)
            file.seek(start)
            content = file.read(end - start)
    return content.rstrip(b"\n").rsplit(b"\n", 1)[-1]


def head(path: Path) -> Head:
    """Where the chain stands. Raises ChainError when its last line is none."""
    if not path.is_file():
        return Head(0, GENESIS)
    end = _whole_bytes(path)
    if end == 0:
        return Head(0, GENESIS)
    try:
        link = json.loads(_last_line(path, end))
        return Head(int(link["sequence"]), str(link["hash"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ChainError(
            f"{path}: the last line is not a link of the chain ({type(error).__name__}: {error}). "
            "See: tieout verify"
        ) from error


def append(path: Path, entries: Iterable[Mapping[str, Any]], *, now: datetime | None = None) -> Head:
    """Append entries, all or none of them, and return the new head once they are on the disk.

    An entry is any mapping of JSON values without the chain's own names. What a crash left of an
    append that never returned (a line without its end) is removed first. Raises ChainError when the
    log's end is damaged, ValueError for an entry that uses one of the chain's own names.
    """
    entries = [dict(entry) for entry in entries]
    for entry in entries:
        if taken := set(entry).intersection(_OWN):
            raise ValueError(f"an entry cannot have fields of the chain's own: {sorted(taken)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        last = head(path)
        recorded_at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="microseconds")
        lines = []
        for entry in entries:
            link = {
                **entry,
                "sequence": last.sequence + 1,
                "recorded_at": recorded_at,
                "previous_hash": last.hash,
            }
            link["hash"] = link_hash(link)
            lines.append(canonical_json(link) + b"\n")
            last = Head(link["sequence"], link["hash"])
        is_new = not path.is_file()
        whole = 0 if is_new else _whole_bytes(path)
        with path.open("r+b" if not is_new else "xb") as file:
            file.truncate(whole)
            file.seek(whole)
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync_folder(path.parent)
        return last


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The links in their order, as written; nothing is verified. A line cut off by a crash is left out."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def verify(path: Path, *, known_head: Head | None = None) -> list[Problem]:
    """Everything that is wrong with a chain; empty when nothing is.

    known_head: a head that was kept elsewhere. It must be a link of this chain, which shows that
    nothing was cut off at the end and nothing was written anew from an earlier place.
    """
    problems: list[Problem] = []
    previous = Head(0, GENESIS)
    is_known = known_head is None or known_head == previous
    lines = path.open("rb") if path.is_file() else None
    try:
        for number, line in enumerate(lines or (), start=1):
            if not line.endswith(b"\n"):
                break  # an append that never returned
            found = _link_problem(line, previous)
            if isinstance(found, str):
                problems.append(Problem(number, found))
                # What comes after it is compared with what this line claims to be.
                try:
                    link = json.loads(line)
                    previous = Head(int(link["sequence"]), str(link["hash"]))
                except (ValueError, KeyError, TypeError):
                    previous = Head(previous.sequence + 1, "?")
            else:
                previous = found
            is_known = is_known or previous == known_head
    finally:
        if lines is not None:
            lines.close()
    if not is_known and known_head is not None:
        problems.append(
            Problem(
                0,
                f"line {known_head.sequence} with the hash {known_head.hash[:12]}… was in the log and is no "
                f"longer: the log now ends at line {previous.sequence}, hash {previous.hash[:12]}…",
            )
        )
    return problems


def _link_problem(line: bytes, previous: Head) -> Head | str:
    """The link's place in the chain, or what is wrong with it."""
    try:
        link = json.loads(line)
    except ValueError as error:
        return f"is not JSON: {error}"
    if not isinstance(link, dict) or not set(_OWN) <= set(link):
        return f"lacks one of the fields {', '.join(_OWN)}"
    try:
        expected = link_hash(link)
    except TypeError as error:
        return str(error)
    if link["hash"] != expected:
        return "was changed: its content does not have the hash that it carries"
    if canonical_json(link) + b"\n" != line:
        return "is not in the canonical spelling"
    if link["sequence"] != previous.sequence + 1 or link["previous_hash"] != previous.hash:
        return (
            f"does not follow the line before it (sequence {link['sequence']} after {previous.sequence}): "
            "lines were taken out, put in or moved"
        )
    return Head(link["sequence"], link["hash"])
