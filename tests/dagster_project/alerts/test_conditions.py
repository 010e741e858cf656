"""When something is an alert, and what it says: from observations, without a run."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dagster_project.alerts import conditions
from dagster_project.alerts.conditions import Known
from dagster_project.alerts.observe import (
    Drift,
    Finding,
    Observations,
    Published,
    Rate,
    Rejects,
    RunOutcome,
)
from dagster_project.freshness.arrivals import Arrival
from dagster_project.operations import Operations
from expectations.before_publish import RateBound
from pipelines.config import Configuration, Freshness, SourceInstance

NOW = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
CONFIGURATION = Configuration(
    sources=(
        SourceInstance(
            name="bank_de",
            kind="bank",
            entity_id="DE01",
            path="bank_de/*",
            freshness=Freshness(warn_after_hours=30, error_after_hours=54),
        ),
    )
)
NO_REJECTS = Rejects(0, 0, None, (), ())


def known(observed: Observations | None = None, **changes: Any) -> Known:
    values = {
        "observed": observed or Observations(NOW),
        "configuration": CONFIGURATION,
        "operations": Operations(),
        "bounds": {"*": RateBound("*", Decimal(2), Decimal(25))},
        "baselines": {},
        "summary": (),
    }
    return Known(**{**values, **changes})


def arrived(hours_ago: float) -> Observations:
    arrival = Arrival(
        "bank_de", "DE01", NOW - timedelta(hours=hours_ago), date(2026, 3, 3), ("bank_transactions",)
    )
    published = Published(date(2026, 3, 3), (), NO_REJECTS, {"bank_de": (("EUR", Decimal("1000")),)})
    return Observations(NOW, arrivals=(arrival,), published=published)


def test_what_is_unknown_is_no_alert_and_no_all_clear() -> None:
    for name in ("run_failed", "residual", "source_failed", "source_late", "mart_late", "reject_backlog"):
        assert getattr(conditions, name)(known()) is None, name
    assert conditions.match_rate_drop(known()) is None
    assert conditions.schema_drift(known()) is None


@pytest.mark.parametrize(
    ("hours", "severity"), [(30, None), (31, "warning"), (54, "warning"), (55, "critical")]
)
def test_a_source_is_late_and_then_stale(hours: float, severity: str | None) -> None:
    alerts = conditions.source_late(known(arrived(hours)))
    assert alerts is not None
    assert [alert.severity for alert in alerts] == ([severity] if severity else [])


def test_a_late_source_says_since_when_how_much_and_what_is_incomplete() -> None:
    [alert] = conditions.source_late(known(arrived(55))) or []
    assert alert.since == "2026-03-02 23:00 UTC"
    assert alert.amounts == (("EUR", Decimal("2000")),), "two whole days of a usual 1,000"
    assert "payout_to_bank" in alert.what
    assert alert.entity_id == "DE01"


def test_marts_are_late_by_the_strictest_window() -> None:
    operations = Operations.model_validate(
        {
            "freshness": {
                "tables": {"ledger.journal_export": {"warn_after_hours": 20, "error_after_hours": 40}}
            }
        }
    )
    observed = Observations(NOW, last_success_at=NOW - timedelta(hours=25))
    assert conditions.mart_late(known(observed)) == []
    [alert] = conditions.mart_late(known(observed, operations=operations)) or []
    assert alert.severity == "warning"
    assert "ledger.journal_export" in alert.what


def rate(value: str, items: int = 100) -> Rate:
    return Rate("DE01", "payout_to_bank", "EUR", items, Decimal(value), Decimal("500.00"))


@pytest.mark.parametrize(
    ("now", "severity"),
    [("0.9600", None), ("0.9599", "warning"), ("0.7300", "warning"), ("0.7299", "critical")],
)
def test_a_match_rate_that_falls_further_than_its_bound(now: str, severity: str | None) -> None:
    before = {("DE01", "payout_to_bank"): Decimal("0.98")}
    alerts = conditions.match_rate_drop(known(summary=(rate(now),), baselines=before)) or []
    assert [alert.severity for alert in alerts] == ([severity] if severity else [])
    for alert in alerts:
        assert alert.amounts == (("EUR", Decimal("500.00")),)
        assert alert.facts["baseline"] == "0.98", "tomorrow must be measured against the rate before the fall"


def test_a_rate_of_few_items_is_no_rate() -> None:
    before = {("DE01", "payout_to_bank"): Decimal("1")}
    assert conditions.match_rate_drop(known(summary=(rate("0.5", items=29),), baselines=before)) == []


@pytest.mark.parametrize(
    ("records", "days", "told"), [(9, 3, False), (10, 0, True), (1, 4, True), (0, 99, False)]
)
def test_rejects_are_told_from_a_number_or_an_age(records: int, days: int, told: bool) -> None:
    rejects = Rejects(records, days, date(2026, 3, 1), (("EUR", Decimal("12.00")),), (("DE01", records),))
    observed = Observations(NOW, published=Published(date(2026, 3, 4), (), rejects, {}))
    assert bool(conditions.reject_backlog(known(observed))) is told


def failed_run(*findings: Finding) -> Observations:
    return Observations(
        NOW, run=RunOutcome("abcdef012345", False, NOW, {"checks__after_load": "closed"}, findings)
    )


FINDING = Finding(
    "after_load",
    "declared_is_landed_or_rejected",
    "raw_stripe.control_totals",
    "2 rows",
    (
        {
            "source_name": "stripe_de",
            "stream": "charges",
            "currency": "EUR",
            "business_date": "2026-03-04",
            "declared_count": 10,
            "landed_count": 8,
            "rejected_count": 1,
            "declared_amount": "100.0000",
            "landed_amount": "79.9900",
            "rejected_amount": "10.0000",
        },
        {"currency": "USD", "count_residual": 0, "amount_residual": "-0.0100"},
    ),
)


def test_a_residual_says_how_much_money_per_currency_is_not_accounted_for() -> None:
    [alert] = conditions.residual(known(failed_run(FINDING))) or []
    assert alert.amounts == (("EUR", Decimal("10.0100")), ("USD", Decimal("0.0100")))
    assert "1 record in all" in alert.what
    assert "stripe_de charges EUR 2026-03-04" in alert.what


def test_a_sum_over_the_rows_that_were_kept_says_so() -> None:
    [alert] = conditions.residual(known(failed_run(replace(FINDING, observed="31 rows")))) or []
    assert alert.amount_label == "Residual, at least (of the first 2 of 31 rows)"


def test_a_failed_run_is_open_until_a_run_succeeds() -> None:
    [alert] = conditions.run_failed(known(failed_run())) or []
    assert alert.key == "run_failed:checks__after_load"
    assert "closed" in alert.what
    observed = failed_run()
    assert observed.run is not None
    good = replace(observed, run=replace(observed.run, is_success=True))
    assert conditions.run_failed(known(good)) == []
    assert conditions.residual(known(good)) == []


def test_a_new_field_is_another_alert_and_the_old_ones_are_not_told_again() -> None:
    one = Drift("erp_uk", "UK01", "bills", "Approved By", "S. Byrne", 3)
    two = replace(one, name="Project")
    [first] = conditions.schema_drift(known(Observations(NOW, drifts=(one,)))) or []
    [again] = conditions.schema_drift(known(Observations(NOW, drifts=(replace(one, files=4),)))) or []
    [second] = conditions.schema_drift(known(Observations(NOW, drifts=(one, two)))) or []
    assert first.key == again.key != second.key
    assert first.severity == "info"
