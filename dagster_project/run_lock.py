"""One run at a time in an installation, whoever starts it: command line, schedule, sensor, backfill.

Belongs here: the lock that a run holds from its first step to its last, and clearing away what a killed
process left in Dagster's history. The steps alone are safe through their pool; two runs whose steps take
turns would each publish what the other has half changed.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.settings import Settings

# Tag of a run: the process that works on it, as `pid:start time`.
STARTED_BY = "tieout/process"

_held: set[Path] = set()


def _started_at(pid: int) -> str:
    """When the kernel started the process, in clock ticks; empty where there is no /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name of the command stands in brackets and may hold anything, so count from its end.
    return text.rpartition(")")[2].split()[19]


def this_process() -> str:
    return f"{os.getpid()}:{_started_at(os.getpid())}"


def is_alive(process: str | None) -> bool:
    """Whether the process of a tag still runs, and is no later one with the same number."""
    number, _, started = (process or "").partition(":")
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return not started or _started_at(int(number)) in ("", started)


@contextmanager
def one_run(settings: Settings, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the installation. `waiting` is called with who holds it when we have to wait.

    The lock goes away with its process, also by SIGKILL. A process that holds it may enter again.
    """
    path = settings.home / "run.lock"
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            waiting(lock.read() or "starting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)


def bury_dead_runs(instance: Any) -> list[str]:
    """Mark runs of killed processes as failed and give back their places in the pools; returns their ids.

    A place that a dead run holds would keep every later run waiting for the warehouse for ever.
    """
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    buried = []
    for run in instance.get_runs(filters=RunsFilter(statuses=unfinished)):
        process = run.tags.get(STARTED_BY)
        if process is not None and not is_alive(process):
            instance.report_run_failed(run, "The process of this run was killed.")
            buried.append(run.run_id)
    storage = instance.event_log_storage
    if storage.supports_global_concurrency_limits:
        for run_id in storage.get_concurrency_run_ids():
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                storage.free_concurrency_slots_for_run(run_id)
    return buried
