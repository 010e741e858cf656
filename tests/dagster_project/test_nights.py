"""Which day a night closes, and with which configuration."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dagster_project.schedules.days import closing_days, first_day, run_config
from dagster_project.schedules.nightly import closed_day
from dagster_project.schedules.upstream import rules_state
from pipelines.settings import REPOSITORY, Settings


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Europe/Berlin", datetime(2026, 3, 2, 4, 0, tzinfo=UTC), date(2026, 3, 1)),
        # Five in the morning in New York is ten in UTC, the same calendar day there.
        ("America/New_York", datetime(2026, 3, 2, 10, 0, tzinfo=UTC), date(2026, 3, 1)),
        # In Auckland it is the third already while UTC still has the second.
        ("Pacific/Auckland", datetime(2026, 3, 2, 16, 0, tzinfo=UTC), date(2026, 3, 2)),
        # The night in which the clocks change.
        ("Europe/Berlin", datetime(2026, 3, 29, 3, 0, tzinfo=UTC), date(2026, 3, 28)),
    ],
)
def test_a_night_closes_the_day_that_is_over_where_the_entity_is(zone: str, at: datetime, day: date) -> None:
    assert closed_day(at, zone) == day


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return Settings(tmp_path, REPOSITORY / "pipelines" / "sources.yml", REPOSITORY / "seeds")


def test_a_day_is_a_partition_from_the_first_period_to_today(place: Settings) -> None:
    days = closing_days(place).partitions_def
    keys = days.get_partition_keys(current_time=datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    assert keys[0] == str(first_day(place))
    assert keys[-1] == "2026-03-02", "a day that is over in Auckland could not be closed"


def test_the_partition_key_is_the_as_of_date(place: Settings) -> None:
    assert closing_days(place).get_run_config_for_partition_key("2026-03-01") == run_config("2026-03-01")
    assert run_config("2026-03-01")["resources"]["close"]["config"] == {"as_of_date": "2026-03-01"}


def test_a_changed_seed_is_an_upstream_update_and_a_touched_one_is_not(tmp_path: Path) -> None:
    place = Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")
    place.seeds.mkdir()
    seed = place.seeds / "tolerances.csv"
    seed.write_text("a,b\n1,2\n")
    later = seed.stat().st_mtime + 3600
    before = rules_state(place, later)
    assert rules_state(place, seed.stat().st_mtime + 1) is None, "a file that is being edited"
    seed.touch()
    assert rules_state(place, later) == before
    seed.write_text("a,b\n1,3\n")
    assert rules_state(place, seed.stat().st_mtime + 3600) != before
