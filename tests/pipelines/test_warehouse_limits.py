"""Limits of operations.yml hold: memory, threads and the disk that DuckDB may spill to."""

from pathlib import Path

import duckdb
import pytest

from dagster_project import instance
from dagster_project.warehouse import reading
from pipelines.config import ConfigurationError
from pipelines.limits import VARIABLES, apply_limits
from pipelines.settings import Settings


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES.values(), "TIEOUT_OPERATIONS"):
        monkeypatch.delenv(name, raising=False)


def place(home: Path, content: str) -> Settings:
    (home / "operations.yml").write_text(content)
    return Settings(home, home / "sources.yml", home / "seeds")


def test_limits_of_the_file_reach_every_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = place(tmp_path, "limits: {memory: 200MB, temporary_disk: 1GB, threads: 1}")
    for name, value in instance._limits(settings).items():
        monkeypatch.setenv(name, value)
    duckdb.connect(str(tmp_path / "w.duckdb")).close()
    with reading(tmp_path / "w.duckdb") as connection:
        [found] = connection.execute(
            "select current_setting('memory_limit'), current_setting('threads'), "
            "current_setting('max_temp_directory_size')"
        ).fetchall()
    assert found == ("190.7 MiB", 1, "953.6 MiB")


def test_without_limits_nothing_is_set(tmp_path: Path) -> None:
    assert instance._limits(place(tmp_path, "")) == {}


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_MEMORY_LIMIT", "1GB")
    assert "TIEOUT_MEMORY_LIMIT" not in instance._limits(place(tmp_path, "limits: {memory: 200MB}"))


@pytest.mark.parametrize("text", ["memory: plenty", "memory: '1GB; drop table x'", "threads: 0", "disk: 1GB"])
def test_what_is_no_limit_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="limits"):
        instance._limits(place(tmp_path, f"limits: {{{text}}}"))


def test_a_query_that_needs_more_spills_and_beyond_the_disk_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = "select range as id, repeat(range::varchar, 60) as text from range(500000)"
    monkeypatch.setenv("TIEOUT_MEMORY_LIMIT", "100MB")
    config = {"temp_directory": str(tmp_path / "spill"), "threads": 1, "preserve_insertion_order": False}
    with duckdb.connect(config=config) as connection:
        apply_limits(connection)
        connection.execute(f"create table texts as {texts}")  # some 180 MB
        assert connection.execute("select count(*) from texts").fetchone() == (500000,)
    monkeypatch.setenv("TIEOUT_TEMPORARY_DISK", "1MB")
    with duckdb.connect(config=config) as connection:
        apply_limits(connection)
        with pytest.raises(duckdb.OutOfMemoryException, match="max_temp_directory_size"):
            connection.execute(f"create table texts as {texts}")
