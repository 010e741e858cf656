"""Names, paths and texts from outside stay names, paths and texts: in SQL, on the disk, in spreadsheets."""

import csv
import json
import os
from pathlib import Path

import duckdb
import openpyxl
import pytest

from dagster_project.commands.export import defused
from dagster_project.warehouse import quoted
from pipelines.config import Configuration, ConfigurationError, SourceInstance, read_configuration
from pipelines.landing import landing_file, list_files, path_of
from pipelines.loading import extract
from pipelines.settings import Settings
from tests.conftest import Installation

HOSTILE = [
    "it's; drop table raw_csv.files; --.csv",
    'say "hello".csv',
    "line\nbreak\ttab.csv",
    "x..  ..not?hidden*.csv",
    "Übersicht — 日本語 💶 e\u0301.csv",
    "$HOME `id` $(id) %s {0} {{x}}.csv",
    "=cmd|' -C calc'!A0.csv",
    "-rf --help.csv",
    "a" * 240 + ".csv",
]
HEADER = "Invoice Number,Invoice Date,Customer Name,Total Amount,Currency\n"


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    (tmp_path / "landing" / "books").mkdir(parents=True)
    return Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")


def books() -> SourceInstance:
    return SourceInstance(
        name="books",
        kind="csv",
        entity_id="NL01",
        path="books/*",
        time_zone="UTC",
        csv={"stream": "invoices"},
    )


def test_files_of_any_name_are_landed_once_under_exactly_that_name(place: Settings) -> None:
    for number, name in enumerate(HOSTILE):
        row = f'{name.encode().hex()[:9]},2026-06-30,"\'; drop table raw_csv.invoices; --",{number}.50,EUR\n'
        (place.landing / "books" / name).write_text(HEADER + row)
    first = extract("csv", Configuration(sources=(books(),)), place)
    again = extract("csv", Configuration(sources=(books(),)), place)
    # With another entity the deliveries are taken out and read anew, by their ids.
    moved = extract(
        "csv", Configuration(sources=(books().model_copy(update={"entity_id": "O'1\"; --"}),)), place
    )
    assert (len(first.files), len(again.files), len(moved.files)) == (len(HOSTILE), 0, len(HOSTILE))
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        rows = connection.execute("select source_file, status, entity_id from raw_csv.files").fetchall()
        assert {name for name, _, _ in rows} == {f"books/{name}" for name in HOSTILE}
        assert {(status, entity) for _, status, entity in rows} == {("loaded", "O'1\"; --")}
        total = connection.execute("select count(*), sum(total_amount) from raw_csv.invoices").fetchone()
    assert total[0] == len(HOSTILE) and total[1] == sum(range(len(HOSTILE))) + len(HOSTILE) / 2
    assert sorted(path.name for path in (place.landing / "books").iterdir()) == sorted(HOSTILE)


def test_a_file_name_in_no_encoding_stops_nothing(place: Settings) -> None:
    raw = os.fsencode(place.landing / "books") + b"/latin-\xe9.csv"
    try:
        with open(raw, "wb") as file:  # noqa: PTH123
            file.write((HEADER + "R-1,2026-06-30,A,1.50,EUR\n").encode())
    except OSError:
        pytest.skip("this file system takes no such name")
    (place.landing / "books" / "good.csv").write_text(HEADER + "R-2,2026-06-30,A,2.50,EUR\n")
    try:
        done = extract("csv", Configuration(sources=(books(),)), place)
    except ConfigurationError as error:
        assert "latin-" in str(error) and "name" in str(error)
    else:
        assert len(done.files) == 2
        names = [
            landing_file(place.landing, path, books()).source_file
            for path in list_files(place.landing, books())
        ]
        assert names == ["books/good.csv", "books/latin-\\udce9.csv"]
        assert all((place.landing / path_of(name)).is_file() for name in names)


@pytest.mark.parametrize("name", ["a'b", "a;b", "../a", "a b", "A", "ä", "a\nb", "a" + '"', "", "1a"])
def test_a_source_name_is_a_plain_word(tmp_path: Path, name: str) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(
        json.dumps({"sources": [{"name": name, "kind": "bank", "entity_id": "X", "path": "a/*"}]})
    )
    with pytest.raises(ConfigurationError, match="name"):
        read_configuration(path)


@pytest.mark.parametrize("path", ["../other/*", "/etc/*", "a/../../b"])
def test_a_source_reads_only_below_the_landing_folder(tmp_path: Path, path: str) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(json.dumps({"sources": [{"name": "a", "kind": "bank", "entity_id": "X", "path": path}]}))
    with pytest.raises(ConfigurationError, match="below the landing folder"):
        read_configuration(file)


def test_a_quoted_name_is_one_name() -> None:
    name = 'a"; drop table t; --'
    with duckdb.connect() as connection:
        connection.execute(f"create table {quoted(name)} as select 1 as x")
        assert connection.execute(f"select * from {quoted('main', name)}").fetchall() == [(1,)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    (home / "published").mkdir()
    with duckdb.connect(str(home / "published" / "tieout.duckdb")) as connection:
        connection.execute("create schema canonical; create schema reconciliation")
        connection.execute(
            'create table canonical.payments as select unnest($texts) as "=1+1", 1 as "a""b"',
            {"texts": FORMULAS},
        )
        connection.execute("create table reconciliation.exceptions as select 'x' as exception_type")
    return home


FORMULAS = [
    "=1+1",
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1+1",
    "\u00a0=1",
    "plain",
]


def test_no_cell_of_an_export_begins_like_a_formula(home: Path, tmp_path: Path) -> None:
    for format_ in ("csv", "xlsx"):
        done = Installation(home).tieout("export", "-o", str(tmp_path), "-f", format_, "-t", "canonical")
        assert done.code == 0, done.err
    with (tmp_path / "canonical.payments.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    sheet = openpyxl.load_workbook(tmp_path / "tieout.xlsx")["payments"]
    cells += [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    assert sum("plain" in cell for cell in cells) == 2
    dangerous = [
        cell for cell in cells if cell.strip(" \u00a0\u3000\ufeff")[:1] in "=+-@\t\r\n＝＋－＠" and cell
    ]
    assert dangerous == []


def test_amounts_are_not_taken_for_formulas() -> None:
    assert defused(-5) == -5
    assert defused("plain - text = 1") == "plain - text = 1"


@pytest.mark.parametrize(
    "query",
    [
        "copy (select 1) to '/tmp/tieout_injected.csv'",
        "select * from read_csv('/etc/passwd')",
        "attach '/tmp/x.duckdb'",
        "install httpfs",
        "set enable_external_access = true",
        "create table canonical.x as select 1",
        "select 1; drop table canonical.payments",
        "select * from '/etc/passwd'",
    ],
)
def test_a_query_reads_the_published_file_and_nothing_else(home: Path, query: str) -> None:
    done = Installation(home).tieout("sql", query)
    assert done.code == 1, done.out
    assert "Traceback" not in done.err
    assert not Path("/tmp/tieout_injected.csv").exists()


@pytest.mark.parametrize("text", ["x' or 1=1 --", "../../etc/passwd", '"; drop table x; --', "%s{0}$1"])
def test_what_a_person_types_is_only_compared(home: Path, text: str) -> None:
    for arguments in (
        ("export", "-o", str(home / "out"), "-t", text),
        ("sql", "--version", text, "select 1"),
    ):
        done = Installation(home).tieout(*arguments)
        assert done.code == 1 and "Traceback" not in done.err, done.err
    assert not (home / "out").exists()
