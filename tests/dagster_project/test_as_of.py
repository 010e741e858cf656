"""Versions, and what stood when: asked by day, run or version, also without any right to write."""

import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.certificate import store
from dagster_project.publish import versions
from dagster_project.publish.publishing import publish
from pipelines.settings import REPOSITORY
from tests.conftest import Installation

DAYS = [datetime(2026, 6, day, 5, tzinfo=UTC) for day in (1, 2, 20)]


def warehouse(home: Path, number: int) -> None:
    (home / "warehouse").mkdir(exist_ok=True)
    (home / "warehouse" / "tieout.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(home / "warehouse" / "tieout.duckdb")) as connection:
        connection.execute(
            f"""
            create schema canonical; create schema ledger; create schema checks; create schema reconciliation;
            create table canonical.payments as select 'p1' as payment_id, {number}::decimal(18, 4) as amount, 'EUR' as currency;
            create table canonical.legal_entities as select 'DE01' as legal_entity_id, 'Nordlicht' as entity_name;
            create table reconciliation.summary as select
                'DE01' as entity_id, 'bill_to_bank' as reconciliation, 'EUR' as currency, 1 as item_count,
                1 as matched_count, 0 as waiting_count, 0 as open_count, {number}::decimal(18, 4) as total_amount,
                0::decimal(18, 4) as open_amount, 1.0 as match_rate, 0 as exception_count, 0 as blocking_exception_count;
            create table reconciliation.control_totals as select
                'bank' as source_name, 1 as declared_count, 1 as canonical_count, 0 as rejected_count,
                0 as superseded_count, 0 as duplicate_count, 0 as count_residual, 0::decimal(18, 4) as amount_residual;
            create table checks.expectation_results as select
                '2026-05-3{number}-run{number}' as run_id, date '2026-05-3{number % 2}' as as_of_date, true as success,
                'warning' as severity, 't' as table_name, 'x' as expectation, '' as observed;
            """
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three publications on three days, of which retention took the first away; its certificate stays."""
    home = tmp_path_factory.mktemp("as_of")
    published = home / "published" / "tieout.duckdb"
    for number, day in enumerate(DAYS, start=1):
        warehouse(home, number)
        run_id = f"2026-05-3{number}-run{number}"
        publish(home / "warehouse" / "tieout.duckdb", published, run_id)
        shutil.rmtree(versions.folder_of(published) / versions.version_id(published))
        os.utime(published, (day.timestamp(), day.timestamp()))
        content = {
            "run": {"run_id": run_id, "as_of_date": f"2026-05-3{number % 2}"},
            "published": {"version": versions.keep(published), "tables": [{"rows": 4}], "bytes": 1},
            "inputs": {"new_files": [], "gone_files": []},
        }
        store.append(home / "certificates", content)
    versions.prune(published, last=2, days=0)
    return home


def tieout(home: Path, *arguments: str):
    return Installation(home).tieout(*arguments)


def test_versions_are_listed_with_what_retention_took_away(home: Path) -> None:
    rows = json.loads(tieout(home, "versions", "-f", "json").out)
    assert [row["state"] for row in rows] == ["current", "kept", "dropped"]
    assert [row["certificate"] for row in rows] == [3, 2, 1]
    assert "run3" in tieout(home, "versions").out


@pytest.mark.parametrize(
    ("asked", "amount"),
    [
        ("2026-06-02", "2.0000"),
        ("2026-06-19", "2.0000"),
        ("2026-06-20", "3.0000"),
        ("2026-05-32-run2", "2.0000"),
    ],
)
def test_a_query_on_what_stood_then(home: Path, asked: str, amount: str) -> None:
    done = tieout(
        home, "sql", "--version", asked, "select amount from tieout.canonical.payments", "-f", "csv"
    )
    assert done.out.splitlines() == ["amount", amount], done.err


def test_as_of_names_the_version_its_file_and_its_close(home: Path) -> None:
    done = tieout(home, "as-of", "2026-06-10")
    assert done.code == 0, done.err
    assert "run2" in done.out and "Certificate 2" in done.out and "Close as of 2026-05-30" in done.out
    found = json.loads(tieout(home, "as-of", "2026-06-10", "-f", "json").out)
    with duckdb.connect(found["path"], read_only=True) as connection:
        assert connection.execute("select amount from canonical.payments").fetchone()[0] == 2


def test_as_of_a_day_of_which_only_the_certificate_is_left(home: Path) -> None:
    done = tieout(home, "as-of", "2026-06-01")
    assert done.code == 1
    assert "taken away by retention" in done.out and "tieout verify 1" in done.out


def test_as_of_a_day_before_the_first_says_what_there_is(home: Path) -> None:
    done = tieout(home, "as-of", "2026-05-31")
    assert done.code == 1
    assert "2026-06-01 05:00" in done.err and "run1" in done.err
    assert "YYYY-MM-DD" in tieout(home, "as-of", "yesterday").err
    assert "tieout versions" in tieout(home, "sql", "--version", "nonsense", "select 1").err


def test_two_versions_are_compared_by_their_days(home: Path) -> None:
    done = tieout(home, "diff", "2026-06-02", "2026-06-20", "-f", "json")
    assert done.code == 1, done.err
    [payments] = [one for one in json.loads(done.out)["tables"] if one["name"] == "canonical.payments"]
    assert payments["amounts"] == [
        {"column": "amount", "currency": "EUR", "before": "2.0000", "after": "3.0000", "difference": "1.0000"}
    ]
    assert tieout(home, "diff", "2026-06-20").code == 0


def test_export_of_a_version(home: Path, tmp_path: Path) -> None:
    done = tieout(home, "export", "--version", "2026-06-02", "-o", str(tmp_path), "-t", "canonical.payments")
    assert done.code == 0, done.err
    assert "2.0000" in (tmp_path / "canonical.payments.csv").read_text()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_reading_needs_no_right_to_write(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As a user who owns nothing, in folders that nobody may write to."""
    place = Path("/tmp") / f"tieout_reader_{os.getpid()}"
    shutil.copytree(home, place)
    try:
        for path in [place, *place.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        if subprocess.run(
            [
                "setpriv",
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                sys.executable,
                "-c",
                "import duckdb",
            ],
            capture_output=True,
        ).returncode:
            pytest.skip("another user cannot run this Python")
        for arguments in (
            ["sql", "from canonical.payments"],
            ["sql", "--version", "2026-06-02", "select count(*) from range(10)"],
            ["versions"],
            ["as-of", "2026-06-20"],
        ):
            done = subprocess.run(
                [
                    "setpriv",
                    "--reuid",
                    "65534",
                    "--regid",
                    "65534",
                    "--clear-groups",
                    sys.executable,
                    "-B",
                    "-m",
                    "dagster_project.cli",
                    *arguments,
                ],
                cwd=REPOSITORY,
                env={**Installation(place).environment, "HOME": "/nonexistent"},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
        assert subprocess.run(
            [
                "setpriv",
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                sys.executable,
                "-c",
                f"open({str(place / 'published' / 'tieout.duckdb')!r}, 'r+b')",
            ],
            capture_output=True,
        ).returncode, "the reader may write after all; the test shows nothing"
        assert all(not stat.S_IMODE(path.stat().st_mode) & 0o222 for path in place.rglob("*"))
        assert {path.name for path in (place / "published").iterdir()} == {"tieout.duckdb"}
    finally:
        for path in [place, *place.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(place)
