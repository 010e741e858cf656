"""Ready profiles: each product's export is recognised by its content and read to exact rows.

`profile_samples/<profile>.csv` is a small export in the shape of the product, with made-up values, and
`<profile>.json` the rows that it holds, without what is empty. `python tests/pipelines/test_tabular_profiles.py`
shows the rows that are read; a person checks them before they become the expectation.
"""

import json
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from bank_files import residuals_of_file

from pipelines.config import SourceInstance
from pipelines.inspection import inspect
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.loading import read_files
from pipelines.tabular.profiles import FOLDER, profiles
from pipelines.tabular.schema import STREAMS

SAMPLES = Path(__file__).with_name("profile_samples")
NAMES = sorted(path.stem for path in SAMPLES.glob("*.csv"))
# Places and hashes are tested elsewhere; keys made of the content say nothing here.
_LEFT_OUT = {
    "source_position",
    "record_hash",
    "extra_json",
    "bank_transaction_id",
    "statement_id",
    "line_number",
}


def rows_of(path: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of a file by canonical table, as text, without what is empty or derived."""
    found = inspect(path)
    assert found.rejects == [], [reject["message"] for reject in found.rejects]
    return {
        table: [
            {name: _text(value) for name, value in row.items() if value is not None and name not in _LEFT_OUT}
            for row in rows
        ]
        for table, rows in found.records.items()
        if table != "bank_statements" and not (table == "orders" and "lines_amount" in rows[0])
    }


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_read_to_the_row_by_the_profile_of_its_product(name):
    path = SAMPLES / f"{name}.csv"
    assert f"profile {name} (" in inspect(path).recognised_by
    assert rows_of(path) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def test_every_profile_has_a_sample_and_every_sample_a_profile():
    assert [profile.name for profile in profiles()] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_decides_nothing(tmp_path, name):
    renamed = tmp_path / "statement.bin"
    renamed.write_bytes((SAMPLES / f"{name}.csv").read_bytes())
    assert f"profile {name} (" in inspect(renamed).recognised_by


@pytest.mark.parametrize("name", NAMES)
def test_running_balances_of_the_samples_tie(name):
    """A profile with a wrong sign or a wrong amount column cannot keep the balance."""
    found = inspect(SAMPLES / f"{name}.csv")
    assert [p for p in found.problems if p.code in ("statement_does_not_tie", "balance_break")] == []


def test_a_profile_maps_to_columns_that_exist_and_to_headers_that_it_knows():
    for profile in profiles():
        assert profile.source and profile.title, profile.name
        for part in profile.parts:
            stream = STREAMS[part["stream"]]
            ours = {
                *part.get("columns", {}),
                *part.get("sums", {}),
                *part.get("joined", {}),
                *part.get("signs", {}),
            }
            unknown = ours - set(stream.columns) - {"amount"}
            assert not unknown, f"{profile.name}: {unknown}"


def source(**options) -> SourceInstance:
    return SourceInstance(name="inbox", kind="csv", entity_id="DE01", path="inbox/*", **options)


def load(folder: Path, instance: SourceInstance) -> dict[str, list[dict]]:
    tables: dict[str, list[dict]] = {name: [] for name in kind_spec("csv").all_tables}
    files = [landing_file(folder, path, instance) for path in sorted(folder.rglob("*")) if path.is_file()]
    for batch in read_files(kind_spec("csv"), files, instance):
        tables[batch.table] += batch.rows.to_pylist()
    return tables


def test_a_folder_of_mixed_exports_needs_no_mapping(tmp_path):
    """Every sample in one folder: each file is loaded by its own profile, and nothing is lost."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.txt").write_bytes((SAMPLES / f"{name}.csv").read_bytes())
    tables = load(tmp_path, source(constants={"currency": "EUR"}))
    assert {row["source_file"]: row["status"] for row in tables["files"]} == {
        f"inbox/{name}.txt": "loaded" for name in NAMES
    }
    assert residuals_of_file(tables) == {}
    assert Counter(row["recognised_by"].split(" (")[0] for row in tables["files"]) == Counter(
        f"profile {name}" for name in NAMES
    )


def test_what_the_file_does_not_say_comes_from_the_source(tmp_path):
    text = (SAMPLES / "quickbooks_journal.csv").read_bytes()
    (tmp_path / "a.csv").write_bytes(text)
    refused = load(tmp_path, source())
    assert "does not say in which currency" in refused["rejects"][0]["message"]
    assert refused["gl_entries"] == []
    loaded = load(tmp_path, source(constants={"currency": "USD"}))
    assert {row["currency"] for row in loaded["gl_entries"]} == {"USD"}


def test_the_source_names_the_account_of_a_file_that_does_not(tmp_path):
    (tmp_path / "a.csv").write_bytes((SAMPLES / "chase_checking.csv").read_bytes())
    assert {r["account_number"] for r in load(tmp_path, source())["bank_transactions"]} == {"CHASE_CHECKING"}
    tables = load(tmp_path, source(constants={"account_number": "000123456"}))
    assert {r["account_number"] for r in tables["bank_transactions"]} == {"000123456"}


def test_a_source_that_says_only_its_stream_reads_it_by_profile(tmp_path):
    """`tieout init` writes such entries; a stream that the report does not have is read by its headers."""
    (tmp_path / "a.csv").write_bytes((SAMPLES / "ing_nl.csv").read_bytes())
    tables = load(tmp_path, source(csv={"stream": "bank_transactions"}))
    assert [row["amount"] for row in tables["bank_transactions"]] == [Decimal(1250), Decimal("-4.2")]
    assert "profile ing_nl" in tables["files"][0]["recognised_by"]
    refused = load(tmp_path, source(csv={"stream": "orders"}))
    assert "no column for" in refused["rejects"][0]["message"]


def test_a_mapping_of_ones_own_comes_before_any_profile(tmp_path):
    (tmp_path / "a.csv").write_bytes((SAMPLES / "ing_nl.csv").read_bytes())
    mapping = {
        "stream": "bank_transactions", "decimal": ",", "date_format": "%Y%m%d", "constants": {"currency": "EUR"},
        "columns": {"booking_date": "Datum", "amount": "Bedrag (EUR)", "account_number": "Rekening"},
    }  # fmt: skip
    tables = load(tmp_path, source(csv=mapping))
    assert tables["files"][0]["recognised_by"].startswith("the mapping of the source")
    assert [row["amount"] for row in tables["bank_transactions"]] == [Decimal(1250), Decimal("4.2")]


def test_lines_that_are_no_records_are_named(tmp_path):
    problems = inspect(SAMPLES / "bank_of_america.csv").problems
    (left,) = [p.message for p in problems if p.code == "lines_left_out"]
    assert "a total or balance" in left and "Beginning balance as of 06/01/2026" in left


def test_the_table_of_profiles_in_the_readme_is_true():
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert table_of_profiles() in readme, (
        "write it anew: python tests/pipelines/test_tabular_profiles.py readme"
    )


def table_of_profiles() -> str:
    """The profiles by stream, with what each carries and where its headers were seen."""
    lines = ["| profile | product | streams | carries | headers seen in |", "|---|---|---|---|---|"]
    for profile in sorted(profiles(), key=lambda p: (sorted(part["stream"] for part in p.parts), p.name)):
        streams = ", ".join(dict.fromkeys(part["stream"] for part in profile.parts))
        carried = {
            name
            for part in profile.parts
            for group in ("columns", "sums", "joined", "by_sign")
            for name in part.get(group, {})
        }
        shown = [label for label, names in _CARRIES.items() if carried & set(names)]
        lines.append(
            f"| {profile.name} | {profile.title} | {streams} | {', '.join(shown)} | {profile.source} |"
        )
    return "\n".join(lines)


_CARRIES = {
    "account": ("account_number",),
    "value date": ("value_date",),
    "balance": ("balance_amount",),
    "counterparty": ("counterparty_name",),
    "their account": ("counterparty_account",),
    "bank reference": ("servicer_reference",),
    "end-to-end id": ("end_to_end_id",),
    "mandate": ("mandate_id",),
    "status": ("entry_status", "status"),
    "fees": ("charges_amount", "fee_amount"),
    "original amount": ("original_amount",),
    "payout": ("payout_id",),
}


def _write_readme() -> None:
    path = FOLDER.parent / "README.md"
    text = path.read_text(encoding="utf-8")
    begin, end = "<!-- profiles -->\n", "\n<!-- end of profiles -->"
    head, _, rest = text.partition(begin)
    path.write_text(head + begin + table_of_profiles() + end + rest.partition(end)[2], encoding="utf-8")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] == ["readme"]:
        _write_readme()
    else:
        for name in sys.argv[1:] or NAMES:
            print(f"## {name}\n{yaml.safe_dump(rows_of(SAMPLES / f'{name}.csv'), allow_unicode=True)}")
