"""SIGKILL inside one phase at a time, at what a kill can tear: loading, and publishing.

Belongs here: the steps' own code in a process of its own, without the minute that the rest of a night
takes, so that hundreds of moments can be tried. Whole nights are in `kills`. Loading is right when the
raw tables hold every delivered record once (a repeated half of a load is the same load_id and position);
publishing is right when readers have the old file or the new one, never anything else.
"""

import hashlib
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.settings import REPOSITORY, Settings
from tests.faults.company import Company, copy, export
from tests.faults.kills import Kill


@dataclass(frozen=True)
class PhaseResult:
    """phase, moments of the kills, and whether the repeated step gave the undisturbed result."""

    kills: tuple[Kill, ...]
    outcome: str


def _settings(home: Path) -> Settings:
    return Settings(home, REPOSITORY / "pipelines" / "sources.yml", REPOSITORY / "seeds")


def forked(work: Callable[[], None], log: Path) -> int:
    """Do the work in a child process of its own group; returns its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        work()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def load_everything(home: Path) -> None:
    """The extraction of every kind, one after the other, as the job does it."""
    from dagster_project.extraction.isolation import load
    from pipelines.config import read_configuration
    from pipelines.kinds import KINDS

    place = _settings(home)
    for kind in KINDS:
        _, failed = load(kind, read_configuration(place.sources_file), place)
        assert not failed, failed


def raw_rows(home: Path) -> dict[str, str]:
    """Hash of each raw table's records, without dlt's own ids and without repeated loads."""
    found = {}
    with duckdb.connect(str(home / "warehouse" / "tieout.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        tables = connection.execute(
            "select table_schema, table_name, list(column_name) from information_schema.columns "
            "where starts_with(table_schema, 'raw_') and not starts_with(table_name, '_dlt') "
            "group by all order by all"
        ).fetchall()
        for schema, table, columns in tables:
            rows = connection.execute(
                f'select distinct * exclude (_dlt_load_id) from "{schema}"."{table}" order by all'
                if "_dlt_load_id" in columns
                else f'select distinct * from "{schema}"."{table}" order by all'
            ).fetchall()
            found[f"{schema}.{table}"] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


def _killed(work: Callable[[], None], wait: float, log: Path) -> tuple[bool, float]:
    """Kill the work after `wait` seconds; False when it ended before."""
    since = time.monotonic()
    pid = forked(work, log)
    while time.monotonic() - since < wait:
        done, _ = os.waitpid(pid, os.WNOHANG)
        if done:
            return False, time.monotonic() - since
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return True, time.monotonic() - since


def _finished(work: Callable[[], None], log: Path) -> tuple[int, float]:
    since = time.monotonic()
    code = os.waitstatus_to_exitcode(os.waitpid(forked(work, log), 0)[1])
    return code, time.monotonic() - since


class Loading:
    """Kills while the files of the night are loaded, on top of what the evening had loaded."""

    phase = "extract"

    def __init__(self, company: Company, folder: Path) -> None:
        self._company, self._folder = company, folder
        self._home = folder / "loading"
        copy(company.evening, self._home)
        code, self._seconds = _finished(lambda: load_everything(self._home), folder / "loading.txt")
        assert code == 0, (folder / "loading.txt").read_text()
        self._expected = raw_rows(self._home)

    def row(self, chance: random.Random, length: int) -> PhaseResult:
        log = self._folder / "loading.txt"
        copy(self._company.evening, self._home)
        kills = []
        for _ in range(length):
            is_killed, seconds = _killed(
                lambda: load_everything(self._home), chance.random() * self._seconds, log
            )
            if is_killed:
                kills.append(Kill(self.phase, "loading", round(seconds, 2), "old"))
            else:
                # It was done before the moment came: the next kill needs something to load again.
                self._seconds = seconds
                copy(self._company.evening, self._home)
        code, self._seconds = _finished(lambda: load_everything(self._home), log)
        if code:
            return PhaseResult(tuple(kills), f"loading again failed: {log.read_text()[-800:]}")
        found = raw_rows(self._home)
        wrong = sorted(table for table in self._expected if found.get(table) != self._expected[table])
        return PhaseResult(tuple(kills), f"other records in {wrong}" if wrong else "equal")


class Publishing:
    """Kills while the new file is built, compared, synced, swapped in and kept as a version."""

    phase = "publish"

    def __init__(self, company: Company, undisturbed: Path, folder: Path) -> None:
        self._company, self._folder = company, folder
        self._home = folder / "publishing"
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.copytree(undisturbed / "warehouse", self._home / "warehouse")
        with duckdb.connect(str(undisturbed / "published" / "tieout.duckdb"), read_only=True) as connection:
            [(self._run_id,)] = connection.execute(
                "select distinct run_id from checks.expectation_results"
            ).fetchall()
        self._reset()
        code, self._seconds = _finished(self._publish, folder / "publishing.txt")
        assert code == 0, (folder / "publishing.txt").read_text()

    @property
    def published(self) -> Path:
        return self._home / "published" / "tieout.duckdb"

    def _reset(self) -> None:
        """The evening's file in place again, swapped in whole: readers are looking."""
        source = self._company.evening / "published"
        self.published.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.published.with_name(".evening")
        shutil.copy(source / "tieout.duckdb", fresh)
        fresh.replace(self.published)

    def _publish(self) -> None:
        from dagster_project.publish.publishing import publish

        place = _settings(self._home)
        publish(place.warehouse, place.published, self._run_id)

    def _state(self) -> str:
        found = export(self.published)
        if found == self._company.before:
            return "old"
        return "new" if found == self._company.after else "neither the old file nor the new one"

    def row(self, chance: random.Random, length: int) -> PhaseResult:
        self._reset()
        log = self._folder / "publishing.txt"
        kills = []
        for _ in range(length):
            is_killed, seconds = _killed(self._publish, chance.random() * self._seconds * 1.05, log)
            if is_killed:
                kills.append(Kill(self.phase, "publishing", round(seconds, 2), self._state()))
            else:
                self._seconds = seconds
                self._reset()
        code, _ = _finished(self._publish, log)
        if code:
            return PhaseResult(tuple(kills), f"publishing again failed: {log.read_text()[-800:]}")
        left = [path.name for path in self.published.parent.glob(".building-*")]
        state = self._state()
        return PhaseResult(
            tuple(kills), f"left behind: {left}" if left else "equal" if state == "new" else state
        )

    def without_room(self) -> tuple[int, str]:
        """Publish where no file may grow beyond a megabyte; returns exit code and what readers have then."""

        def publish() -> None:
            # Python ignores SIGXFSZ, so that the write fails as on a full disk.
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
            self._publish()

        self._reset()
        code, _ = _finished(publish, self._folder / "publishing.txt")
        left = [path.name for path in self.published.parent.glob(".building-*")]
        return code, f"left behind: {left}" if left else self._state()
