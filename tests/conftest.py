"""What several test folders share: one run of the whole job on the sample company.

Belongs here: the session's run, made once by the command that people type. Tests that need another
company or a broken one make their own.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import REPOSITORY

RUN_SECONDS = 1800  # a limit for machines under load; the job itself takes about a minute


@dataclass(frozen=True)
class Done:
    """A finished command: exit code and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Installation:
    """A TIEOUT_HOME and the commands on it."""

    home: Path

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def truth(self) -> Path:
        return self.home / "truth"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse" / "tieout.duckdb"

    @property
    def published(self) -> Path:
        return self.home / "published" / "tieout.duckdb"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
        return {**inherited, "TIEOUT_HOME": str(self.home), "PYTHONWARNINGS": "ignore"}

    def tieout(self, *arguments: str, **environment: str) -> Done:
        """Run the command as a person would, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "dagster_project.cli", *arguments],
            cwd=REPOSITORY,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def ask(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.published), read_only=True) as connection:
            return connection.execute(query).fetchall()


@dataclass(frozen=True)
class SampleRun:
    """The session's run on the sample company; nobody may change its files."""

    home: Path
    output: str

    @property
    def installation(self) -> Installation:
        return Installation(self.home)


def _session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of a parallel test run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """The whole job, once per session, on the sample that `tieout run` makes for an empty installation.

    TIEOUT_TEST_HOME names an installation whose job has run, to look at tests again without waiting.
    """
    if given := os.environ.get("TIEOUT_TEST_HOME"):
        status = Installation(Path(given)).tieout("status")
        return SampleRun(Path(given).resolve(), status.out)
    folder = _session_folder(tmp_path_factory)
    installation = Installation(folder / "sample_home")
    output = folder / "sample_run.txt"
    with (folder / "sample_run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.is_file():
            done = installation.tieout("run")
            assert done.code == 0, f"the sample run failed:\n{done.out}\n{done.err}"
            output.write_text(done.out, encoding="utf-8")
    return SampleRun(installation.home, output.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def sample_truth(sample_run: SampleRun) -> Path:
    """What is true in the sample; the platform itself never reads it."""
    return sample_run.home / "truth"


@pytest.fixture
def published(sample_run: SampleRun) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the published file of the sample run."""
    connection = duckdb.connect(str(sample_run.installation.published), read_only=True)
    connection.execute("set TimeZone = 'UTC'")
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def installation() -> Iterator[Installation]:
    """An empty installation of the test's own."""
    with tempfile.TemporaryDirectory(prefix="tieout_") as folder:
        yield Installation(Path(folder))
