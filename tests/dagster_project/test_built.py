"""What a night has to build and test again: whatever is downstream of a change, and nothing else."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.inputs import Inputs, content_of
from dagster_project.transform.built import depths_of, fingerprints, forget, plan, remember
from dagster_project.transform.invocation import NodeResult
from pipelines.settings import Settings


def node(kind: str, name: str, code: str = "", parents: tuple[str, ...] = ()) -> dict[str, Any]:
    schema = {"seed": "seeds", "test": "checks"}.get(kind, "canonical")
    return {
        "resource_type": kind,
        "name": name,
        "alias": name,
        "schema": schema,
        "raw_code": code,
        "config": {"materialized": "table"},
        "depends_on": {"nodes": list(parents)},
    }


ORDERS, INVOICES = "source.tieout.raw_shop.orders", "source.tieout.raw_erp.invoices"
SEED, TEST = "seed.tieout.tolerances", "test.tieout.orders_tie"
STAGED, AGED, MART = "model.tieout.orders", "model.tieout.aged_invoices", "model.tieout.mart"

MANIFEST: dict[str, Any] = {
    "macros": {
        "macro.tieout.as_of_date": {
            "name": "as_of_date",
            "package_name": "tieout",
            "macro_sql": "var('as_of_date')",
        },
        "macro.tieout.duckdb__age": {
            "name": "duckdb__age",
            "package_name": "tieout",
            "macro_sql": "{{ as_of_date() }}",
        },
    },
    "sources": {
        ORDERS: {"schema": "raw_shop", "name": "orders"},
        INVOICES: {"schema": "raw_erp", "name": "invoices"},
    },
    "nodes": {
        SEED: node("seed", "tolerances"),
        STAGED: node("model", "orders", "select 1", (ORDERS,)),
        TEST: node("test", "orders_tie", "select 0", (STAGED, SEED)),
        AGED: node("model", "aged_invoices", "select {{ age('due_date') }}", (INVOICES,)),
        MART: node("model", "mart", "select 2", (STAGED, AGED)),
    },
}


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    for name in ("seeds", "warehouse"):
        (tmp_path / name).mkdir()
    (tmp_path / "seeds" / "tolerances.csv").write_text("reason,limit\nrounding,0.05\n")
    settings = Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "create schema seeds; create schema canonical; create table seeds.tolerances (r int)"
        )
        for name in ("orders", "aged_invoices", "mart"):
            connection.execute(f"create table canonical.{name} (x int)")
    return settings


PARTS = {
    "as-of date": "2026-06-30",
    "program": "1",
    "libraries": "1",
    "matching engine": "1",
    content_of("raw_shop", "orders"): "10 rows",
    content_of("raw_erp", "invoices"): "5 rows",
}


def stale(place: Settings, manifest: dict[str, Any] = MANIFEST, **parts: str) -> set[str] | None:
    current = fingerprints(manifest, Inputs({**PARTS, **parts}), place)
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        found = plan(connection, "prepare", manifest, current)
    return None if found.stale is None else set(found.stale)


def done(place: Settings, broken: str | None = None) -> None:
    results = [
        NodeResult(name, "fail" if name == broken else "success", 0.1, None, "") for name in MANIFEST["nodes"]
    ]
    forget(place.warehouse, "prepare", keep=())
    remember(
        place.warehouse, "prepare", results, fingerprints(MANIFEST, Inputs(PARTS), place), "2026-07-01T01:00"
    )


def test_before_the_first_run_everything_is_to_be_done(place: Settings) -> None:
    assert stale(place) is None


def test_after_a_run_nothing_is(place: Settings) -> None:
    done(place)
    assert stale(place) == set()


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({content_of("raw_shop", "orders"): "11 rows"}, {STAGED, TEST, MART}),
        ({content_of("raw_erp", "invoices"): "6 rows"}, {AGED, MART}),
        # By the macro `age`, which asks `as_of_date` for it and is dispatched by adapter.
        ({"as-of date": "2026-07-01"}, {AGED, MART}),
        ({"program": "2"}, set(MANIFEST["nodes"])),
        ({"libraries": "2"}, set(MANIFEST["nodes"])),
        ({"matching engine": "2"}, set(MANIFEST["nodes"])),
    ],
)
def test_what_is_downstream_of_a_change_is_built(
    place: Settings, parts: dict[str, str], expected: set[str]
) -> None:
    done(place)
    assert stale(place, **parts) == expected


def test_a_cell_of_a_seed(place: Settings) -> None:
    done(place)
    (place.seeds / "tolerances.csv").write_text("reason,limit\nrounding,0.06\n")
    assert stale(place) == {SEED, TEST}


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    manifest = copy.deepcopy(MANIFEST)
    change(manifest)
    return manifest


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda it: it["nodes"][AGED].update(raw_code="select 3"), {AGED, MART}),
        (lambda it: it["nodes"][MART]["config"].update(materialized="view"), {MART}),
        (
            lambda it: it["macros"]["macro.tieout.duckdb__age"].update(macro_sql="1"),
            set(MANIFEST["nodes"]),
        ),
        (lambda it: it["nodes"].update({"model.tieout.new": node("model", "new")}), None),
    ],
)
def test_code_is_an_input(place: Settings, change: Any, expected: set[str] | None) -> None:
    done(place)
    assert stale(place, changed(change)) == expected


def test_what_failed_is_tried_again(place: Settings) -> None:
    done(place, broken=TEST)
    assert stale(place) == {TEST}


def test_what_a_killed_run_was_about_to_build_is_built(place: Settings) -> None:
    done(place)
    forget(place.warehouse, "prepare", keep=[SEED, STAGED, TEST])
    assert stale(place) == {AGED, MART}


def test_a_table_that_is_not_there_does_not_stand(place: Settings) -> None:
    done(place)
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("drop table canonical.orders")
    assert stale(place) == {STAGED}


def test_rows_that_no_gate_has_read_are_like_no_others(place: Settings) -> None:
    done(place)
    parts = {name: value for name, value in PARTS.items() if name != content_of("raw_shop", "orders")}
    twice = [fingerprints(MANIFEST, Inputs(parts), place)[STAGED] for _ in range(2)]
    assert twice[0] != twice[1]


def test_what_stands_is_told_after_what_it_is_made_from() -> None:
    depths = depths_of(MANIFEST)
    assert depths[STAGED] < depths[MART]
    assert depths[AGED] < depths[MART]
    assert max(depths[SEED], depths[STAGED]) < depths[TEST]
