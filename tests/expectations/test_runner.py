"""What a gate reports: a pass, a broken rule with its rows, and an error that is never a pass."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from expectations.rules import Rule
from expectations.runner import build_data_docs, run_gate

HOLDS = Rule(
    "holds",
    "amounts",
    "canonical.payments",
    "No payment is negative.",
    "select * from {batch} where amount < 0",
)
BROKEN = Rule(
    "broken",
    "amounts",
    "canonical.payments",
    "No payment is larger than 100.",
    "select payment_id, amount from {batch} where amount > 100 order by all",
)
WARNED = Rule(
    "warned",
    "amounts",
    "canonical.payments",
    "None is in yen.",
    "select * from {batch} where currency = 'JPY'",
    severity="warning",
)
ERROR = Rule(
    "error",
    "amounts",
    "canonical.payments",
    "Nobody knows.",
    "select no_such_column from {batch}",
    severity="warning",
)
NO_TABLE = Rule("no_table", "amounts", "canonical.nowhere", "It is there.", "select * from {batch}")
RULES = [HOLDS, BROKEN, WARNED, ERROR, NO_TABLE]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema canonical")
        connection.execute(
            """
            create table canonical.payments as
            select * from (values
                ('p1', cast('0.0001' as decimal(18, 4)), 'EUR'),
                ('p2', cast('12345678901234.5678' as decimal(18, 4)), 'JPY')
            ) as payments(payment_id, amount, currency)
            """
        )
    return folder


@pytest.fixture(scope="module")
def results(place: Path) -> dict:
    found = run_gate(
        "after_canonical",
        RULES,
        warehouse=place / "warehouse.duckdb",
        reports=place / "reports",
        run_id="run-1",
        as_of_date=date(2026, 6, 30),
    )
    assert [result.rule for result in found] == RULES
    return {result.rule.name: result for result in found}


def test_a_rule_holds_when_its_query_finds_no_row(results: dict) -> None:
    assert results["holds"].success
    assert not results["holds"].stops
    assert results["holds"].observed == "0 rows"


def test_a_broken_critical_rule_stops_and_shows_its_rows_with_exact_amounts(results: dict) -> None:
    assert results["broken"].stops
    assert results["broken"].details == '[{"amount": "12345678901234.5678", "payment_id": "p2"}]'


def test_a_broken_warning_does_not_stop(results: dict) -> None:
    assert not results["warned"].success
    assert not results["warned"].stops


def test_an_error_stops_although_its_rule_is_only_a_warning(results: dict) -> None:
    assert not results["error"].success
    assert results["error"].stops
    assert "no_such_column" in results["error"].error


def test_a_missing_table_is_an_error(results: dict) -> None:
    assert results["no_table"].stops
    assert "nowhere" in results["no_table"].error


def test_results_are_rows_and_a_repeated_gate_replaces_its_own(place: Path, results: dict) -> None:
    again = {
        "warehouse": place / "warehouse.duckdb",
        "reports": place / "reports",
        "run_id": "run-1",
        "as_of_date": date(2026, 6, 30),
    }
    run_gate("after_canonical", RULES, **again)
    with duckdb.connect(str(place / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select expectation, success, error is not null, severity from checks.expectation_results order by all"
        ).fetchall()
    assert rows == [
        ("broken", False, False, "critical"),
        ("error", False, True, "warning"),
        ("holds", True, False, "critical"),
        ("no_table", False, True, "critical"),
        ("warned", False, False, "warning"),
    ]


def test_data_docs_show_the_rules_in_words_and_need_no_network(place: Path, results: dict) -> None:
    index = build_data_docs(place / "reports")
    text = index.read_text(encoding="utf-8")
    assert "No payment is larger than 100." in text
    assert text.index("critical</td>") < text.index("passed</td>")
    pages = "".join(page.read_text(encoding="utf-8") for page in index.parent.rglob("*.html"))
    assert "12345678901234.5678" in text
    assert 'src="http' not in pages
    assert "stylesheet" not in pages


def test_only_the_last_run_is_kept(place: Path, results: dict) -> None:
    kept = list((place / "reports" / "checks" / "results").rglob("*.json"))
    assert len(kept) == 1


def test_a_check_meets_the_same_limits_as_a_model(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_MEMORY_LIMIT", "100MB")
    limited = Rule(
        "limited",
        "amounts",
        "canonical.payments",
        "A check may take 100 MB.",
        "select current_setting('memory_limit') as memory from {batch} "
        "where current_setting('memory_limit') != '95.3 MiB'",
    )
    [found] = run_gate(
        "after_canonical",
        [limited],
        warehouse=place / "warehouse.duckdb",
        reports=place / "limited",
        run_id="run-2",
        as_of_date=date(2026, 6, 30),
    )
    assert found.success, found.details
