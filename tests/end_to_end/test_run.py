"""`tieout run` on the sample: what it says, what it proves, and that a second run changes nothing."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Installation, SampleRun

pytestmark = pytest.mark.slow


def export(installation: Installation, out: Path) -> dict[str, bytes]:
    """The ordered export of every published table, by file name."""
    done = installation.tieout("export", "--out", str(out))
    assert done.code == 0, done.err
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@pytest.fixture
def copy(sample_run: SampleRun, installation: Installation) -> Installation:
    """The sample installation after its run, to be run again or broken."""
    shutil.copytree(sample_run.home, installation.home, dirs_exist_ok=True)
    return installation


def test_the_summary_answers_what_a_person_asks(sample_run: SampleRun) -> None:
    output = sample_run.output
    for expected in (
        "Close as of 2026-06-30",
        "DE01",
        "UK01",
        "US01",
        "payout_to_bank",
        "Control totals",
        "residual 0 records",
    ):
        assert expected in output
    for line in ("Published:", "Report:", "Checks:", "Time:", "tieout exceptions", "tieout trace"):
        assert line in output


def test_libraries_are_silent(sample_run: SampleRun) -> None:
    for noise in ("Warning", "WARNING", "DEBUG", "Traceback", "it/s]", "nanobind"):
        assert noise not in sample_run.output


def test_no_record_and_no_cent_is_lost_or_invented(published) -> None:
    assert published.execute(
        """
        select count(*), sum(abs(count_residual)), sum(abs(amount_residual))
        from reconciliation.control_totals
        having count(*) > 0 and sum(abs(count_residual)) = 0 and sum(abs(amount_residual)) = 0
        """
    ).fetchall(), "residuals are not zero"


def test_the_journal_balances(published) -> None:
    assert (
        published.execute(
            """
        select journal_entry_id from ledger.journal_lines
        group by all
        having sum(base_debit_amount) <> sum(base_credit_amount)
        """
        ).fetchall()
        == []
    )


@pytest.mark.parametrize(
    ("mart", "key", "table"),
    [
        ("bank_to_documents", "bank_transaction_id", "bank_transactions"),
        ("invoice_to_payment", "invoice_id", "invoices"),
        ("bill_to_bank", "bill_id", "bills"),
        ("payout_to_bank", "payout_id", "payouts"),
    ],
)
def test_each_item_is_in_exactly_one_state(published, mart: str, key: str, table: str) -> None:
    [(rows, ids, states)] = published.execute(
        f"select count(*), count(distinct {key}), count(status) from reconciliation.{mart} where {key} is not null"
    ).fetchall()
    [(expected,)] = published.execute(f"select count(*) from canonical.{table}").fetchall()
    assert rows == ids == states == expected


def test_states_add_up_to_the_total(published) -> None:
    assert (
        published.execute(
            """
        select entity_id, reconciliation from reconciliation.summary
        where item_count <> matched_count + waiting_count + open_count
            or total_amount <> matched_amount + waiting_amount + open_amount
        """
        ).fetchall()
        == []
    )


def test_every_critical_check_passed_and_all_gates_are_there(published) -> None:
    rows = published.execute(
        """
        select gate, count(*) > 0, count(*) filter (where severity = 'critical' and not success), count(error)
        from checks.expectation_results group by gate order by gate
        """
    ).fetchall()
    assert rows == [
        ("after_canonical", True, 0, 0),
        ("after_load", True, 0, 0),
        ("before_publish", True, 0, 0),
    ]


def test_the_report_and_the_data_docs_are_there(sample_run: SampleRun) -> None:
    installation = sample_run.installation
    assert (installation.reports / "close.html").stat().st_size > 10_000
    assert (installation.reports / "data_docs" / "index.html").is_file()


def test_trace_walks_from_the_source_line_to_the_bank(sample_run: SampleRun, published) -> None:
    [(payout,)] = published.execute(
        "select payout_id from reconciliation.payout_to_bank where bank_transaction_id is not null order by all limit 1"
    ).fetchall()
    done = sample_run.installation.tieout("trace", payout)
    assert done.code == 0, done.err
    assert "bank transaction" in done.out
    assert "record" in done.out
    assert "In the ledger:" in done.out


def test_trace_of_an_unknown_id_says_how_to_find_one(sample_run: SampleRun) -> None:
    done = sample_run.installation.tieout("trace", "no-such-document")
    assert done.code == 1
    assert "tieout exceptions" in done.err


def test_a_second_run_changes_nothing_and_says_so(
    copy: Installation, sample_run: SampleRun, tmp_path: Path
) -> None:
    before = copy.published.stat()
    done = copy.tieout("run")
    assert done.code == 0, done.err
    assert "Nothing changed" in done.out
    assert done.out.count("nothing new since") >= 5, "two dbt steps and three gates stand as they are"
    after = copy.published.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert export(copy, tmp_path / "again") == export(sample_run.installation, tmp_path / "first")


def test_another_day_gives_other_ages(copy: Installation) -> None:
    done = copy.tieout("run", "--as-of", "2026-06-15")
    assert done.code == 0, done.err
    assert "Close as of 2026-06-15" in done.out
    assert copy.ask("select count(*) from reconciliation.exceptions where age_days < 0") == [(0,)]
    # What stood from the day before is what a full rebuild makes of it.
    assert "of them stand" in done.out
    # The gate's findings hold the match rates against what was published before, another day's file or this.
    contents = (
        "select schema_name, table_name, content_hash from checks.published_tables "
        "where table_name <> 'expectation_results' order by all"
    )
    kept = copy.ask(contents)
    full = copy.tieout("run", "--as-of", "2026-06-15", "--full-refresh")
    assert full.code == 0, full.err
    assert "of them stand" not in full.out
    assert copy.ask(contents) == kept
