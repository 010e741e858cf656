"""Statements in gzip and ZIP: each member is read, none can do harm, and one that is broken stops no other."""

import gzip
import io
import zipfile
from decimal import Decimal

import pytest
from bank_files import bank_residuals, camt, entry, mt940, read

from pipelines.bank import unpacking
from pipelines.inspection import inspect

LINE = ":61:2606300630C5,00NTRFNONREF"


def archive(**members: bytes | str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return packed.getvalue()


def test_every_member_is_read_in_the_order_of_names(tmp_path):
    tables = read(
        tmp_path, archive(**{"2.sta": mt940(LINE), "1.xml": camt(entry("10.00")), "__MACOSX/._1.xml": "x"})
    )
    assert [row["format"] for row in tables["statements"]] == ["camt.053.001.08", "mt940"]
    assert [row["amount"] for row in tables["transactions"]] == [Decimal(10), Decimal(5)]
    assert [row["source_position"] for row in tables["transactions"]] == [1, 2]
    assert tables["files"][0]["format"] == "camt.053.001.08, mt940"
    assert bank_residuals(tables) == {}


def test_a_broken_member_is_a_reject_and_the_others_go_on(tmp_path):
    tables = read(
        tmp_path, archive(**{"1.xml": camt(entry()).replace("</Stmt>", "</Smtt>"), "2.sta": mt940(LINE)})
    )
    assert [row["amount"] for row in tables["transactions"]] == [Decimal(5)]
    (reject,) = tables["rejects"]
    assert reject["message"].startswith("1.xml: not well-formed XML")
    assert bank_residuals(tables) == {}


def test_a_path_in_the_archive_leads_nowhere(tmp_path):
    tables = read(tmp_path, archive(**{"../../../evil.sta": mt940(LINE), "/etc/evil.sta": mt940(LINE)}))
    assert len(tables["transactions"]) == 2
    assert not list(tmp_path.rglob("evil*")) and not list(tmp_path.parent.glob("evil*"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(archive(**{"a.sta": b"0" * 3000}), "more than", id="bomb"),
        pytest.param(archive(**{f"{n}.sta": b"" for n in range(30)}), "at most", id="many members"),
        pytest.param(archive(), "without a file", id="empty"),
        pytest.param(archive(**{"a.txt": "hello"}), "without a statement", id="no statement"),
        pytest.param(
            archive(**{"a.zip": archive(**{"a.sta": mt940(LINE)})}), "without a statement", id="nested"
        ),
        pytest.param(archive(**{"[Content_Types].xml": "x", "xl/a.xml": "x"}), "workbook", id="workbook"),
        pytest.param(archive(**{"a.sta": mt940(LINE)})[:-30], "cannot be read", id="cut off"),
        pytest.param(b"PK\x03\x04" + b"\x00" * 50, "cannot be read", id="no archive"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(tmp_path, monkeypatch, content, reason):
    monkeypatch.setattr(unpacking, "LARGEST_ARCHIVE", 2000)
    monkeypatch.setattr(unpacking, "MOST_MEMBERS", 20)
    tables = read(tmp_path, content)
    assert tables["transactions"] == []
    assert reason in tables["rejects"][0]["message"]
    assert sum(row["declared_count"] for row in tables["control_totals"]) == len(tables["rejects"]) == 1


def test_a_gzip_bomb_is_refused_before_it_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "LARGEST_FILE", 1 << 20)
    tables = read(tmp_path, gzip.compress(b"0" * (3 << 20)))
    assert "more than" in tables["rejects"][0]["message"]


def test_gzip_is_read_and_a_cut_one_refused(tmp_path):
    assert len(read(tmp_path, gzip.compress(mt940(LINE).encode()))["transactions"]) == 1
    assert (
        "cannot be unpacked"
        in read(tmp_path, gzip.compress(mt940(LINE).encode())[:-12])["rejects"][0]["message"]
    )


def test_an_archive_is_inspected(tmp_path):
    path = tmp_path / "statements.bin"
    path.write_bytes(archive(**{"1.xml": camt(entry("10.00"))}))
    found = inspect(path)
    assert found.format == "camt.053.001.08"
    assert [row["amount"] for row in found.records["bank_transactions"]] == [Decimal(10)]
