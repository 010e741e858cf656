"""One run at a time, whoever starts it, and a killed process leaves nothing locked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.names import JOB
from dagster_project.run_lock import STARTED_BY, bury_dead_runs, is_alive, one_run, this_process
from pipelines.settings import REPOSITORY, Settings

_HOLDER = """
import sys, time
from pathlib import Path
from dagster_project.run_lock import one_run
from pipelines.settings import Settings
home = Path(sys.argv[1])
with one_run(Settings(home, home, home), print):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")


def test_a_second_process_waits_and_says_for_whom_and_goes_on_when_the_first_is_killed(
    place: Settings,
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(place.home)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        said: list[str] = []

        def waiting(who: str) -> None:
            said.append(who)
            os.kill(holder.pid, signal.SIGKILL)

        since = time.monotonic()
        with one_run(place, waiting):
            assert time.monotonic() - since < 30
        assert said == [f"process {holder.pid}"]
    finally:
        holder.kill()
        holder.wait()


def test_a_process_that_holds_the_lock_may_enter_again(place: Settings) -> None:
    def never(who: str) -> None:
        raise AssertionError(f"waited for {who}")

    with one_run(place, never), one_run(place, never):
        pass
    with one_run(place, never):
        pass


def test_a_later_process_with_the_same_number_is_not_the_one_that_was_killed() -> None:
    assert is_alive(this_process())
    assert not is_alive(f"{os.getpid()}:1")
    assert not is_alive("999999999:5")
    assert not is_alive("")


def test_runs_of_killed_processes_are_closed_and_others_are_left_alone(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:

        @dg.job(name=JOB)
        def job() -> None: ...

        runs = {
            name: instance.create_run_for_job(
                job, status=dg.DagsterRunStatus.STARTED, tags={STARTED_BY: process}
            )
            for name, process in (("dead", f"{os.getpid()}:1"), ("alive", this_process()))
        }
        assert bury_dead_runs(instance) == [runs["dead"].run_id]
        status = {name: instance.get_run_by_id(run.run_id).status for name, run in runs.items()}
    assert status == {"dead": dg.DagsterRunStatus.FAILURE, "alive": dg.DagsterRunStatus.STARTED}
