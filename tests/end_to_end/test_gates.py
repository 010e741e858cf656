"""Broken data at each gate: a critical rule keeps the previous published file, a warning does not."""

import hashlib
import json

import duckdb
import pytest

from dagster_project.certificate import store
from tests.conftest import Installation
from tests.end_to_end.test_run import copy  # noqa: F401  a fixture

pytestmark = pytest.mark.slow


def state(installation: Installation) -> tuple[int, int, bytes]:
    found = installation.published.stat()
    return found.st_ino, found.st_mtime_ns, installation.published.read_bytes()


@pytest.mark.parametrize(
    ("damage", "gate", "rule"),
    [
        # A record that vanished after it was declared: the load lost a charge.
        (
            "delete from raw_stripe.charges where charge_id = (select min(charge_id) from raw_stripe.charges)",
            "after_load",
            "declared_is_landed_or_rejected",
        ),
        # One cent on one bank line.
        (
            "update raw_bank.transactions set amount = amount + 0.01 "
            "where transaction_id = (select min(transaction_id) from raw_bank.transactions)",
            "after_load",
            "declared_is_landed_or_rejected",
        ),
    ],
)
def test_a_critical_rule_stops_publishing_and_keeps_the_previous_file(
    copy: Installation,  # noqa: F811
    damage: str,
    gate: str,
    rule: str,
) -> None:
    before = state(copy)
    with duckdb.connect(str(copy.warehouse)) as connection:
        connection.execute(damage)
    done = copy.tieout("run")
    assert done.code == 1
    assert gate in done.err
    assert rule in done.err
    assert "stays as it was" in done.err
    assert state(copy) == before
    # The chain has no night without a link: this one says what failed and certifies the file that stands.
    [*_, last] = store.entries(copy.home / "certificates")
    certificate = store.load(last.path)
    assert certificate["run"]["outcome"] == "failed"
    [failure] = certificate["run"]["failures"]
    assert gate in failure["step"] and rule in failure["message"]
    assert certificate["published"]["sha256"] == hashlib.sha256(before[2]).hexdigest()
    assert rule in last.page.read_text() and f"Certificate {last.sequence} says so" in done.err
    verified = copy.tieout("verify")
    assert verified.code == 0 and f"it failed in 'checks__{gate}'" in verified.out, verified.out
    told = copy.tieout("alerts").out
    assert f"The nightly run failed in 'checks__{gate}'" in told
    assert "Control totals do not tie in" in told
    assert "Money: Residual:" in told
    [failed] = (
        duckdb.connect(str(copy.warehouse), read_only=True)
        .execute(
            "select distinct expectation from checks.expectation_results "
            "where gate = ? and severity = 'critical' and not success",
            [gate],
        )
        .fetchall()
    )
    assert failed == (rule,)


def test_a_warning_is_shown_and_publishes(copy: Installation) -> None:  # noqa: F811
    before = copy.ask("select count(*) from reconciliation.exceptions where exception_type = 'rejected_file'")
    (copy.landing / "stripe_de" / "charges" / "charges_broken.json").write_text(
        '{"object": "list", "data": ['
    )
    done = copy.tieout("run")
    assert done.code == 0, done.err
    assert "warning: raw_stripe.files" in done.out
    after = copy.ask("select count(*) from reconciliation.exceptions where exception_type = 'rejected_file'")
    assert after == [(before[0][0] + 1,)]


def test_a_match_rate_that_falls_too_far_stops_publishing(copy: Installation) -> None:  # noqa: F811
    copy.published.chmod(0o644)
    with duckdb.connect(str(copy.published)) as connection:
        # As if the previous run had matched far more than this one can.
        connection.execute("update reconciliation.summary set match_rate = match_rate + 1")
    before = state(copy)
    done = copy.tieout("run")
    assert done.code == 1
    assert "match_rate_within_critical_bound" in done.err
    assert state(copy) == before


def test_results_are_in_the_data_docs(copy: Installation) -> None:  # noqa: F811
    pages = [page.read_text(encoding="utf-8") for page in (copy.reports / "data_docs").rglob("*.html")]
    assert any("Declared = canonical + rejected + superseded + duplicate" in page for page in pages)
    kept = list((copy.reports / "checks" / "results").rglob("*.json"))
    assert all(json.loads(path.read_text()) for path in kept)
