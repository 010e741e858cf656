"""A seed that changes between two gates: the run must not publish figures of mixed inputs."""

import duckdb
import pytest

from dagster_project.publish.assets import gates_without_results


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create schema checks; create table checks.expectation_results (run_id varchar, gate varchar)"
    )
    connection.execute(
        "insert into checks.expectation_results values "
        "('a', 'after_load'), ('a', 'after_canonical'), ('a', 'before_publish'), ('b', 'before_publish')"
    )
    return connection


def test_all_gates_with_the_same_inputs(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert gates_without_results(warehouse, "a") == []


def test_inputs_that_changed_in_between(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert gates_without_results(warehouse, "b") == ["after_canonical", "after_load"]
