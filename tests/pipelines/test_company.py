"""Seeds and sources that do not describe one company are told before a run, with the line to add."""

import shutil
from pathlib import Path

import pytest

from pipelines.company import BUNDLED, check_company
from pipelines.config import ConfigurationError, read_configuration

SOURCES = """\
sources:
  - name: books
    kind: csv
    entity_id: DE01
    path: "books/*"
    csv: { stream: invoices }
"""


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    shutil.copytree(BUNDLED, tmp_path / "seeds")
    return tmp_path / "seeds"


def complaint(seeds: Path, text: str = SOURCES) -> str:
    sources = seeds.parent / "sources.yml"
    sources.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        check_company(read_configuration(sources), sources, seeds)
    return str(error.value)


def replace(seed: Path, old: str, new: str) -> None:
    seed.write_text(seed.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_the_bundled_seeds_are_a_company(seeds: Path) -> None:
    sources = seeds.parent / "sources.yml"
    sources.write_text(SOURCES)
    check_company(read_configuration(sources), sources, seeds)


def test_an_unknown_entity_names_the_file_and_the_line_to_add(seeds: Path) -> None:
    said = complaint(seeds, SOURCES.replace("DE01", "NL01"))
    assert "source 'books' is of entity NL01" in said
    assert "master_legal_entities.csv" in said
    assert "NL01,<name>,<country>,<base currency>,UTC,1" in said


def test_a_missing_seed_is_named(seeds: Path) -> None:
    (seeds / "tolerances.csv").unlink()
    assert "tolerances.csv not there" in complaint(seeds)


def test_a_missing_folder_is_named(seeds: Path) -> None:
    shutil.rmtree(seeds)
    assert "tieout init" in complaint(seeds)


def test_a_seed_saved_with_semicolons_says_so(seeds: Path) -> None:
    (seeds / "periods.csv").write_text("entity_id;period;start_date;end_date;status;closed_date\n")
    assert "commas, not semicolons" in complaint(seeds)


def test_a_byte_order_mark_of_a_spreadsheet_does_no_harm(seeds: Path) -> None:
    own = seeds / "master_legal_entities.csv"
    own.write_text("\ufeff" + own.read_text(encoding="utf-8"), encoding="utf-8")
    test_the_bundled_seeds_are_a_company(seeds)


def test_an_entity_without_periods_says_which_line_to_add(seeds: Path) -> None:
    replace(seeds / "periods.csv", "DE01,", "XX01,")
    assert "DE01,2026-01,2026-01-01,2026-01-31,open," in complaint(seeds)


@pytest.mark.parametrize(("old", "new"), [(",EUR,", ",EURO,"), ("Europe/Berlin", "Berlin")])
def test_a_wrong_currency_or_time_zone_names_its_line(seeds: Path, old: str, new: str) -> None:
    replace(seeds / "master_legal_entities.csv", old, new)
    assert "master_legal_entities.csv, line 2" in complaint(seeds)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sources:\n", "sources: should be a list of entries"),
        ("", "the file: expected 'sources:'"),
        (SOURCES.replace("books\n", "Books\n"), "entry 1 (Books), name: should be lower-case letters"),
        (SOURCES.replace("invoices", "invoice"), "entry 1 (books), csv.stream: should be 'orders'"),
        (SOURCES.replace("path:", "colour: red\n    path:"), "entry 1 (books), colour: is not a field"),
        (SOURCES.replace("name: books", "name: books: own"), "need quotes"),
    ],
)
def test_a_mistake_in_the_sources_names_entry_and_field(seeds: Path, text: str, expected: str) -> None:
    assert expected in complaint(seeds, text)
