"""Match rates may fall from one published run to the next only as far as the bounds allow."""

from decimal import Decimal

import duckdb
import pytest

from expectations import before_publish
from expectations.before_publish import RateBound
from expectations.contract import contract_tables

BOUNDS = {
    "*": RateBound("*", Decimal(2), Decimal(25)),
    "payout_to_bank": RateBound("payout_to_bank", Decimal(5), Decimal(50)),
}
PREVIOUS = {("DE01", "order_to_payment"): Decimal("0.99"), ("DE01", "payout_to_bank"): Decimal("0.90")}


def broken(order_rate: str, payout_rate: str) -> set[str]:
    connection = duckdb.connect()
    connection.execute("create schema reconciliation")
    connection.execute(
        "create table reconciliation.summary as select * from (values "
        f"('DE01', 'order_to_payment', cast({order_rate} as decimal(18, 8))), "
        f"('DE01', 'payout_to_bank', cast({payout_rate} as decimal(18, 8))), "
        "('US01', 'order_to_payment', null)) as summary(entity_id, reconciliation, match_rate)"
    )
    return {
        rule.severity
        for rule in before_publish.rules(PREVIOUS, BOUNDS)
        if rule.suite == "match_rates"
        and connection.execute(rule.query.replace("{batch}", "reconciliation.summary")).fetchall()
    }


@pytest.mark.parametrize(
    ("order_rate", "payout_rate", "expected"),
    [
        ("0.99", "0.90", set()),
        ("0.97", "0.85", set()),
        ("0.9699", "0.90", {"warning"}),
        ("0.99", "0.8499", {"warning"}),
        ("0.7399", "0.90", {"warning", "critical"}),
        ("1.00", "0.95", set()),
    ],
)
def test_a_fall_within_the_bound_is_quiet_and_a_larger_one_is_not(
    order_rate: str, payout_rate: str, expected: set[str]
) -> None:
    assert broken(order_rate, payout_rate) == expected


def test_a_reconciliation_that_is_gone_has_fallen_furthest() -> None:
    connection = duckdb.connect()
    connection.execute("create schema reconciliation")
    connection.execute(
        "create table reconciliation.summary as select 'DE01' as entity_id, 'order_to_payment' as reconciliation, "
        "cast(0.99 as decimal(18, 8)) as match_rate"
    )
    gone = {
        rule.severity: connection.execute(rule.query.replace("{batch}", "reconciliation.summary")).fetchall()
        for rule in before_publish.rules(PREVIOUS, BOUNDS)
        if rule.suite == "match_rates"
    }
    assert {severity: [row[:2] for row in rows] for severity, rows in gone.items()} == {
        "warning": [("DE01", "payout_to_bank")],
        "critical": [("DE01", "payout_to_bank")],
    }


def test_before_the_first_publication_there_is_nothing_to_compare_with() -> None:
    rules = [rule for rule in before_publish.rules({}, BOUNDS) if rule.suite == "match_rates"]
    connection = duckdb.connect()
    connection.execute("create schema reconciliation")
    connection.execute(
        "create table reconciliation.summary as select 'DE01' as entity_id, 'x' as reconciliation, "
        "cast(0 as decimal(18, 8)) as match_rate"
    )
    for rule in rules:
        assert connection.execute(rule.query.replace("{batch}", "reconciliation.summary")).fetchall() == []


def test_names_with_quotes_stay_text() -> None:
    rules = before_publish.rules({("D'E", "x'; drop table y; --"): Decimal("0.5")}, BOUNDS)
    [rule] = [rule for rule in rules if rule.name == "match_rate_within_warning_bound"]
    assert "'D''E', 'x''; drop table y; --'" in rule.query


@pytest.fixture
def ledger() -> duckdb.DuckDBPyConnection:
    """The ledger schema as the contract promises it."""
    connection = duckdb.connect()
    connection.execute("create schema ledger")
    for table, columns in contract_tables().items():
        if table.startswith("ledger."):
            connection.execute(
                f"create table {table} ({', '.join(f'{column} varchar' for column in columns)})"
            )
    return connection


def missing(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    [rule] = [rule for rule in before_publish.rules({}, BOUNDS) if rule.name.startswith("ledger_has_its")]
    return connection.execute(rule.query.replace("{batch}", rule.table)).fetchall()


def test_the_contract_holds(ledger: duckdb.DuckDBPyConnection) -> None:
    assert missing(ledger) == []


def test_a_new_column_breaks_no_contract(ledger: duckdb.DuckDBPyConnection) -> None:
    ledger.execute("alter table ledger.journal_lines add column project varchar")
    assert missing(ledger) == []


def test_a_missing_column_is_named(ledger: duckdb.DuckDBPyConnection) -> None:
    ledger.execute("alter table ledger.journal_lines drop column debit_amount")
    assert missing(ledger) == [("journal_lines", "debit_amount")]


def test_a_missing_table_is_named(ledger: duckdb.DuckDBPyConnection) -> None:
    ledger.execute("drop table ledger.trial_balance")
    assert {table for table, _ in missing(ledger)} == {"trial_balance"}


def test_every_schema_of_the_contract_has_a_rule() -> None:
    rules = [rule for rule in before_publish.rules({}, BOUNDS) if rule.suite == "contract"]
    assert len(rules) == len({table.split(".")[0] for table in contract_tables()}) == 3


def test_rule_names_are_unique_per_table() -> None:
    rules = before_publish.rules({}, BOUNDS)
    names = [(rule.table, rule.suite, rule.name) for rule in rules]
    assert len(names) == len(set(names))
