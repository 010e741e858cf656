"""`tieout replay`: a fixed file, mapping or reader closes its reject, and nothing is there twice."""

from decimal import Decimal

import duckdb
import pytest
from bank_files import camt, entry, mt940

from pipelines import kinds
from pipelines.config import Configuration, SourceInstance
from pipelines.kinds import kind_spec
from pipelines.loading import extract
from pipelines.replaying import ReplayError, chosen, rejected_deliveries, replace, replay
from pipelines.settings import Settings

CONFIGURATION = Configuration(
    sources=(SourceInstance(name="bank_de", kind="bank", entity_id="DE01", path="bank/*"),)
)
GOOD = camt(entry("10.00"), entry("5.00"))
BAD_LINE = camt(entry("10.00"), entry("ten"))
BROKEN = GOOD.replace("</Document>", "</Documnt>")


@pytest.fixture
def home(tmp_path):
    place = Settings(home=tmp_path, sources_file=tmp_path / "none.yml", seeds=tmp_path)
    (place.landing / "bank").mkdir(parents=True)
    return place


def deliver(home, name, content):
    (home.landing / "bank" / name).write_text(content)


def landed(home):
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        rows = connection.execute("select amount from raw_bank.transactions order by amount").fetchall()
        declared, rejected = connection.execute(
            "select (select sum(declared_count) from raw_bank.control_totals where stream = 'bank_transactions'),"
            " (select count(*) from raw_bank.rejects where stream = 'bank_transactions')"
        ).fetchone()
    assert declared == len(rows) + rejected
    return [amount for (amount,) in rows]


def open_rejects(home):
    return {d.source_file: dict(d.rejects) for d in rejected_deliveries(home)}


def test_what_nobody_fixed_stays_rejected_and_is_there_once(home):
    deliver(home, "a.xml", BAD_LINE)
    extract("bank", CONFIGURATION, home)
    (result,) = replay(rejected_deliveries(home), CONFIGURATION, home)
    assert list(result.still) == [2] and result.landed == ()
    assert landed(home) == [Decimal(10)]


def test_a_corrected_file_under_its_own_name_closes_its_rejects(home):
    deliver(home, "a.xml", BROKEN)
    extract("bank", CONFIGURATION, home)
    assert list(open_rejects(home)["bank/a.xml"]) == [0]
    deliver(home, "a.xml", GOOD)
    (result,) = replay(rejected_deliveries(home), CONFIGURATION, home)
    assert (result.outcome, result.landed, result.still) == ("landed", (0,), {})
    assert landed(home) == [Decimal(5), Decimal(10)]
    assert open_rejects(home) == {}


def test_a_corrected_file_under_another_name_stands_for_the_old_one(home):
    deliver(home, "a.xml", BAD_LINE)
    extract("bank", CONFIGURATION, home)
    deliver(home, "a_corrected.xml", GOOD)
    result = replace(
        rejected_deliveries(home)[0], home.landing / "bank" / "a_corrected.xml", CONFIGURATION, home
    )
    assert result.still == {} and open_rejects(home) == {}
    assert landed(home) == [Decimal(5), Decimal(10)]
    # The old file still lies there, and is not read again.
    assert extract("bank", CONFIGURATION, home).files == ()


def test_a_replacement_that_is_wrong_itself_leaves_the_reject_open(home):
    deliver(home, "a.xml", BAD_LINE)
    extract("bank", CONFIGURATION, home)
    deliver(home, "b.xml", BROKEN)
    with pytest.raises(ReplayError, match="has rejects itself"):
        replace(rejected_deliveries(home)[0], home.landing / "bank" / "b.xml", CONFIGURATION, home)
    assert "bank/a.xml" in open_rejects(home)


def test_a_file_taken_away_closes_its_reject(home):
    deliver(home, "a.xml", BROKEN)
    deliver(home, "b.sta", mt940(":61:2606300630C5,00NTRFNONREF"))
    extract("bank", CONFIGURATION, home)
    (home.landing / "bank" / "a.xml").unlink()
    (result,) = replay(rejected_deliveries(home), CONFIGURATION, home)
    assert "closed" in result.outcome
    assert landed(home) == [Decimal(5)]


def test_a_changed_reader_reads_every_file_again(home, monkeypatch):
    deliver(home, "a.xml", GOOD)
    extract("bank", CONFIGURATION, home)
    assert extract("bank", CONFIGURATION, home).files == ()
    newer = kinds.KindSpec(**{**vars(kind_spec("bank")), "version": kind_spec("bank").version + 1})
    monkeypatch.setattr("pipelines.loading.kind_spec", lambda kind: newer)
    assert extract("bank", CONFIGURATION, home).files == ("bank/a.xml",)
    assert landed(home) == [Decimal(5), Decimal(10)]


def test_a_reject_is_named_by_its_file_and_position(home):
    deliver(home, "a.xml", BAD_LINE)
    deliver(home, "b.xml", BROKEN)
    extract("bank", CONFIGURATION, home)
    deliveries = rejected_deliveries(home)
    assert [d.source_file for d in chosen(deliveries, ["bank/a.xml#2"])] == ["bank/a.xml"]
    assert [d.source_file for d in chosen(deliveries, ["b.xml"])] == ["bank/b.xml"]
    assert len(chosen(deliveries, [])) == 2
    with pytest.raises(ReplayError, match=r"no open reject in .a\.xml#1"):
        chosen(deliveries, ["a.xml#1"])
