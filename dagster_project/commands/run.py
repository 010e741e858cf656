"""`tieout run`: the Dagster job in this process, with progress and a summary.

Belongs here: preparing an installation, launching the job, and the exit code. Does not belong here:
what the job does (Dagster definitions) or how the result reads (`summary`).
"""

import logging
import sys
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dagster_project.commands.errors import CommandError
from dagster_project.commands.progress import Progress
from dagster_project.run_lock import STARTED_BY, bury_dead_runs, one_run, this_process
from pipelines.settings import SAMPLE_SOURCES, Settings, settings


def _say_waiting(who: str) -> None:
    print(f"Another run is under way ({who}); waiting for it to end.", file=sys.stderr)


def _set_aside(target: Path) -> None:
    """Keep the log of the run before under its time; `operations.yml` says for how long."""
    kept = target.parent / "runs"
    kept.mkdir(parents=True, exist_ok=True)
    if target.is_file() and target.stat().st_size:
        ended = datetime.fromtimestamp(target.stat().st_mtime, UTC)
        target.replace(kept / f"{ended:%Y%m%dT%H%M%SZ}.log")


@contextmanager
def _quiet(place: Settings) -> Iterator[Path]:
    """Send what libraries print and log to a file; the terminal is for the person who runs the job."""
    target = place.home / "logs" / "run.log"
    _set_aside(target)
    warnings.simplefilter("ignore")
    root = logging.getLogger()
    # To append: libraries configure logging and close every handler; only one that appends opens again.
    handler = logging.FileHandler(target, mode="a", encoding="utf-8")
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


def _sample_when_empty(place: Settings, progress: Progress) -> None:
    from dagster_project.commands.sample import has_landed

    if has_landed(place.landing) or place.sources_file != SAMPLE_SOURCES:
        return
    from dagster_project.commands.sample import create_sample

    with progress.step("sample", "create the sample company (the landing folder is empty)"):
        create_sample(orders=2000, days=60, seed=7, faults="default", out=None, is_quiet=True)


def _watch(place: Settings, instance: Any | None, start_failure: str | None = None) -> None:
    """Tell whom it concerns. Whatever happens here, the run is what it is."""
    try:
        from dagster_project.alerts.watch import watch

        watch(place, instance, start_failure=start_failure)
    except Exception as error:
        logging.getLogger(__name__).exception("the alerts")
        print(f"tieout: alerts could not be told: {error}", file=sys.stderr)


@contextmanager
def _telling_of_a_false_start(place: Settings) -> Iterator[None]:
    """A run that cannot begin (sources.yml, a seed) fails as one that ends badly does: somebody is told."""
    try:
        yield
    except Exception as error:
        _watch(place, None, start_failure=str(error))
        raise


@contextmanager
def _history(place: Settings) -> Iterator[Any]:
    """Dagster's instance. Raises CommandError when its files are damaged."""
    import sqlite3

    import dagster as dg
    from sqlalchemy.exc import DatabaseError, OperationalError

    try:
        with dg.DagsterInstance.from_config(str(place.dagster)) as instance:
            yield instance
    except (DatabaseError, sqlite3.DatabaseError) as error:
        cause = getattr(error, "orig", error)
        if isinstance(error, OperationalError | sqlite3.OperationalError) and "malformed" not in str(cause):
            raise
        said = (
            f"Dagster's history of runs is damaged ({cause}), so the run was stopped; readers keep the "
            f"published file as it was. The history holds no figure: move {place.dagster} away and run again."
        )
        _watch(place, None, start_failure=said)
        raise CommandError(said) from error


def run_job(as_of: str | None, *, verbose: bool, full_refresh: bool = False) -> int:
    """Run everything once and print what came of it. Returns the exit code.

    full_refresh: build and check everything again, also what stands for unchanged inputs.
    """
    started = time.perf_counter()
    requested = _checked_date(as_of)
    place = settings()
    from dagster_project.instance import prepare_environment

    prepare_environment(place)
    progress = Progress(verbose=verbose)
    with one_run(place, _say_waiting), _quiet(place) as log:
        from dagster_project.transform.manifest import parse_meanwhile

        parse_meanwhile(place)
        _sample_when_empty(place, progress)
        with progress.step("start", "load the definitions"), _telling_of_a_false_start(place):
            from dagster_project.certificate.failed_run import certify_failed_run
            from dagster_project.definitions import build_defs
            from dagster_project.names import JOB
            from dagster_project.schedules.days import run_config

            job = build_defs(place).resolve_job_def(JOB)
        with _history(place) as instance:
            if bury_dead_runs(instance):
                certify_failed_run(place, instance)
            run_id = str(uuid.uuid4())
            instance.add_event_listener(run_id, progress.listen)
            result = job.execute_in_process(
                instance=instance,
                run_id=run_id,
                raise_on_error=False,
                run_config={
                    **run_config(requested, full_refresh=full_refresh),
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                tags={STARTED_BY: this_process(), "tieout/started_by": "command line"},
            )
            progress.finish()
            from dagster_project.commands.summary import show_failure, show_summary

            seconds = time.perf_counter() - started
            if result.success:
                show_summary(progress, place, seconds)
            else:
                show_failure(progress, place, log, certify_failed_run(place, instance))
            _watch(place, instance)
        return 0 if result.success else 1
