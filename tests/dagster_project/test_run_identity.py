"""The as-of date and the run id come from what was landed, never from the clock."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.run_identity import NothingLanded, as_of, latest_declared_date, run_id
from pipelines.settings import Settings


@pytest.fixture
def raw() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for kind in ("bank", "csv"):
        connection.execute(
            f"create schema raw_{kind}; "
            f"create table raw_{kind}.control_totals (business_date date, stream varchar default 'invoices'); "
            f"create table raw_{kind}.files (load_id varchar)"
        )
    return connection


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "periods.csv").write_text("period\n2026-06\n")
    (tmp_path / "sources.yml").write_text("sources: []\n")
    return Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")


def test_the_latest_date_that_any_source_declared(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("insert into raw_bank.control_totals (business_date) values ('2026-06-29'), (null)")
    raw.execute("insert into raw_csv.control_totals (business_date) values ('2026-06-30')")
    assert latest_declared_date(raw) == date(2026, 6, 30)
    assert as_of(raw, "2026-05-31") == date(2026, 5, 31)
    assert as_of(raw, "") == date(2026, 6, 30)


def test_a_mistyped_date_is_not_the_day_of_the_close(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("insert into raw_bank.control_totals (business_date) values ('2026-06-30'), ('9999-12-31')")
    assert latest_declared_date(raw) == date(2026, 6, 30)
    raw.execute(
        "insert into raw_csv.control_totals (business_date) values ('2026-07-31'), ('1970-01-01'), ('2062-06-30')"
    )
    assert latest_declared_date(raw) == date(2026, 7, 31)


def test_a_day_that_payments_are_ordered_for_has_not_come(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("insert into raw_bank.control_totals values ('2026-06-30', 'bank_transactions')")
    raw.execute("insert into raw_csv.control_totals values ('2026-07-15', 'payment_instructions')")
    assert latest_declared_date(raw) == date(2026, 6, 30)


def test_nothing_landed_says_what_to_do(raw: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(NothingLanded, match="tieout sample"):
        latest_declared_date(raw)


def test_the_same_inputs_have_the_same_id_whatever_the_order(
    raw: duckdb.DuckDBPyConnection, place: Settings
) -> None:
    raw.execute("insert into raw_bank.files values ('b'), ('a'), ('a')")
    first = run_id(raw, place, date(2026, 6, 30))
    raw.execute("delete from raw_bank.files; insert into raw_bank.files values ('a'), ('b')")
    assert run_id(raw, place, date(2026, 6, 30)) == first
    assert first.startswith("2026-06-30-")


def test_another_file_seed_or_day_has_another_id(raw: duckdb.DuckDBPyConnection, place: Settings) -> None:
    day = date(2026, 6, 30)
    ids = [run_id(raw, place, day), run_id(raw, place, date(2026, 6, 29))]
    raw.execute("insert into raw_csv.files values ('c')")
    ids.append(run_id(raw, place, day))
    (place.seeds / "periods.csv").write_text("period\n2026-07\n")
    ids.append(run_id(raw, place, day))
    assert len(set(ids)) == 4
