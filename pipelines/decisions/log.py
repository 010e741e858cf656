"""The log of decisions: where it lies, writing to it, and proving that it is whole.

Belongs here: one writer at a time from looking to writing, the head that shows a cut end, and what a
crash left behind. The chain itself is `pipelines.hash_chain`. Does not belong here: what a decision means.

Beside `decisions.jsonl` lie hidden files that no run reads: `.head` (sequence and hash of the last line,
so that a log cut at its end is found), `.deciding` (the lock of who is deciding), and `.torn-N` (what a
crash left of a line that was never finished, kept for whoever asks).
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import hash_chain
from pipelines.hash_chain import ChainError, Head, Problem

FOLDER = "decisions"
NAME = "decisions.jsonl"


class DecisionLogError(RuntimeError):
    """The log cannot be read or written as it is; the message says where and what to do."""


def log_path(landing: Path) -> Path:
    return landing / FOLDER / NAME


@contextmanager
def deciding(landing: Path) -> Iterator[Path]:
    """Hold the log from looking at it to writing: two people cannot spend the same money at once.

    The lock goes away with its process, also by SIGKILL. Yields the path of the log.
    """
    path = log_path(landing)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / ".deciding").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path


def entries(path: Path) -> list[dict[str, Any]]:
    """All whole lines of the log, in order. Raises DecisionLogError when the log is not what it was."""
    problems = verify(path)
    if problems:
        told = "\n".join(f"  {_place(problem)}{problem.message}" for problem in problems[:10])
        raise DecisionLogError(
            f"{path} is not the log that was written:\n{told}\n"
            "Nothing was decided. Put back the copy of your backup; decisions cannot be edited, only taken "
            "back by new ones (tieout match unmatch)."
        )
    return list(hash_chain.read(path))


def _place(problem: Problem) -> str:
    return f"line {problem.line}: " if problem.line else ""


def record(path: Path, entry: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
    """Append one decision and return its line; on the disk when this returns. Call inside `deciding`."""
    repair(path)
    try:
        head = hash_chain.append(path, [entry], now=now)
    except ChainError as error:
        raise DecisionLogError(str(error)) from error
    _keep_head(path, head)
    return {**entry, "sequence": head.sequence, "hash": head.hash}


def torn_line(path: Path) -> bytes:
    """What stands after the last finished line: the rest of a write that a crash cut off."""
    if not path.is_file():
        return b""
    content = path.read_bytes()
    return content[content.rfind(b"\n") + 1 :]


def repair(path: Path, say: Callable[[str], None] | None = None) -> bytes:
    """Move a torn last line out of the log, into a file beside it; no finished line is touched.

    Returns what was moved. A decision whose line is torn was never confirmed to the person who took it.
    """
    torn = torn_line(path)
    if not torn:
        return b""
    number = sum(1 for _ in path.parent.glob(".torn-*")) + 1
    aside = path.parent / f".torn-{number}"
    with aside.open("wb") as file:
        file.write(torn)
        file.flush()
        os.fsync(file.fileno())
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - len(torn))
        file.flush()
        os.fsync(file.fileno())
    if say:
        say(
            f"{path.name}: its last line was cut off by a crash ({len(torn)} bytes) and counts for nothing; "
            f"it was moved to {aside}. Every finished line is still there; decide again what is missing."
        )
    return torn


def verify(path: Path, known: Head | None = None) -> list[Problem]:
    """Everything that is wrong with the log; empty when nothing is. A torn last line is no break.

    known: a head that somebody else kept, such as the published file; the log's own `.head` is always
    looked at.
    """
    problems = hash_chain.verify(path, known_head=kept_head(path))
    if known is not None:
        problems += [
            problem for problem in hash_chain.verify(path, known_head=known) if problem not in problems
        ]
    return problems


def kept_head(path: Path) -> Head | None:
    """The head as it was after the last decision, or None before the first."""
    file = path.parent / ".head"
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Head(int(kept["sequence"]), str(kept["hash"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DecisionLogError(
            f"{file}: cannot be read ({type(error).__name__}: {error}). It holds sequence and hash of the last "
            f"line of {path.name}; delete it if you trust the log as it is."
        ) from error


def _keep_head(path: Path, head: Head) -> None:
    """Replaced whole. A crash before this leaves an older head, which is still a line of the log."""
    building = path.parent / ".head.building"
    with building.open("wb") as file:
        file.write(hash_chain.canonical_json({"sequence": head.sequence, "hash": head.hash}) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    building.replace(path.parent / ".head")
