"""Dagster's own daemon (and UI) on an installation, for tests that need the real thing.

Belongs here: starting and ending it, and its clock, so that its night can be now. Nothing here
launches a run; what runs was started by the daemon.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


def _is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _end(process: subprocess.Popen) -> None:
    """The process and what it started: runs that are still under way belong to it."""
    for number, seconds in ((signal.SIGINT, 15), (signal.SIGKILL, 5)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
    process.wait()


@contextmanager
def running(home: Path, port: int, clock: Path | None = None, *, with_ui: bool = False) -> Iterator[Path]:
    """The daemon and its code server until the block ends; gives their log.

    As processes of their own and not as `dagster dev`, which gives its code server 45 seconds to start:
    too few on a machine that does other things as well. port: of the code server; the UI's is the next.
    """
    programs = Path(sys.executable).parent
    log = home / "logs" / "dagster.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    workspace = home / "workspace.yaml"
    workspace.write_text(
        "load_from:\n  - grpc_server:\n"
        f"      host: 127.0.0.1\n      port: {port}\n      location_name: tieout\n"
    )
    # `api grpc` itself: around it `code-server start` has a proxy with the same impatience.
    code = ["api", "grpc", "-h", "127.0.0.1", "-p", str(port), "-d", str(REPOSITORY)]
    commands = [
        [str(programs / "dagster"), *code, "-m", "dagster_project.definitions", "-a", "defs"],
        [str(programs / "dagster-daemon"), "run", "-w", str(workspace)],
    ]
    if with_ui:
        address = ["-h", "127.0.0.1", "-p", str(port + 1)]
        commands.append([str(programs / "dagster-webserver"), "-w", str(workspace), *address])
    started: list[subprocess.Popen] = []
    try:
        with log.open("w") as output:
            for command in commands:
                started.append(
                    subprocess.Popen(
                        command,
                        cwd=REPOSITORY,
                        env=environment(home, clock),
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
                if len(started) == 1:
                    wait_for(lambda: _is_open(port), 600, log, "the code server answers")
        yield log
    finally:
        for process in reversed(started):
            _end(process)


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
