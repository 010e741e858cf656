"""The sensor starts a run for files that are complete, once."""

import os
from pathlib import Path

import pytest

from dagster_project.schedules.landing import QUIET_SECONDS, landing_state
from pipelines.config import Configuration, SourceInstance
from pipelines.settings import Settings

NOW = 1_800_000_000.0


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    (tmp_path / "landing" / "ecb").mkdir(parents=True)
    return Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")


CONFIGURATION = Configuration(
    sources=(SourceInstance(name="ecb", kind="ecb", entity_id="DE01", path="ecb/*"),)
)


def deliver(place: Settings, name: str, content: str, age: float) -> None:
    path = place.landing / "ecb" / name
    path.write_text(content)
    os.utime(path, (NOW - age, NOW - age))


def test_nothing_landed(place: Settings) -> None:
    assert landing_state(CONFIGURATION, place, NOW)[1] == 0


def test_a_young_file_may_still_be_written(place: Settings) -> None:
    deliver(place, "a.csv", "Date,USD", QUIET_SECONDS - 1)
    assert landing_state(CONFIGURATION, place, NOW) == (None, 1)


def test_the_same_files_are_the_same_state_and_a_new_one_is_another(place: Settings) -> None:
    deliver(place, "a.csv", "Date,USD", QUIET_SECONDS + 1)
    first, count = landing_state(CONFIGURATION, place, NOW)
    assert first is not None
    assert count == 1
    assert landing_state(CONFIGURATION, place, NOW + 3600)[0] == first
    deliver(place, "b.csv", "Date,USD", QUIET_SECONDS + 1)
    assert landing_state(CONFIGURATION, place, NOW)[0] != first


def test_files_of_no_source_do_not_start_a_run(place: Settings) -> None:
    (place.landing / "notes.txt").write_text("call the bank")
    assert landing_state(CONFIGURATION, place, NOW)[1] == 0
