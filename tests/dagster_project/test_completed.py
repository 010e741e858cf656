"""A step stands only for exactly the inputs that it was done for: each thing that decides a figure counts."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project import inputs as module
from dagster_project.completed import begin, complete, proven_inputs, standing
from dagster_project.inputs import Inputs, inputs, raw_content
from pipelines.settings import Settings

DAY = date(2026, 6, 30)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with a project, a seed, a source configuration and one delivery."""
    for name in ("seeds", "project/models", "program", "warehouse"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "seeds" / "tolerances.csv").write_text("reason,limit\nrounding,0.05\n")
    (tmp_path / "project" / "models" / "orders.sql").write_text("select 1 as order_id")
    (tmp_path / "program" / "gate.py").write_text("RULES = 1\n")
    (tmp_path / "sources.yml").write_text("sources: []\n")
    monkeypatch.setattr("dagster_project.run_identity.PROJECT", tmp_path / "project")
    monkeypatch.setattr(module, "PROJECT", tmp_path / "project")
    monkeypatch.setattr(module, "REPOSITORY", tmp_path)
    monkeypatch.setattr(module, "_PACKAGES", ("program",))
    settings = Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            """
            create schema raw_csv;
            create table raw_csv.control_totals (business_date date);
            create table raw_csv.files (load_id varchar, _dlt_load_id varchar);
            create table raw_csv.invoices (invoice_id varchar, total_amount decimal(18, 4));
            insert into raw_csv.files values ('a', '1.0');
            insert into raw_csv.invoices values ('1', 10.00), ('2', 20.00);
            """
        )
    return settings


def now(place: Settings, day: date = DAY) -> Inputs:
    with duckdb.connect(str(place.warehouse)) as connection:
        return inputs(connection, place, day, raw_content(connection))


def in_warehouse(statement: str) -> Callable[[Settings], None]:
    def change(place: Settings) -> None:
        with duckdb.connect(str(place.warehouse)) as connection:
            connection.execute(statement)

    return change


def rewritten(name: str, content: str) -> Callable[[Settings], None]:
    return lambda place: (place.home / name).write_text(content) and None


CHANGES = {
    "a cell of a seed": rewritten("seeds/tolerances.csv", "reason,limit\nrounding,0.06\n"),
    "another seed": rewritten("seeds/periods.csv", "period\n"),
    "a model": rewritten("project/models/orders.sql", "select 2 as order_id"),
    "a rule in the program": rewritten("program/gate.py", "RULES = 2\n"),
    "the source configuration": rewritten("sources.yml", "sources: [] # another time zone\n"),
    "a source that could not be loaded": rewritten("warehouse/csv.failures.json", '{"erp": "no permission"}'),
    "another delivery": in_warehouse("insert into raw_csv.files values ('b', '1.0')"),
    "the same delivery read again": in_warehouse("update raw_csv.files set _dlt_load_id = '2.0'"),
    "a record that vanished": in_warehouse("delete from raw_csv.invoices where invoice_id = '1'"),
    "one cent": in_warehouse("update raw_csv.invoices set total_amount = 10.01 where invoice_id = '1'"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_decides_a_figure_is_an_input(place: Settings, change: Callable[[Settings], None]) -> None:
    before = now(place)
    assert now(place).fingerprint == before.fingerprint, "nothing has changed yet"
    change(place)
    after = now(place)
    assert after.fingerprint != before.fingerprint
    assert after.changed_since(before.parts)


def test_the_day_and_the_libraries_are_inputs(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = now(place)
    assert now(place, date(2026, 6, 29)).changed_since(before.parts) == ["as-of date"]
    monkeypatch.setattr(module, "version", lambda name: "0.0.1")
    assert now(place).changed_since(before.parts) == ["libraries"]


def test_the_order_of_raw_rows_is_no_input(place: Settings) -> None:
    before = now(place)
    in_warehouse("create or replace table raw_csv.invoices as from raw_csv.invoices order by all desc")(place)
    assert now(place).fingerprint == before.fingerprint


def mark(place: Settings, step: str, done_for: Inputs) -> object:
    with duckdb.connect(str(place.warehouse)) as connection:
        return standing(connection, step, done_for)


def test_a_step_stands_for_its_inputs_only_until_it_begins_again(place: Settings) -> None:
    first = now(place)
    assert mark(place, "prepare", first) is None, "never done"
    begin(place.warehouse, "prepare")
    complete(place.warehouse, "prepare", first, [{"rows": 2}])
    assert mark(place, "prepare", first).detail == [{"rows": 2}]
    assert mark(place, "reconcile", first) is None
    assert mark(place, "prepare", now(place, date(2026, 6, 29))) is None
    begin(place.warehouse, "prepare")
    assert mark(place, "prepare", first) is None, "it may have been killed in the middle"


def test_later_steps_know_the_raw_rows_that_the_gate_has_proven(place: Settings) -> None:
    begin(place.warehouse, "checks__after_load")
    complete(place.warehouse, "checks__after_load", now(place), {})
    with duckdb.connect(str(place.warehouse)) as connection:
        assert proven_inputs(connection, place, DAY).fingerprint == now(place).fingerprint
    CHANGES["one cent"](place)
    begin(place.warehouse, "checks__after_load")
    with duckdb.connect(str(place.warehouse)) as connection:
        assert proven_inputs(connection, place, DAY).parts.get("content of raw_csv.invoices") is None
