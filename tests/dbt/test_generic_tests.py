"""The project's own generic tests fail on bad data: a check that cannot fail lets the money pass.

A small project of its own applies each test to a table that is right and to one that is wrong.
"""

import shutil

import duckdb
import pytest
import yaml
from dbt_runs import PROJECT, run_dbt

TABLES = {
    "documents": "select * from (values ('a', 3.00, 1.00, 2.00), ('b', 5.00, 5.00, 0.00)) as t(id, total, net, tax)",
    "one_cent_off": "select * from (values ('a', 3.01, 1.00, 2.00)) as t(id, total, net, tax)",
    "unknown_part": "select 'a' as id, 3.00 as total, cast(null as decimal(18, 4)) as net, 3.00 as tax",
    "lines": "select * from (values ('a', 1.00), ('a', 2.00), ('b', 5.00)) as t(id, amount)",
    "lost_line": "select * from (values ('a', 1.00), ('b', 5.00)) as t(id, amount)",
    "no_lines": "select 'a' as id, 3.00 as amount",
    "foreign_line": "select * from (values ('a', 1.00), ('a', 2.00), ('b', 5.00), ('z', 9.00)) as t(id, amount)",
    "residuals": "select * from (values (0.00), (0.00)) as t(residual)",
    "a_residual": "select * from (values (0.00), (-0.01)) as t(residual)",
    "unknown_residual": "select cast(null as decimal(18, 4)) as residual",
    "cells": "select * from (values ('s', date '2026-06-01'), ('s', null)) as t(name, day)",
    "double_cells": "select * from (values ('s', cast(null as date)), ('s', null)) as t(name, day)",
}


def sums_to(table: str) -> dict:
    return {
        "name": table,
        "columns": [{"name": "total", "data_tests": [{"sums_to": {"arguments": {"parts": ["net", "tax"]}}}]}],
    }


def children(documents: str, lines: str) -> dict:
    arguments = {
        "key": "id",
        "children": [{"model": f"source('cases', '{lines}')", "key": "id", "amount": "amount"}],
    }
    test = {"children_sum_to": {"name": f"children__{lines}", "arguments": arguments}}
    return {"name": documents, "columns": [{"name": "total", "data_tests": [test]}]}


def no_residual(table: str) -> dict:
    return {"name": table, "columns": [{"name": "residual", "data_tests": ["no_residual"]}]}


def unique(table: str) -> dict:
    return {
        "name": table,
        "data_tests": [{"unique_combination": {"arguments": {"columns": ["name", "day"]}}}],
    }


@pytest.fixture(scope="module")
def failures(tmp_path_factory) -> dict[str, int]:
    home = tmp_path_factory.mktemp("generic_tests")
    project = home / "project"
    shutil.copytree(PROJECT / "tests" / "generic", project / "tests" / "generic")
    shutil.copytree(PROJECT / "macros", project / "macros")
    (project / "dbt_project.yml").write_text(
        yaml.safe_dump(
            {
                "name": "cases",
                "version": "1.0.0",
                "profile": "tieout",
                "flags": {"require_generic_test_arguments_property": True},
            }
        )
    )
    models = project / "models"
    models.mkdir()
    merged: dict[str, dict] = {}
    for case in [
        *map(sums_to, ("documents", "one_cent_off", "unknown_part")),
        *(children("documents", lines) for lines in ("lines", "lost_line", "no_lines", "foreign_line")),
        *map(no_residual, ("residuals", "a_residual", "unknown_residual")),
        *map(unique, ("cells", "double_cells")),
    ]:
        known = merged.setdefault(case["name"], {"name": case["name"], "columns": [], "data_tests": []})
        known["data_tests"] += case.get("data_tests", [])
        for column in case.get("columns", []):
            same = next((c for c in known["columns"] if c["name"] == column["name"]), None)
            if same:
                same["data_tests"] += column["data_tests"]
            else:
                known["columns"].append(column)
    for table in TABLES:
        merged.setdefault(table, {"name": table})
    (models / "cases.yml").write_text(
        yaml.safe_dump({"sources": [{"name": "cases", "schema": "main", "tables": list(merged.values())}]})
    )
    warehouse = home / "cases.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        for table, sql in TABLES.items():
            connection.execute(f"create table {table} as {sql}")
    run = run_dbt("test", home=home, warehouse=warehouse, project=project)
    assert run.failures, run.output
    return {name.split(".")[0]: count for name, count in run.failures.items()}


def failed(failures: dict[str, int], *parts: str) -> int:
    (count,) = [count for name, count in failures.items() if all(part in name for part in parts)]
    return count


@pytest.mark.parametrize(
    ("parts", "rows"),
    [
        (("sums_to", "documents"), 0),
        (("sums_to", "one_cent_off"), 1),
        (("sums_to", "unknown_part"), 1),
        (("children__lines",), 0),
        (("children__lost_line",), 1),
        (("children__no_lines",), 1),
        (("children__foreign_line",), 1),
        (("no_residual", "cases_residuals"), 0),
        (("no_residual", "a_residual"), 1),
        (("no_residual", "unknown_residual"), 1),
        (("unique_combination", "cases_cells"), 0),
        (("unique_combination", "double_cells"), 1),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_each_generic_test_finds_what_is_wrong_and_nothing_else(failures, parts, rows):
    assert failed(failures, *parts) == rows
