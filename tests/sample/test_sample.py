"""What the sample promises as a whole: the same bytes, every fault, perfect books without faults, bounds."""

import csv
import hashlib
import tracemalloc
from pathlib import Path

import pytest

from pipelines.sample import write_sample
from pipelines.sample.levels import FAULTS, ONCE
from tests.sample.conftest import DAYS, ORDERS, SEED


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_same_seed_same_bytes(sample, tmp_path):
    write_sample(tmp_path / "landing", orders=ORDERS, days=DAYS, seed=SEED)
    assert fingerprint(tmp_path / "landing") == fingerprint(sample / "landing")
    assert fingerprint(tmp_path / "truth") == fingerprint(sample / "truth")


def test_another_seed_is_another_company(sample, tmp_path):
    write_sample(tmp_path / "landing", orders=700, days=50, seed=SEED + 1)
    assert fingerprint(tmp_path / "landing") != fingerprint(sample / "landing")


@pytest.mark.parametrize("fault_type", [*FAULTS, *ONCE])
def test_every_fault_is_injected_as_often_as_promised_and_expected(truth, fault_type):
    wanted = {**FAULTS, **ONCE}[fault_type]
    injected = [r["fault_id"] for r in rows(truth / "faults.csv") if r["fault_type"] == fault_type]
    assert len(injected) == wanted
    expected = {r["fault_id"] for r in rows(truth / "expected_exceptions.csv")}
    assert set(injected) <= expected


@pytest.mark.parametrize(
    "case",
    [
        "partial_refund", "late_refund", "full_refund", "two_refunds", "goodwill_refund", "order_edit_before_invoice", "dispute_lost",
        "dispute_won", "one_transfer_for_several", "several_transfers_for_one", "bank_charges_deducted", "garbled_reference",
        "missing_reference", "early_payment_discount", "credit_note_netted", "batch_debit", "own_account_transfer",
        "own_account_exchange", "intercompany_transfer", "fx_difference", "order_around_midnight", "test_order", "charge_retried",
    ],
)  # fmt: skip
def test_the_cases_that_hurt_are_there(truth, case):
    assert sum(r["case"] == case for r in rows(truth / "cases.csv")) >= 2


def test_truth_names_each_expected_exception_once(truth):
    keys = [(r["exception_type"], r["document_id"]) for r in rows(truth / "expected_exceptions.csv")]
    assert len(keys) == len(set(keys))


def test_truth_is_never_below_landing(tmp_path):
    with pytest.raises(ValueError, match="below the landing folder"):
        write_sample(tmp_path / "landing", truth=tmp_path / "landing" / "truth")


def test_no_faults_means_none(tmp_path):
    truth = write_sample(tmp_path / "landing", orders=700, days=50, seed=3, faults="none")
    assert rows(truth / "expected_exceptions.csv") == []
    assert rows(truth / "faults.csv") == []
    assert len(rows(truth / "true_matches.csv")) > 700


@pytest.mark.parametrize(("argument", "value"), [("orders", 10), ("days", 5), ("faults", "some")])
def test_arguments_that_hold_no_sample_are_refused(tmp_path, argument, value):
    with pytest.raises(ValueError, match="expected"):
        write_sample(tmp_path / "landing", **{argument: value})


def test_python_holds_a_stretch_of_days_and_not_the_sample(tmp_path):
    """Ten times the orders, less than three times the memory: files go to disk by stretches of days."""
    peaks = []
    for orders in (2_000, 20_000):
        tracemalloc.start()
        write_sample(tmp_path / str(orders) / "landing", orders=orders)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 60_000_000 + 3 * peaks[0]
