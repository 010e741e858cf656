"""The gate over the log of decisions: what stops a run, and what heals when the true log is back."""

import duckdb
import pytest

from expectations.decision_log import rule


@pytest.fixture
def raw() -> duckdb.DuckDBPyConnection:
    """Two deliveries: lines 1 and 2, then the same and line 3."""
    connection = duckdb.connect()
    connection.execute(
        """
        create schema raw_decisions;
        create table raw_decisions.decisions (
            source_file varchar, load_id varchar, sequence bigint, hash varchar, _dlt_load_id varchar
        );
        create table raw_decisions.rejects (
            source_file varchar, load_id varchar, source_position bigint, reason_code varchar, message varchar
        );
        insert into raw_decisions.decisions values
            ('log', 'a', 1, 'h1', '1'), ('log', 'a', 2, 'h2', '1'),
            ('log', 'b', 1, 'h1', '2'), ('log', 'b', 2, 'h2', '2'), ('log', 'b', 3, 'h3', '2');
        """
    )
    return connection


def found(raw: duckdb.DuckDBPyConnection, current: str | None) -> list[tuple]:
    query = rule(current).query.replace("{batch}", "raw_decisions.decisions")
    return [(line, message.split(":")[-1].strip()) for _, line, message in raw.execute(query).fetchall()]


def test_a_log_that_only_grew_is_whole(raw: duckdb.DuckDBPyConnection) -> None:
    assert found(raw, "b") == []


def test_a_log_that_was_cut_or_taken_away_is_found(raw: duckdb.DuckDBPyConnection) -> None:
    assert found(raw, "a") == [(3, "it was cut")]
    assert [line for line, _ in found(raw, None)] == [1, 2, 3]


def test_a_log_that_was_written_anew_is_found_and_heals_with_the_true_one(
    raw: duckdb.DuckDBPyConnection,
) -> None:
    raw.execute(
        "insert into raw_decisions.decisions values ('log', 'c', 1, 'h1', '3'), ('log', 'c', 2, 'x2', '3'), ('log', 'c', 4, 'x4', '3')"
    )
    assert found(raw, "c") == [(2, "it was written anew"), (3, "it was cut")]
    assert found(raw, "b") == []


def test_a_broken_line_is_found_and_heals_with_the_true_log(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute(
        "insert into raw_decisions.decisions values ('log', 'c', 1, 'h1', '3'), ('log', 'c', 3, 'h3', '3')"
    )
    raw.execute("insert into raw_decisions.rejects values ('log', 'c', 2, 'broken_chain', 'was changed')")
    assert found(raw, "c") == [(2, "it was cut"), (2, "was changed")]
    assert found(raw, "b") == []


def test_nobody_decided_anything(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("delete from raw_decisions.decisions")
    assert found(raw, None) == []
