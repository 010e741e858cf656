"""The note of how files were read: cut off by a crash it costs time, never a wrong reading."""

from pathlib import Path

import duckdb

from pipelines.config import Configuration, SourceInstance
from pipelines.loading import extract
from pipelines.settings import Settings

CONFIGURATION = Configuration(
    sources=(SourceInstance(name="ecb", kind="ecb", entity_id="DE01", path="ecb/*"),)
)


def rates(place: Settings) -> list[tuple]:
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        return connection.execute(
            "select rate_date, currency, rate, count(*) from raw_ecb.fx_rates group by all order by all"
        ).fetchall()


def test_with_a_damaged_note_every_file_is_read_again_and_nothing_is_there_twice(tmp_path: Path) -> None:
    place = Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")
    folder = place.landing / "ecb"
    folder.mkdir(parents=True)
    (folder / "rates.csv").write_text("Date,USD,\n2026-03-02,1.0400,\n2026-02-27,1.0410,\n")
    extract("ecb", CONFIGURATION, place)
    before = rates(place)
    [note] = place.warehouse.parent.glob("ecb.entries.json")
    note.write_text(note.read_text()[:10])
    again = extract("ecb", CONFIGURATION, place)
    assert again.files == ("ecb/rates.csv",)
    assert rates(place) == before
    assert extract("ecb", CONFIGURATION, place).files == ()
