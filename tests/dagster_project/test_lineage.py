"""Columns are followed through a query to the tables that they come from, and only as far as is certain."""

import json
from pathlib import Path

import duckdb
import pytest
from sqlglot.schema import MappingSchema

from dagster_project.transform import lineage
from pipelines.settings import Settings

TABLES = {"canonical": {"payouts": {"payout_id": "varchar", "amount": "decimal(18,4)", "status": "varchar"}}}
QUERY = """
with payouts as (select * from tieout.canonical.payouts),
signed as (
    select payout_id, case when status = 'reversed' then -amount else amount end as signed_amount, 1 as one
    from payouts
)
select payout_id, sum(signed_amount) over (partition by payout_id) as total_amount, one
from signed
"""


def test_a_column_comes_from_all_columns_that_decide_its_value() -> None:
    schema = MappingSchema({"tieout": TABLES}, dialect="duckdb", normalize=False)
    found = lineage.column_lineage(QUERY, ["payout_id", "total_amount", "one"], schema)
    assert found["payout_id"] == [["canonical", "payouts", "payout_id"]]
    assert ["canonical", "payouts", "amount"] in found["total_amount"]
    assert ["canonical", "payouts", "status"] in found["total_amount"]
    assert "one" not in found, "a constant comes from no column"


def test_what_cannot_be_read_has_no_lineage() -> None:
    assert lineage.column_lineage("select from where", ["a"], MappingSchema({}, dialect="duckdb")) == {}


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    place = Settings(tmp_path, tmp_path, tmp_path)
    model = place.dbt_target / "compiled" / "tieout" / "models" / "totals.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select payout_id, amount as total_amount from canonical.payouts")
    place.warehouse.parent.mkdir()
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("create schema canonical; create schema reconciliation")
        connection.execute("create table canonical.payouts (payout_id varchar, amount decimal(18, 4))")
        connection.execute(
            "create table reconciliation.totals (payout_id varchar, total_amount decimal(18, 4))"
        )
    return place


def manifest(checksum: str = "one") -> dict:
    node = {
        "resource_type": "model",
        "language": "sql",
        "package_name": "tieout",
        "original_file_path": "models/totals.sql",
        "schema": "reconciliation",
        "name": "totals",
        "checksum": {"checksum": checksum},
    }
    return {"nodes": {"model.tieout.totals": node}, "macros": {"m": {"macro_sql": "1"}}}


def test_it_is_computed_once_and_forgotten_when_a_model_or_macro_changes(place: Settings) -> None:
    assert lineage.kept(manifest(), place) == {}
    assert lineage.compute(manifest(), place) == 1
    expected = {"total_amount": [["canonical", "payouts", "amount"]]}
    assert lineage.kept(manifest(), place)["reconciliation.totals"].items() >= expected.items()
    assert lineage.kept(manifest("two"), place) == {}
    other = {**manifest(), "macros": {"m": {"macro_sql": "2"}}}
    assert lineage.kept(other, place) == {}


def test_a_damaged_note_is_as_if_there_were_none(place: Settings) -> None:
    lineage.compute(manifest(), place)
    path = lineage.kept_file(place)
    path.write_text(path.read_text()[:20])
    assert lineage.kept(manifest(), place) == {}
    assert lineage.compute(manifest(), place) == 1
    assert json.loads(path.read_text())["tables"]
