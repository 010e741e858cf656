"""`tieout replay` at the command line: what it says, and its exit code."""

import pytest

from dagster_project.commands.errors import CommandError
from dagster_project.commands.replay import replay_rejects
from pipelines.config import read_configuration
from pipelines.loading import extract
from pipelines.settings import settings

SOURCES = """sources:
  - name: bank_de
    kind: bank
    entity_id: DE01
    path: "bank/*"
"""
GOOD = ":20:S1\n:25:ACCOUNT\n:28C:1/1\n:60F:C260630EUR100,00\n:61:260630C5,00NTRF\n:62F:C260630EUR105,00\n-\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "landing" / "bank").mkdir(parents=True)
    (tmp_path / "sources.yml").write_text(SOURCES)
    monkeypatch.setenv("TIEOUT_HOME", str(tmp_path))
    monkeypatch.setenv("TIEOUT_SOURCES", str(tmp_path / "sources.yml"))
    return settings()


def test_it_says_what_landed_and_what_did_not(place, capsys):
    bank = place.landing / "bank"
    (bank / "a.sta").write_text(GOOD.replace("C5,00", "C?5,00"))
    (bank / "b.sta").write_text(GOOD.replace("C5,00", "C?5,00").replace("S1", "S2"))
    extract("bank", read_configuration(place.sources_file), place)
    (bank / "a.sta").write_text(GOOD)

    assert replay_rejects([], everything=True, replaced_by=None) == 1
    said = capsys.readouterr().out
    assert "bank/a.sta (bank_de): landed" in said
    assert "bank/b.sta (bank_de): 1 still rejected" in said and "#1: a statement line has" in said

    (bank / "b2.sta").write_text(GOOD.replace("S1", "S2"))
    assert replay_rejects(["bank/b.sta#1"], everything=False, replaced_by=bank / "b2.sta") == 0
    assert "replaced by bank/b2.sta" in capsys.readouterr().out
    assert replay_rejects([], everything=True, replaced_by=None) == 0
    assert "Nothing is rejected." in capsys.readouterr().out


def test_it_refuses_what_is_not_rejected_and_names_what_is(place):
    (place.landing / "bank" / "a.sta").write_text("no statement")
    extract("bank", read_configuration(place.sources_file), place)
    with pytest.raises(CommandError, match=r"files with rejects: bank/a\.sta"):
        replay_rejects(["other.sta"], everything=False, replaced_by=None)
    with pytest.raises(CommandError, match="--all"):
        replay_rejects([], everything=False, replaced_by=None)
