"""`tieout init`: a company of one's own that passes every check before a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.company import check_company, seed_rows
from pipelines.config import read_configuration
from pipelines.settings import REPOSITORY, settings

IBANS = ("NL36INGB0007654321", "NL31ABNA0998877665")


def init(folder: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    options = {"entity": "NL01", "currency": "EUR", "time-zone": "Europe/Amsterdam"} | changed
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return subprocess.run(
        [
            *(sys.executable, "-m", "dagster_project.cli", "init", str(folder), *arguments),
            *("--bank", IBANS[0], "--bank", "nl31 abna 0998 8776 65"),
        ],
        cwd=REPOSITORY,
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "mycompany"
    done = init(folder)
    assert done.returncode == 0, done.stderr
    assert f"export TIEOUT_HOME={folder}" in done.stdout
    return folder


def test_it_is_complete_and_of_one_piece(company: Path) -> None:
    sources = company / "sources.yml"
    check_company(read_configuration(sources), sources, company / "seeds")


def test_nothing_of_the_sample_company_is_left(company: Path) -> None:
    for seed in (company / "seeds").glob("*.csv"):
        for entity in ("DE01", "UK01", "US01", "stripe_us", "shopify_de"):
            assert entity not in seed.read_text(encoding="utf-8"), seed.name


def test_each_bank_account_has_an_account_of_the_chart(company: Path) -> None:
    banks = seed_rows(company / "seeds" / "master_bank_accounts.csv")
    chart = {row["account_code"] for row in seed_rows(company / "seeds" / "master_accounts.csv")}
    assert [bank["account_number"] for bank in banks] == list(IBANS)
    assert len({bank["account_code"] for bank in banks} & chart) == 2


def test_every_account_of_a_rule_is_in_its_chart(company: Path) -> None:
    seeds = company / "seeds"
    chart = {row["account_code"] for row in seed_rows(seeds / "master_accounts.csv")}
    for name in ("posting_rules", "default_accounts", "expense_categories"):
        assert {row["account_code"] for row in seed_rows(seeds / f"{name}.csv")} - {""} <= chart


def test_home_is_all_that_a_run_needs_to_know(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIEOUT_SOURCES", "TIEOUT_SEEDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TIEOUT_HOME", str(company))
    place = settings()
    assert (place.sources_file, place.seeds) == (company / "sources.yml", company / "seeds")


def test_exports_of_any_product_have_a_folder_that_needs_no_mapping(company: Path) -> None:
    inbox = next(s for s in read_configuration(company / "sources.yml").sources if s.name == "inbox")
    assert (inbox.kind, inbox.path, inbox.csv) == ("csv", "inbox/*", None)
    assert (company / "landing" / "inbox").is_dir()
    policies = {row["source_name"]: row for row in seed_rows(company / "seeds" / "source_policies.csv")}
    assert policies["inbox"]["payment_source_name"] == "inbox"


def test_it_overwrites_no_company(company: Path) -> None:
    done = init(company)
    assert done.returncode == 1
    assert "is there already" in done.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("entity", "NL 01"), ("currency", "EURO"), ("time-zone", "Amsterdam")]
)
def test_a_wrong_option_is_told_and_writes_nothing(tmp_path: Path, option: str, value: str) -> None:
    done = init(tmp_path / "other", **{option: value})
    assert done.returncode == 1
    assert f"--{option} {value} is not" in done.stderr
    assert not (tmp_path / "other").exists()
