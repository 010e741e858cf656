"""Runs of `tieout run` in processes of their own, forked from one that has imported everything.

Belongs here: starting a night and knowing where it is. What runs in the child is the command's own code;
only the imports, ten seconds of each start, are shared.
"""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


def preload() -> None:
    """Import what a run imports, before the first fork; starts no thread."""
    import dagster  # noqa: F401
    import dagster_dbt  # noqa: F401
    import dbt.cli.main  # noqa: F401
    import dlt  # noqa: F401
    import great_expectations  # noqa: F401
    import matplotlib  # noqa: F401

    import pipelines.loading  # noqa: F401


@dataclass
class Night:
    """A run that is under way. log: what it prints. finished: steps that it has told as done."""

    pid: int
    log: Path
    started: float
    code: int | None = None

    def steps(self) -> list[str]:
        """The steps that are done, as the run prints them: `phase text`."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line[4:66].strip() for line in lines if line.startswith(("  ✓ ", "  ✗ "))]

    def poll(self) -> int | None:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def wait(self, seconds: float = 1800) -> int:
        limit = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > limit:
                self.kill()
                raise AssertionError(f"a night took longer than {seconds:.0f} s:\n{self.text()}")
            time.sleep(0.05)
        assert self.code is not None
        return self.code

    def kill(self) -> None:
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def text(self) -> str:
        return self.log.read_text(errors="replace")


def start(home: Path, as_of: str | None = None, log: Path | None = None, **environment: str) -> Night:
    """Fork a process that does what `tieout run` does on that home."""
    log = log or home.with_name(f"{home.name}.night.txt")
    log.write_text("")
    pid = os.fork()
    if pid:
        with contextlib.suppress(PermissionError):
            os.setpgid(pid, pid)
        return Night(pid, log, time.monotonic())
    code = 70
    try:
        os.setpgid(0, 0)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        for name in [name for name in os.environ if name.startswith(("TIEOUT_", "DAGSTER_", "DBT_"))]:
            del os.environ[name]
        os.environ |= {"TIEOUT_HOME": str(home), **environment}
        from dagster_project.commands.errors import known_errors, message
        from dagster_project.commands.run import run_job

        try:
            code = run_job(as_of, verbose=False)
        except known_errors() as error:
            print(message(error), flush=True)
            code = 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        import sys

        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
