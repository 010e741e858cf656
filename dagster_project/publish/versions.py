"""Published files that stood before: kept by run and date, found again, and dropped in their time.

Belongs here: the folder `versions/`, which is its own index. A version is a folder named after the
moment of its publication and its run, with the published file in it, so that nothing has to agree with
anything else after a crash: what lies there is what there is. The file is a hard link, so that the
current version costs no disk twice; where the file system has none, it is a copy.

A version is made right after the published file was replaced, and again before the next replacement
when a crash came in between: nothing is listed that never stood, and nothing that stood is lost.
"""

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from dagster_project.warehouse import reading

_MOMENT = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"^(\d{8}T\d{6}\.\d{6}Z)_(.+)$")
_MAKING, _DROPPING = ".making-", ".dropping-"
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}(T.*)?$")
# What a run id may hold in a file name; anything else (it can only come from a foreign file) is replaced.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class NoSuchVersion(ValueError):
    """No kept version is meant by what was asked for; the message lists those there are."""


@dataclass(frozen=True)
class Version:
    """id: name of its folder. published_at: UTC. is_current: whether readers have it now."""

    id: str
    path: Path
    published_at: datetime
    run_id: str
    size_bytes: int
    is_current: bool


def folder_of(published: Path) -> Path:
    """Where versions of the published file are kept: beside its folder."""
    return published.parent.parent / "versions"


def _run_id(path: Path) -> str:
    try:
        with reading(path) as connection:
            row = connection.execute("select max(run_id) from checks.expectation_results").fetchone()
    except duckdb.Error:
        row = None
    return str(row[0]) if row and row[0] else "unknown"


def version_id(path: Path) -> str:
    """The name under which a published file is kept: when it was written, and by which run."""
    state = path.stat()
    seconds, rest = divmod(state.st_mtime_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest // 1000)
    return f"{moment.strftime(_MOMENT)}_{_UNSAFE.sub('-', _run_id(path)).strip('.')}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # No hard links here (another file system, or one without them).
        shutil.copy2(source, target)
        with target.open("rb") as copied:
            os.fsync(copied.fileno())


def tidy(published: Path) -> None:
    """Remove what a killed process left half made or half dropped."""
    folder = folder_of(published)
    for prefix in (_MAKING, _DROPPING):
        for left_over in folder.glob(f"{prefix}*"):
            shutil.rmtree(left_over, ignore_errors=True)


def keep(published: Path) -> str | None:
    """Keep the published file as a version, unless it is one already. Returns its id."""
    if not published.is_file():
        return None
    folder = folder_of(published)
    name = version_id(published)
    kept = folder / name
    if not (kept / published.name).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        making = folder / f"{_MAKING}{os.getpid()}"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        _link_or_copy(published, making / published.name)
        _sync_folder(making)
        making.rename(kept)
        _sync_folder(folder)
    return name


def versions(published: Path) -> list[Version]:
    """All kept versions, newest first."""
    current = published.stat() if published.is_file() else None
    found = []
    for kept in folder_of(published).glob("*/"):
        named = _NAME.match(kept.name)
        path = kept / published.name
        if named is None or not path.is_file():
            continue
        state = path.stat()
        found.append(
            Version(
                id=kept.name,
                path=path,
                published_at=datetime.strptime(named[1], _MOMENT).replace(tzinfo=UTC),
                run_id=named[2],
                size_bytes=state.st_size,
                is_current=current is not None
                and (state.st_mtime_ns, state.st_size) == (current.st_mtime_ns, current.st_size),
            )
        )
    return sorted(found, key=lambda version: version.id, reverse=True)


def end_of(day: date) -> datetime:
    """The last moment of a day in UTC."""
    return datetime.combine(day, time.max, UTC)


def standing(kept: Iterable[Version], moment: datetime) -> Version | None:
    """The version that readers had at a moment; None before the first that is kept."""
    earlier = [version for version in kept if version.published_at <= moment]
    return max(earlier, key=lambda version: version.published_at, default=None)


def parse_moment(text: str) -> datetime | None:
    """A day (its end, UTC) or a timestamp (UTC where it names no zone); None when it is neither."""
    if not _DAY.match(text):
        return None
    try:
        if len(text) == 10:
            return end_of(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _none_stood(kept: list[Version], moment: datetime, named: list[Version]) -> str:
    said = f"no kept version stood at {moment:%Y-%m-%d %H:%M} UTC"
    if kept:
        said += f"; the oldest that is kept was published {kept[-1].published_at:%Y-%m-%d %H:%M} UTC"
    if named:
        said += f". The close of that business day is the run {named[0].run_id}"
    return said + ". See: tieout versions"


def find(published: Path, wanted: str) -> Version:
    """The version that a person means: its id or the beginning of it, a run id, a day or a moment.

    Of a run that was published several times the newest. Raises NoSuchVersion.
    """
    kept = versions(published)
    named = [version for version in kept if wanted in (version.id, version.run_id)]
    named = named or [
        version for version in kept if version.id.startswith(wanted) or version.run_id.startswith(wanted)
    ]
    moment = parse_moment(wanted)
    if moment is not None:
        version = standing(kept, moment)
        if version is None:
            raise NoSuchVersion(_none_stood(kept, moment, named))
        return version
    if len({version.run_id for version in named}) > 1:
        meant = ", ".join(sorted({version.run_id for version in named}))
        raise NoSuchVersion(f"'{wanted}' is the beginning of several runs: {meant}. Write more of it.")
    if not named:
        raise NoSuchVersion(
            f"there is no version '{wanted}': neither a run, nor a day (YYYY-MM-DD). See: tieout versions"
        )
    return named[0]


def prune(published: Path, *, last: int, days: int, now: datetime | None = None) -> list[str]:
    """Drop versions that are neither among the `last` newest nor published in the last `days` days.

    The current one always stays. Returns the ids of the dropped ones; their certificates remain.
    """
    limit = (now or datetime.now(UTC)) - timedelta(days=days)
    dropped = []
    for version in versions(published)[last:]:
        if version.is_current or version.published_at >= limit:
            continue
        dropping = folder_of(published) / f"{_DROPPING}{version.id}"
        version.path.parent.rename(dropping)
        shutil.rmtree(dropping, ignore_errors=True)
        dropped.append(version.id)
    return dropped
