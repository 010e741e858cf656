"""`tieout run`: the Dagster job in this process, with progress and a summary.

Belongs here: preparing an installation, launching the job, and the exit code. Does not belong here:
what the job does (Dagster definitions) or how the result reads (`summary`).
"""

import fcntl
import logging
import os
import sys
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any

from dagster_project.commands.errors import CommandError
from dagster_project.commands.progress import Progress
from pipelines.settings import SAMPLE_SOURCES, Settings, settings

STARTED_BY = "tieout/process"


@contextmanager
def _one_run(place: Settings) -> Iterator[None]:
    """Keep a second `tieout run` waiting. The lock goes away with its process, also by SIGKILL."""
    place.home.mkdir(parents=True, exist_ok=True)
    with (place.home / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say_waiting(lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _say_waiting(lock: IO[str]) -> None:
    lock.seek(0)
    print(f"Another run is under way ({lock.read() or 'starting'}); waiting for it to end.", file=sys.stderr)


@contextmanager
def _quiet(place: Settings) -> Iterator[Path]:
    """Send what libraries print and log to a file; the terminal is for the person who runs the job."""
    target = place.home / "logs" / "run.log"
    target.parent.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    root = logging.getLogger()
    handler = logging.FileHandler(target, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    before = root.handlers[:]
    root.handlers[:] = [handler]
    try:
        yield target
    finally:
        root.handlers[:] = before
        handler.close()


def _checked_date(as_of: str | None) -> str:
    if as_of is None:
        return ""
    try:
        return str(date.fromisoformat(as_of))
    except ValueError as error:
        raise CommandError(f"--as-of {as_of} is not a date. Write it as YYYY-MM-DD.") from error


def _is_alive(process: str | None) -> bool:
    try:
        os.kill(int(process or ""), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _bury_dead_runs(instance: Any) -> None:
    """Mark runs of killed processes as failed and give back their places in the pools.

    A place that a dead run holds would keep every later run waiting for the warehouse for ever.
    """
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    for run in instance.get_runs(filters=RunsFilter(statuses=unfinished, tags={})):
        process = run.tags.get(STARTED_BY)
        if process is not None and not _is_alive(process):
            instance.report_run_failed(run, "The process of this run was killed.")
    storage = instance.event_log_storage
    if storage.supports_global_concurrency_limits:
        for run_id in storage.get_concurrency_run_ids():
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                storage.free_concurrency_slots_for_run(run_id)


def _sample_when_empty(place: Settings, progress: Progress) -> None:
    from dagster_project.commands.sample import has_landed

    if has_landed(place.landing) or place.sources_file != SAMPLE_SOURCES:
        return
    from dagster_project.commands.sample import create_sample

    with progress.step("sample", "create the sample company (the landing folder is empty)"):
        create_sample(orders=2000, days=60, seed=7, faults="default", out=None, is_quiet=True)


def run_job(as_of: str | None, *, verbose: bool) -> int:
    """Run everything once and print what came of it. Returns the exit code."""
    started = time.perf_counter()
    requested = _checked_date(as_of)
    place = settings()
    from dagster_project.instance import prepare_environment

    prepare_environment(place)
    progress = Progress(verbose=verbose)
    with _one_run(place), _quiet(place) as log:
        _sample_when_empty(place, progress)
        with progress.step("start", "load the definitions"):
            import dagster as dg

            from dagster_project.definitions import build_defs
            from dagster_project.names import JOB

            job = build_defs(place).resolve_job_def(JOB)
        with dg.DagsterInstance.from_config(str(place.dagster)) as instance:
            _bury_dead_runs(instance)
            run_id = str(uuid.uuid4())
            instance.add_event_listener(run_id, progress.listen)
            result = job.execute_in_process(
                instance=instance,
                run_id=run_id,
                raise_on_error=False,
                run_config={
                    "resources": {"close": {"config": {"as_of_date": requested}}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                tags={STARTED_BY: str(os.getpid()), "tieout/started_by": "command line"},
            )
        progress.finish()
        from dagster_project.commands.summary import show_failure, show_summary

        seconds = time.perf_counter() - started
        if not result.success:
            show_failure(progress, place, log)
            return 1
        show_summary(progress, place, seconds)
        return 0
