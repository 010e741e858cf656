"""The log of configuration changes: which seed, sources.yml or operations.yml changed, by whom, when, how.

Belongs here: noticing changes and keeping them, hash-chained (`pipelines.hash_chain`), below
`TIEOUT_HOME/configuration/`. Every state of every file lies in `files/` under its own SHA-256, so that a
line of the log can be shown row by row years later; the state of before is what the log says last. A
change is noticed by the next run, or told at once, with a reason, by `tieout config record`.
"""

import csv
import getpass
import os
import pwd
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster_project.certificate.rules import file_hash
from dagster_project.operations import operations_file
from pipelines import hash_chain
from pipelines.hash_chain import Problem
from pipelines.settings import Settings

# A new master file of thousands of rows is told by its count; the rows are in the kept files.
SHOWN_ROWS = 200


@dataclass(frozen=True)
class Watched:
    """A file whose content decides figures. name: as the log writes it."""

    name: str
    path: Path


def log_path(settings: Settings) -> Path:
    return settings.home / "configuration" / "log.jsonl"


def _kept(settings: Settings, sha256: str) -> Path:
    return settings.home / "configuration" / "files" / sha256


def watched(settings: Settings) -> list[Watched]:
    """Seeds, sources.yml and operations.yml, in the order of their names."""
    found = [Watched(f"seeds/{path.name}", path) for path in sorted(settings.seeds.glob("*.csv"))]
    for name, path in (
        ("sources.yml", settings.sources_file),
        ("operations.yml", operations_file(settings)),
    ):
        if path.is_file():
            found.append(Watched(name, path))
    return sorted(found, key=lambda one: one.name)


def last_states(path: Path) -> dict[str, str]:
    """File to SHA-256 as the log left it; a deleted file is not among them."""
    states: dict[str, str] = {}
    for link in hash_chain.read(path):
        if link["new_sha256"] is None:
            states.pop(link["file"], None)
        else:
            states[link["file"]] = link["new_sha256"]
    return states


def _rows(path: Path) -> tuple[list[str], Counter[tuple[str, ...]]]:
    """Header and rows of a CSV file, or the lines of any other."""
    content = path.read_bytes().decode("utf-8-sig", errors="replace")
    if content.count("\x00"):
        return [], Counter()
    lines = [tuple(row) for row in csv.reader(content.splitlines(keepends=True)) if row]
    return (list(lines[0]) if lines else []), Counter(lines[1:])


def _lines(path: Path) -> tuple[list[str], Counter[tuple[str, ...]]]:
    content = path.read_bytes().decode("utf-8", errors="replace")
    return ["line"], Counter((line,) for line in content.splitlines())


def difference(before: Path | None, after: Path | None, *, is_table: bool) -> dict[str, Any]:
    """Rows that went and came between two states of a file; rows that were only moved are none."""
    reader = _rows if is_table else _lines
    old_header, old = reader(before) if before else ([], Counter())
    new_header, new = reader(after) if after else ([], Counter())
    removed, added = sorted((old - new).elements()), sorted((new - old).elements())
    return {
        "removed_count": len(removed),
        "added_count": len(added),
        "old_header": old_header,
        "new_header": new_header,
        "removed": [list(row) for row in removed[:SHOWN_ROWS]],
        "added": [list(row) for row in added[:SHOWN_ROWS]],
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _saved_by(path: Path) -> dict[str, Any]:
    """Who saved the file and when, as the file system and git know it."""
    state = path.stat()
    try:
        owner = pwd.getpwuid(state.st_uid).pw_name
    except KeyError:
        owner = f"uid {state.st_uid}"
    return {
        "saved_at": datetime.fromtimestamp(int(state.st_mtime), UTC).isoformat(),
        "file_owner": owner,
        "git": _commit(path),
    }


def _commit(path: Path) -> str | None:
    """The commit and author of the file's last change, where git has exactly this content."""
    try:
        answers = [
            subprocess.run(
                ["git", "-C", str(path.parent), *arguments, "--", path.name],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            ).stdout.strip()
            for arguments in (["status", "--porcelain"], ["log", "-1", "--format=%h %an <%ae>"])
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    changed, commit = answers
    return commit or None if not changed else None


def _keep(settings: Settings, path: Path, sha256: str) -> None:
    target = _kept(settings, sha256)
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{sha256}.{os.getpid()}")
    building.write_bytes(path.read_bytes())
    with building.open("rb") as file:
        os.fsync(file.fileno())
    building.replace(target)


def record(
    settings: Settings, *, noticed_by: str, by: str | None = None, reason: str | None = None
) -> list[dict[str, Any]]:
    """Log every change since the log's last line; return what was logged.

    noticed_by: what looked (a run, a person's command). by, reason: what a person says of the change.
    The kept copies are written first: a crash before the line only leaves a copy that nobody names.
    """
    log = log_path(settings)
    before = last_states(log)
    is_first = not before and not log.is_file()
    now: dict[str, str] = {}
    entries: list[dict[str, Any]] = []
    for one in watched(settings):
        sha256 = file_hash(one.path)
        now[one.name] = sha256
        if before.get(one.name) == sha256:
            continue
        _keep(settings, one.path, sha256)
        entries.append(
            _entry(settings, one.name, before.get(one.name), sha256)
            | _saved_by(one.path)
            | ({"change": {"first": True}} if is_first else {})
        )
    entries += [_entry(settings, name, old, None) for name, old in before.items() if name not in now]
    who = {"by": by or os.environ.get("TIEOUT_USER") or _user(), "noticed_by": noticed_by, "reason": reason}
    if entries:
        hash_chain.append(log, [entry | who for entry in entries])
    return entries


def _entry(settings: Settings, name: str, old: str | None, new: str | None) -> dict[str, Any]:
    before = _kept(settings, old) if old else None
    return {
        "file": name,
        "old_sha256": old,
        "new_sha256": new,
        "change": difference(
            before if before and before.is_file() else None,
            _kept(settings, new) if new else None,
            is_table=name.endswith(".csv"),
        ),
    }


def unrecorded(settings: Settings) -> list[str]:
    """Files that differ from what the log says last: changed after the last run, not logged yet."""
    states = last_states(log_path(settings))
    now = {one.name: file_hash(one.path) for one in watched(settings)}
    return sorted(name for name in {*states, *now} if states.get(name) != now.get(name))


def states_at(settings: Settings, sequence: int) -> Mapping[str, str]:
    """File to SHA-256 after the log's line `sequence`."""
    states: dict[str, str] = {}
    for link in hash_chain.read(log_path(settings)):
        if link["sequence"] > sequence:
            break
        states[link["file"]] = link["new_sha256"]
    return {name: sha256 for name, sha256 in states.items() if sha256 is not None}


def verify(settings: Settings, *, known_head: hash_chain.Head | None = None) -> list[Problem]:
    """What is wrong with the log: the chain, its order of states, and the kept copies."""
    log = log_path(settings)
    problems = hash_chain.verify(log, known_head=known_head)
    if problems:
        return problems
    states: dict[str, str | None] = {}
    for link in hash_chain.read(log):
        line, name = link["sequence"], link["file"]
        if link["old_sha256"] != states.get(name):
            problems.append(Problem(line, f"{name}: does not begin where the line before it ended"))
        states[name] = link["new_sha256"]
        for sha256 in filter(None, (link["new_sha256"],)):
            kept = _kept(settings, sha256)
            if not kept.is_file():
                problems.append(Problem(line, f"{name}: the kept copy {kept} is gone"))
            elif file_hash(kept) != sha256:
                problems.append(Problem(line, f"{name}: the kept copy {kept} was changed"))
    return problems
