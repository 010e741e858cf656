"""Dagster's own daemon (and UI) on an installation, for tests that need the real thing.

Belongs here: starting and ending it, and its clock, so that its night can be now. Nothing here
launches a run; what runs was started by the daemon.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.settings import REPOSITORY

CLOCK = Path(__file__).with_name("clock")


def set_clock(file: Path, at: datetime) -> Path:
    """Let the processes that have this file as their clock believe that it is `at` now."""
    building = file.with_suffix(".building")
    building.write_text(str(int((at - datetime.now(UTC)).total_seconds())))
    building.replace(file)
    return file


def environment(home: Path, clock: Path | None = None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
    return {
        **inherited,
        "TIEOUT_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": os.pathsep.join(
            map(str, [*([CLOCK] if clock else []), REPOSITORY, REPOSITORY / "dbt"])
        ),
        **({"TIEOUT_TEST_CLOCK": str(clock)} if clock else {}),
    }


@contextmanager
def running(home: Path, port: int, clock: Path | None = None) -> Iterator[Path]:
    """`dagster dev` (UI, daemon and one code server, as `tieout ui`) until the block ends; gives its log."""
    log = home / "logs" / "dagster_dev.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    dagster = str(Path(sys.executable).with_name("dagster"))
    command = [dagster, "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment(home, clock),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield log
    finally:
        # The group: its code server and the run that may still be under way belong to it.
        for number, seconds in ((signal.SIGINT, 20), (signal.SIGKILL, 5)):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + seconds
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
        process.wait()


def instance(home: Path) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(home / "dagster"))


def wait_for(what: Callable[[], Any], seconds: float, log: Path, said: str) -> Any:
    """What `what` returns as soon as it is true. Fails with the end of the daemon's log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds:.0f} s: {said}\n{log.read_text()[-3000:]}")
