"""The commands that read the published file: formats, safety, errors and exit codes."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import openpyxl
import pyarrow.parquet
import pytest

from pipelines.settings import REPOSITORY

HOSTILE = '=HYPERLINK("http://example.invalid","pay here")'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with a published file of a few rows."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "published").mkdir()
    with duckdb.connect(str(folder / "published" / "tieout.duckdb")) as connection:
        connection.execute(
            f"""
            create schema canonical; create schema ledger; create schema reconciliation; create schema checks;
            create table canonical.payments as select * from (values
                ('stripe_de:ch_2', cast(1234567.5 as decimal(18, 4)), 'EUR', '{HOSTILE}'),
                ('stripe_de:ch_1', cast(-0.005 as decimal(18, 4)), 'KWD', null),
                ('stripe_de:ch_3', cast(12345678901234.5678 as decimal(18, 4)), 'JPY', '+49 30 1')
            ) as payments(payment_id, amount, currency, reference);
            create table reconciliation.exceptions as select
                'e1' as exception_id, 'order_not_charged' as exception_type, 'critical' as severity,
                'order_to_payment' as reconciliation, 'DE01' as entity_id, 'order' as document_type,
                'shopify_de:1' as document_id, 'EUR' as currency, cast(10 as decimal(18, 4)) as amount,
                cast(10 as decimal(18, 4)) as base_amount, date '2026-06-01' as business_date, 29 as age_days,
                'open' as status, 'ar' as owner, 'No charge [yet].' as explanation, 'Ask.' as suggested_action;
            """
        )
    return folder


def tieout(home: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "TIEOUT_HOME": str(home)},
        capture_output=True,
        text=True,
        input=stdin,
        timeout=60,
    )


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import dagster_project.cli, sys; print(*sys.modules)"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    heavy = {"dagster", "dbt", "dlt", "duckdb", "great_expectations", "pandas", "pyarrow"}
    assert not heavy.intersection(loaded)


@pytest.mark.parametrize("command", ["run", "sql", "trace", "exceptions", "export", "match", "sample"])
def test_every_command_explains_itself(home: Path, command: str) -> None:
    done = tieout(home, command, "--help")
    assert done.returncode == 0
    assert len(done.stdout) > 200


def test_sql_as_json_keeps_amounts_exact(home: Path) -> None:
    done = tieout(home, "sql", "select payment_id, amount from canonical.payments order by all", "-f", "json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [row["amount"] for row in json.loads(done.stdout)] == [
        "-0.0050",
        "1234567.5000",
        "12345678901234.5678",
    ]


def test_sql_as_csv(home: Path) -> None:
    done = tieout(
        home,
        "sql",
        "-",
        "--format",
        "csv",
        stdin="select currency, amount from canonical.payments order by all",
    )
    assert done.stdout.splitlines() == [
        "currency,amount",
        "EUR,1234567.5000",
        "JPY,12345678901234.5678",
        "KWD,-0.0050",
    ]


def test_sql_as_table_separates_thousands_and_aligns_right(home: Path) -> None:
    lines = tieout(
        home, "sql", "select amount, payment_id from canonical.payments order by all"
    ).stdout.splitlines()
    numbers = [line.split("stripe_de")[0].rstrip() for line in lines if "stripe_de" in line]
    assert [number.strip() for number in numbers] == ["-0.005", "1,234,567.50", "12,345,678,901,234.5678"]
    assert len({len(number) for number in numbers}) == 1


@pytest.mark.parametrize(
    "query",
    [
        "delete from canonical.payments",
        "create table canonical.x as select 1",
        "select 1; select 2",
        "select * from canonical.nowhere",
        "selec 1",
        "copy canonical.payments to 'stolen.csv'",
        "select * from read_csv('/etc/passwd')",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
    ],
)
def test_sql_only_reads_and_says_so_on_standard_error(home: Path, query: str) -> None:
    done = tieout(home, "sql", query)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("tieout: ")
    assert "Traceback" not in done.stderr


def test_without_a_published_file_the_message_says_what_to_do(tmp_path: Path) -> None:
    for arguments in (
        ["status"],
        ["sql", "select 1"],
        ["exceptions"],
        ["trace", "x"],
        ["export", "-o", str(tmp_path)],
    ):
        done = tieout(tmp_path, *arguments)
        assert done.returncode == 1
        assert "tieout run" in done.stderr


def test_exceptions_filters_and_shows_brackets_as_they_are(home: Path) -> None:
    done = tieout(home, "exceptions", "--severity", "critical")
    assert "No charge [yet]." in " ".join(done.stdout.split())
    assert tieout(home, "exceptions", "--format", "json", "--entity", "DE01").returncode == 0
    wrong = tieout(home, "exceptions", "--type", "nonsense")
    assert wrong.returncode == 1
    assert "order_not_charged" in wrong.stderr


def test_export_csv_is_ordered_and_defused(home: Path, tmp_path: Path) -> None:
    assert tieout(home, "export", "-o", str(tmp_path)).returncode == 0
    with (tmp_path / "canonical.payments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["payment_id"] for row in rows] == ["stripe_de:ch_1", "stripe_de:ch_2", "stripe_de:ch_3"]
    assert [row["amount"] for row in rows] == ["-0.0050", "1234567.5000", "12345678901234.5678"]
    assert [row["reference"] for row in rows] == ["", "'" + HOSTILE, "'+49 30 1"]


def test_two_exports_are_the_same_bytes(home: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        tieout(home, "export", "-o", str(tmp_path / name))
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["canonical.payments.csv", "reconciliation.exceptions.csv"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_export_parquet_keeps_types_and_text(home: Path, tmp_path: Path) -> None:
    tieout(home, "export", "-o", str(tmp_path), "-f", "parquet", "-t", "canonical.payments")
    table = pyarrow.parquet.read_table(tmp_path / "canonical.payments.parquet")
    assert str(table.schema.field("amount").type) == "decimal128(18, 4)"
    assert HOSTILE in table.column("reference").to_pylist()


def test_export_xlsx_has_no_formula_and_no_rounded_amount(home: Path, tmp_path: Path) -> None:
    done = tieout(home, "export", "-o", str(tmp_path), "-f", "xlsx", "-t", "canonical")
    assert done.returncode == 0, done.stderr
    sheet = openpyxl.load_workbook(tmp_path / "tieout.xlsx")["payments"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == [-0.005, 1234567.5, "12345678901234.5678"]
    assert not any(cell.data_type == "f" for line in sheet.iter_rows() for cell in line)
    assert rows[1][3] == "'" + HOSTILE


def test_an_unknown_table_or_format_is_an_error(home: Path, tmp_path: Path) -> None:
    assert tieout(home, "export", "-o", str(tmp_path), "-t", "canonical.nowhere").returncode == 1
    assert "csv, parquet, xlsx" in tieout(home, "export", "-o", str(tmp_path), "-f", "doc").stderr
    assert tieout(home, "sql", "select 1", "-f", "xml").returncode == 1


def test_a_closed_pipe_is_no_error_message(home: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m dagster_project.cli sql 'select range from range(200000)' -f csv | head -1",
        shell=True,
        cwd=REPOSITORY,
        env={**os.environ, "TIEOUT_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "range\n"
    assert done.stderr == ""


def test_run_refuses_a_date_that_is_none(home: Path) -> None:
    started = time.perf_counter()
    done = tieout(home, "run", "--as-of", "30.06.2026")
    assert done.returncode == 1
    assert "YYYY-MM-DD" in done.stderr
    assert time.perf_counter() - started < 10


def test_match_names_a_missing_file(home: Path, tmp_path: Path) -> None:
    done = tieout(home, "match", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--out", str(tmp_path))
    assert done.returncode == 1
    assert "a.csv" in done.stderr


def test_export_writes_the_workbook_that_was_named(home: Path, tmp_path: Path) -> None:
    done = tieout(home, "export", "--format", "xlsx", "--out", str(tmp_path / "close.xlsx"))
    assert done.returncode == 0, done.stderr
    assert "payments" in openpyxl.load_workbook(tmp_path / "close.xlsx").sheetnames
