"""`tieout diff`: exact, by key, per currency, and with the exit codes of diff."""

import csv
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.publish.differences import Comparison, declared_keys, opened
from pipelines.settings import REPOSITORY

PAYMENTS = """
create schema if not exists canonical;
create or replace table canonical.payments as select * from (values
    ('p1', date '2026-06-01', cast(10.0001 as decimal(18, 4)), 'EUR', 'open'),
    ('p2', null,              cast(20.0000 as decimal(18, 4)), 'EUR', null),
    ('p3', date '2026-06-03', cast(30.0000 as decimal(18, 4)), 'USD', 'open')
) as payments(payment_id, business_date, amount, currency, status)
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    before, after = tmp_path / "before.duckdb", tmp_path / "it's after.duckdb"
    for path in (before, after):
        change(path, PAYMENTS)
    return before, after


def change(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def compare(files: tuple[Path, Path], key: tuple[str, ...] = ("payment_id",), ignored: tuple[str, ...] = ()):
    with opened(*files) as connection:
        table = ("canonical", "payments")
        comparison = Comparison(connection, table, table, key, ignored)
        result = comparison.compare()
        _, rows = comparison.rows()
        return result, list(rows)


def diff(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", "diff", *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "TIEOUT_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_equal_files_are_equal(files) -> None:
    result, rows = compare(files)
    assert result.is_equal and rows == [] and result.amounts == []
    assert diff(*files, "--key", "payment_id").returncode == 0


def test_every_kind_of_change_is_counted_and_shown(files) -> None:
    change(
        files[1],
        "update canonical.payments set amount = 10.0002 where payment_id = 'p1'",
        "update canonical.payments set status = 'open' where payment_id = 'p2'",
        "delete from canonical.payments where payment_id = 'p3'",
        "insert into canonical.payments values ('p4', null, 5, 'JPY', 'paid')",
    )
    result, rows = compare(files)
    assert (result.added, result.removed, result.changed) == (1, 1, 2)
    assert result.columns == {"amount": 1, "status": 1}
    assert [(one.column, one.currency, one.before, one.after, one.difference) for one in result.amounts] == [
        ("amount", "EUR", Decimal("30.0001"), Decimal("30.0002"), Decimal("0.0001")),
        ("amount", "JPY", Decimal(0), Decimal(5), Decimal(5)),
        ("amount", "USD", Decimal(30), Decimal(0), Decimal(-30)),
    ]
    assert rows[:2] == [
        ("p1", "changed", "amount", "10.0001", "10.0002"),
        ("p2", "changed", "status", None, "open"),
    ]
    assert ("p3", "removed", "amount", "30.0000", None) in rows
    assert ("p4", "added", "amount", None, "5.0000") in rows


def test_nulls_in_a_key_meet_each_other(files) -> None:
    change(files[1], "update canonical.payments set status = 'x' where payment_id = 'p2'")
    result, rows = compare(files, key=("payment_id", "business_date"))
    assert (result.added, result.removed, result.changed) == (0, 0, 1)
    assert rows == [("p2", None, "changed", "status", None, "x")]


def test_rows_under_one_key_are_told_apart_and_a_lost_copy_is_found(files) -> None:
    for path in files:
        change(
            path, "insert into canonical.payments select * from canonical.payments where payment_id = 'p1'"
        )
    result, _ = compare(files)
    assert result.is_equal and result.occurrence
    change(files[1], PAYMENTS)
    result, _ = compare(files)
    assert (result.added, result.removed, result.changed) == (0, 1, 0)


def test_without_a_key_whole_rows_are_compared(files) -> None:
    change(files[1], "update canonical.payments set amount = 11 where payment_id = 'p1'")
    result, rows = compare(files, key=())
    assert (result.added, result.removed, result.changed) == (1, 1, 0)
    assert {row[-3] for row in rows} == {""}


def test_another_type_is_a_difference_and_equal_values_are_not(files) -> None:
    change(
        files[1],
        "alter table canonical.payments alter column amount type double",
        "alter table canonical.payments add column note varchar",
        "alter table canonical.payments drop column status",
    )
    result, rows = compare(files)
    assert result.types == {"amount": ("DECIMAL(18,4)", "DOUBLE")}
    assert (result.only_before, result.only_after) == (("status",), ("note",))
    assert result.changed == 0 and rows == [] and not result.is_equal


def test_a_column_can_be_left_out(files) -> None:
    change(files[1], "update canonical.payments set status = 'x'")
    assert compare(files, ignored=("status",))[0].is_equal


def test_hostile_names_and_texts_are_only_names_and_texts(tmp_path: Path) -> None:
    paths = (tmp_path / "a.duckdb", tmp_path / "b.duckdb")
    name, column = 'a"; drop table x; --', "k'ey\n%s$x"
    quoted = name.replace('"', '""')
    for path, value in zip(paths, ("=1+1", "=cmd|' /C calc'!A0"), strict=True):
        change(path, f'create table "{quoted}" as select 1 as "{column}", $t${value}$t$ as "difference"')
    done = diff(*paths, "--key", f"main.{name}={column}", "--out", tmp_path / "out", "-f", "json")
    assert done.returncode == 1, done.stderr
    [table] = json.loads(done.stdout)["tables"]
    assert table["columns"] == {"difference": 1}
    [written] = (tmp_path / "out").iterdir()
    with written.open(newline="") as file:
        [row] = list(csv.reader(file))[1:]
    assert row[1:] == ["changed", "difference", "'=1+1", "'=cmd|' /C calc'!A0"]


def test_the_command_says_what_and_how_much(files, tmp_path: Path) -> None:
    change(files[1], "update canonical.payments set amount = amount + 1000 where currency = 'EUR'")
    done = diff(*files, "-k", "canonical.payments=payment_id")
    assert done.returncode == 1
    for expected in ("canonical.payments", "amount: 10.0001 -> 1010.0001", "2,000.00", "EUR"):
        assert expected in done.stdout, done.stdout
    found = json.loads(diff(*files, "-k", "payment_id", "-f", "json").stdout)
    assert found["tables"][0]["amounts"][0]["difference"].startswith("2000.0000")
    assert "canonical.payments,amount,EUR" in diff(*files, "-k", "payment_id", "-f", "csv").stdout


def test_tables_of_other_names_can_be_compared(files) -> None:
    change(files[0], "create schema old", "create table old.pay as from canonical.payments")
    done = diff(*files, "-t", "old.pay=canonical.payments", "-k", "payment_id")
    assert done.returncode == 0, done.stdout + done.stderr
    # A table that only one side has is a difference, too.
    change(files[0], "create table canonical.more as select 1 as id")
    assert "canonical.more" in diff(*files, "-k", "payment_id").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("{before}", "/nowhere.duckdb"),
        ("{before}", __file__),
        ("{before}", "no-such-run"),
        ("{before}", "{after}", "--table", "canonical.nowhere"),
        ("{before}", "{after}", "--key", "canonical.payments=nowhere"),
        ("{before}", "{after}", "--key", "=a"),
        ("{before}", "{after}", "--format", "xml"),
    ],
)
def test_trouble_is_exit_code_two(files, arguments: tuple[str, ...]) -> None:
    before, after = map(str, files)
    done = diff(*(text.format(before=before, after=after) for text in arguments))
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("tieout: ")
    assert "Traceback" not in done.stderr


def test_published_tables_have_keys_that_the_models_declare() -> None:
    keys = declared_keys()
    assert keys["canonical.payments"] == ("payment_id",)
    assert "source_name" in keys["reconciliation.control_totals"]


def test_memory_is_bounded(tmp_path: Path) -> None:
    paths = (tmp_path / "a.duckdb", tmp_path / "b.duckdb")
    for path in paths:
        change(
            path,
            "create table rows as select range as id, repeat(range::varchar, 20) as text, "
            "range::decimal(18, 4) as amount, 'EUR' as currency from range(400000)",
        )
    change(paths[1], "update rows set amount = amount + 1 where id % 100000 = 0")
    with opened(*paths, memory="100MB") as connection:
        result = Comparison(connection, ("main", "rows"), ("main", "rows"), ("id",)).compare()
    assert (result.added, result.removed, result.changed) == (0, 0, 4)
