"""What a night takes away: by number and age, as operations.yml says, and nothing that is proof."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.instance import write_instance
from dagster_project.publish.housekeeping import tidy_up
from pipelines.settings import Settings

NOW = datetime(2026, 6, 30, 5, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("TIEOUT_OPERATIONS", raising=False)
    (tmp_path / "operations.yml").write_text(
        "retention: {page_days: 10, log_days: 5, run_history_days: 20, tick_days: 7}"
    )
    return Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")


def aged(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    then = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))
    return path


def test_pages_and_logs_go_by_their_age_and_certificates_never(place: Settings) -> None:
    old = [
        aged(place.home / "certificates" / "000001_run.html", 11),
        aged(place.home / "logs" / "runs" / "20260601T000000Z.log", 6),
        aged(place.home / "logs" / "dbt" / "dbt.log.1", 6),
    ]
    stay = [
        aged(place.home / "certificates" / "000001_run.json", 4000),
        aged(place.home / "certificates" / "latest.html", 4000),
        aged(place.home / "certificates" / "000002_run.html", 9),
        aged(place.home / "configuration" / "log.jsonl", 4000),
        aged(place.home / "configuration" / "files" / "abc", 4000),
        aged(place.home / "logs" / "runs" / "20260626T000000Z.log", 4),
        aged(place.home / "logs" / "run.log", 4000),
        aged(place.landing / "bank" / "a.xml", 4000),
    ]
    with dg.DagsterInstance.ephemeral() as instance:
        gone = tidy_up(place, instance, now=NOW)
    assert gone == {"versions": 0, "pages": 1, "logs": 2, "runs": 0}
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in stay)


def test_old_runs_leave_the_history_and_younger_ones_stay(place: Settings, tmp_path: Path) -> None:
    @dg.op
    def step() -> None:
        pass

    @dg.job
    def night() -> None:
        step()

    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        run_id = night.execute_in_process(instance=instance).run_id
        today = datetime.now(UTC)
        assert tidy_up(place, instance, now=today + timedelta(days=19))["runs"] == 0
        assert instance.has_run(run_id)
        assert tidy_up(place, instance, now=today + timedelta(days=21))["runs"] == 1
        assert not instance.has_run(run_id)


def test_ticks_are_kept_as_long_as_the_file_says(place: Settings) -> None:
    content = (write_instance(place) / "dagster.yaml").read_text()
    assert "purge_after_days: 7" in content and "success: 7" in content
