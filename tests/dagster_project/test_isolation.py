"""A source that cannot be loaded: the others are, and the published tables say what is stale."""

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.extraction.isolation import failures, is_of_a_source, load
from dagster_project.freshness.source_status import read_failures, record_source_status
from pipelines.config import Configuration, Freshness, SourceInstance
from pipelines.kinds import kind_spec
from pipelines.loading import ReaderError
from pipelines.settings import Settings

RATES = "Date,USD,\n2026-03-02,1.0400,\n2026-02-27,1.0410,\n"


def source(name: str, **changes: object) -> SourceInstance:
    values = {"name": name, "kind": "ecb", "entity_id": "DE01", "path": f"{name}/*"}
    return SourceInstance(**{**values, **changes})


CONFIGURATION = Configuration(sources=(source("good"), source("broken")))


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    for name in ("good", "broken"):
        folder = tmp_path / "landing" / name
        folder.mkdir(parents=True)
        (folder / "rates.csv").write_text(RATES)
    return Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")


@pytest.fixture
def broken_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader has a bug that one source's files meet."""
    spec = kind_spec("ecb")
    read = type(spec).read if callable(getattr(type(spec), "read", None)) else spec.read

    def reading(file, instance):
        if instance.name == "broken":
            raise ZeroDivisionError("a bug")
        yield from read(file, instance)

    object.__setattr__(spec, "read", reading)
    object.__setattr__(spec, "read_many", None)
    yield
    object.__setattr__(spec, "read", read)


def rows(place: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_other_sources_are_loaded_and_the_failure_is_kept(place: Settings, broken_reader: None) -> None:
    done, failed = load("ecb", CONFIGURATION, place)
    assert list(failed) == ["broken"]
    assert "ZeroDivisionError: a bug" in failed["broken"]
    assert done.files == ("good/rates.csv",)
    assert failures(place) == failed
    assert rows(place, "select distinct source_name from raw_ecb.files") == [("good",)]


def test_a_failure_is_forgotten_when_the_source_can_be_loaded(place: Settings, broken_reader: None) -> None:
    load("ecb", CONFIGURATION, place)
    (place.landing / "broken" / "rates.csv").unlink()
    assert load("ecb", CONFIGURATION, place)[1] == {}
    assert failures(place) == {}


def test_tables_exist_although_every_source_failed(place: Settings, broken_reader: None) -> None:
    _, failed = load("ecb", Configuration(sources=(source("broken"),)), place)
    assert list(failed) == ["broken"]
    assert rows(place, "select count(*) from raw_ecb.files") == [(0,)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ReaderError("a bug"), True),
        (OSError(28, "No space left on device"), False),
        (MemoryError(), False),
        (duckdb.IOException("Could not set lock on file"), False),
    ],
)
def test_only_what_a_source_delivered_is_isolated(place: Settings, error: Exception, expected: bool) -> None:
    assert is_of_a_source(error, place) is expected


def test_a_file_without_permission_is_its_source_and_a_warehouse_without_is_not(place: Settings) -> None:
    landed = PermissionError(13, "Permission denied", str(place.landing / "broken" / "rates.csv"))
    assert is_of_a_source(landed, place)
    assert not is_of_a_source(PermissionError(13, "Permission denied", str(place.warehouse)), place)


def test_the_status_says_what_is_stale_and_since_when(place: Settings) -> None:
    configuration = Configuration(
        sources=(
            source("good", freshness=Freshness(warn_after_hours=24, error_after_hours=48)),
            source("broken"),
            source("never", path="never/*"),
        )
    )
    load("ecb", configuration, place)
    status = {}
    with duckdb.connect(str(place.warehouse)) as connection:
        for day in (date(2026, 3, 4), date(2026, 3, 5)):
            record_source_status(connection, configuration, day, {"broken": "it was cut off"})
            status[day.day] = connection.execute(
                "select source_name, status, newest_business_date, stale_since, days_behind, message "
                "from checks.source_status order by all"
            ).fetchall()
        newest = date(2026, 3, 2)
        assert read_failures(connection)[0].stale_since == newest
    assert status[4] == [
        ("broken", "failed", newest, newest, 2, "it was cut off"),
        ("good", "current", newest, None, 2, None),
        ("never", "empty", None, None, None, None),
    ]
    assert status[5][1] == ("good", "stale", newest, newest, 3, None)


def test_the_status_of_an_earlier_day_knows_nothing_of_later_ones(place: Settings) -> None:
    load("ecb", CONFIGURATION, place)
    with duckdb.connect(str(place.warehouse)) as connection:
        record_source_status(connection, CONFIGURATION, date(2026, 2, 28), {})
        found = connection.execute("select distinct newest_business_date from checks.source_status")
        assert found.fetchall() == [(date(2026, 2, 27),)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_cannot_be_opened(place: Settings) -> None:
    (place.landing / "broken" / "rates.csv").chmod(0)
    _, failed = load("ecb", CONFIGURATION, place)
    assert list(failed) == ["broken"]
