"""A run that is killed and repeated publishes what an undisturbed run publishes, to the byte."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.settings import REPOSITORY
from tests.conftest import RUN_SECONDS, Installation, SampleRun
from tests.end_to_end.test_run import export

pytestmark = pytest.mark.slow


def run_and_kill(installation: Installation, after: str, wait_seconds: float) -> None:
    """Start a run and kill it with SIGKILL `wait_seconds` after it has said `after`."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "dagster_project.cli", "run"],
        cwd=REPOSITORY,
        env=installation.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    limit = time.monotonic() + RUN_SECONDS
    try:
        assert process.stdout is not None
        for line in process.stdout:
            assert time.monotonic() < limit
            if after in line:
                break
        time.sleep(wait_seconds)
        assert process.poll() is None, f"the run ended before it could be killed after '{after}'"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(
    ("after", "wait_seconds"),
    [
        ("load the definitions", 0.7),  # in the first extraction
        ("declared = landed + rejected", 3.0),  # between two dbt models
    ],
)
def test_a_killed_run_repeated_gives_the_same_export(
    installation: Installation, sample_run: SampleRun, tmp_path: Path, after: str, wait_seconds: float
) -> None:
    shutil.copytree(sample_run.installation.landing, installation.landing)
    run_and_kill(installation, after, wait_seconds)
    assert not installation.published.exists()
    done = installation.tieout("run")
    assert done.code == 0, done.err
    assert export(installation, tmp_path / "killed") == export(
        sample_run.installation, tmp_path / "undisturbed"
    )
