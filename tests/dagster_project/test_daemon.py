"""The real daemon: its schedule starts a night, a backfill of a range runs day by day, and runs wait in line.

Takes minutes, so it runs only when it is asked for: TIEOUT_TEST_DAEMON=1. The clock is moved to just before
the night; nothing in here launches a run by itself except the backfill, which is what the UI's button sends.
"""

import os
import shutil
import socket
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
import requests

from dagster_project.instance import write_instance
from dagster_project.names import JOB
from pipelines.settings import REPOSITORY, Settings
from tests.conftest import SampleRun
from tests.dagster_project.daemon import instance, running, set_clock, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("TIEOUT_TEST_DAEMON"), reason="takes minutes: TIEOUT_TEST_DAEMON=1"
    ),
]

NIGHT = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)  # 05:00 in Berlin
PATIENCE_SECONDS = 1800

BACKFILL = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}
"""


def _ports() -> int:
    """The first of two free ports in a row."""
    for port in range(43210, 43400, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise OSError("no two free ports in a row")


def _runs(home: Path) -> list[dg.DagsterRun]:
    with instance(home) as history:
        return [run for run in history.get_runs() if run.job_name == JOB]


def test_the_daemon_runs_the_night_and_a_backfill_waits_for_it(sample_run: SampleRun, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_run.home, home, ignore=shutil.ignore_patterns("dagster"))
    # One night is enough: the others' hours are moved away.
    (home / "operations.yml").write_text(
        "nights: { time_zones: { Europe/London: '0 5 1 1 *', America/New_York: '0 5 1 1 *' } }"
    )
    write_instance(Settings(home, REPOSITORY / "pipelines" / "sources.yml", REPOSITORY / "seeds"))
    clock = set_clock(tmp_path / "clock", NIGHT - timedelta(minutes=30))
    port = _ports()
    with running(home, port, clock, with_ui=True) as log:

        def has_looked() -> bool:
            with instance(home) as history:
                return bool(history.all_instigator_state())

        wait_for(has_looked, 600, log, "the daemon has looked at schedules and sensors")
        set_clock(clock, NIGHT - timedelta(seconds=20))
        [night] = wait_for(lambda: _runs(home), 300, log, "the schedule has started a run")
        assert night.tags["dagster/schedule_name"] == "nightly_europe_berlin"
        assert night.tags["dagster/partition"] == "2026-06-30"

        params = {
            "selector": {
                "partitionSetName": f"{JOB}_partition_set",
                "repositorySelector": {
                    "repositoryName": "__repository__",
                    "repositoryLocationName": "tieout",
                },
            },
            "partitionNames": ["2026-06-28", "2026-06-29"],
        }
        answer = requests.post(
            f"http://127.0.0.1:{port + 1}/graphql",
            json={"query": BACKFILL, "variables": {"params": params}},
            timeout=120,
        ).json()
        assert answer["data"]["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", answer

        def in_line() -> set[dg.DagsterRunStatus]:
            found = {run.status for run in _runs(home)}
            return found if dg.DagsterRunStatus.QUEUED in found else set()

        assert dg.DagsterRunStatus.STARTED in wait_for(in_line, 300, log, "a second run waits in line")

        def all_ended() -> list[dg.DagsterRun]:
            runs = _runs(home)
            return runs if len(runs) == 3 and all(run.is_finished for run in runs) else []

        runs = wait_for(all_ended, PATIENCE_SECONDS, log, "all three runs have ended")
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        with instance(home) as history:
            records = sorted(
                (record.start_time, record.end_time)
                for record in history.get_run_records(dg.RunsFilter(job_name=JOB))
            )
        assert all(before[1] <= after[0] for before, after in pairwise(records)), (
            "two runs were under way at once"
        )
