"""The log of configuration changes: who, when, which rows, and that nobody can rewrite it unseen."""

import contextlib
import io
import json
from pathlib import Path

import pytest

from dagster_project import configuration_log
from dagster_project.commands.config import record_changes, show_changes
from dagster_project.configuration_log import SHOWN_ROWS, log_path, record, unrecorded, verify
from pipelines import hash_chain
from pipelines.settings import Settings

RULES = "rule_id,days,note\nexact,3,\nwide,10,\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "match_rules.csv").write_text(RULES)
    (tmp_path / "sources.yml").write_text("sources: []\n")
    monkeypatch.setenv("TIEOUT_HOME", str(tmp_path))
    for name in ("TIEOUT_SOURCES", "TIEOUT_SEEDS", "TIEOUT_USER", "TIEOUT_OPERATIONS"):
        monkeypatch.delenv(name, raising=False)
    found = Settings(tmp_path, tmp_path / "sources.yml", seeds)
    record(found, noticed_by="the first run")
    return found


def rules(place: Settings, content: str) -> None:
    (place.seeds / "match_rules.csv").write_text(content)


def test_the_first_run_logs_every_file_as_it_is(place: Settings) -> None:
    links = list(hash_chain.read(log_path(place)))
    assert [link["file"] for link in links] == ["operations.yml", "seeds/match_rules.csv", "sources.yml"]
    assert all(link["old_sha256"] is None and link["change"] == {"first": True} for link in links)
    assert record(place, noticed_by="the second run") == []
    assert verify(place) == []


def test_a_changed_rule_is_logged_row_by_row_with_who_and_when(place: Settings) -> None:
    rules(place, RULES.replace("wide,10", "wide,30") + "\nnew,1,=1+1\n")
    assert unrecorded(place) == ["seeds/match_rules.csv"]
    record(place, noticed_by="run 7", by="petra", reason="the bank is slower now")
    link = list(hash_chain.read(log_path(place)))[-1]
    assert link["change"]["removed"] == [["wide", "10", ""]]
    assert link["change"]["added"] == [
        ["new", "1", "=1+1"],
        ["wide", "30", ""],
    ]
    assert (link["by"], link["noticed_by"], link["reason"]) == ("petra", "run 7", "the bank is slower now")
    assert link["old_sha256"] and link["new_sha256"] and link["old_sha256"] != link["new_sha256"]
    assert link["recorded_at"].endswith("+00:00") and link["file_owner"]
    assert unrecorded(place) == [] and verify(place) == []


def test_rows_that_only_moved_are_no_changed_rows(place: Settings) -> None:
    rules(place, "rule_id,days,note\nwide,10,\nexact,3,\n")
    [entry] = record(place, noticed_by="a run")
    assert (entry["change"]["added_count"], entry["change"]["removed_count"]) == (0, 0)


def test_another_header_a_deleted_file_and_one_that_is_back(place: Settings) -> None:
    rules(place, "rule_id,days\nexact,3\n")
    [entry] = record(place, noticed_by="a run")
    assert entry["change"]["new_header"] == ["rule_id", "days"]
    (place.seeds / "match_rules.csv").unlink()
    [entry] = record(place, noticed_by="a run")
    assert entry["new_sha256"] is None and entry["change"]["removed_count"] == 1
    rules(place, RULES)
    [entry] = record(place, noticed_by="a run")
    assert entry["old_sha256"] is None and entry["change"]["added_count"] == 2
    assert verify(place) == []


def test_a_mass_change_is_counted_and_its_rows_are_kept_in_the_files(place: Settings) -> None:
    rules(place, "rule_id,days,note\n" + "".join(f"r{number},1,\n" for number in range(1000)))
    [entry] = record(place, noticed_by="a run")
    assert entry["change"]["added_count"] == 1000
    assert len(entry["change"]["added"]) == SHOWN_ROWS
    kept = log_path(place).parent / "files" / entry["new_sha256"]
    assert kept.read_bytes() == (place.seeds / "match_rules.csv").read_bytes()


def test_a_crash_before_the_line_is_made_up_for_by_the_next_run(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(place, RULES + "more,1,\n")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(hash_chain, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            record(place, noticed_by="a run that was killed")
    assert len(record(place, noticed_by="the next run")) == 1
    assert record(place, noticed_by="and another") == []
    assert verify(place) == []


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00bad", b'"never closed\n1,2', b"a\n" * 3, "ä;ö\n1\n".encode("latin-1")]
)
def test_a_damaged_seed_is_logged_like_any_other(place: Settings, content: bytes) -> None:
    (place.seeds / "match_rules.csv").write_bytes(content)
    assert len(record(place, noticed_by="a run")) == 1
    assert verify(place) == []


def test_tampering_is_found(place: Settings) -> None:
    rules(place, RULES + "more,1,\n")
    record(place, noticed_by="a run")
    kept = (
        log_path(place).parent
        / "files"
        / configuration_log.last_states(log_path(place))["seeds/match_rules.csv"]
    )
    content = kept.read_bytes()
    kept.write_bytes(content + b"forged,99,\n")
    assert "was changed" in verify(place)[0].message
    kept.unlink()
    assert "is gone" in verify(place)[0].message
    kept.write_bytes(content)
    assert verify(place) == []
    lines = log_path(place).read_bytes().splitlines(keepends=True)
    log_path(place).write_bytes(b"".join(lines[:1] + lines[2:]))
    assert verify(place)


def told(*arguments: object) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        show_changes(*arguments)
    return out.getvalue()


def test_the_commands_tell_it_and_show_it(place: Settings) -> None:
    rules(place, RULES + "more,1,[bold]x\n")
    assert "Changed and not logged yet" in told(None, 50, "table")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        record_changes("a new bank", "petra")
        record_changes("again", None)
    assert "match_rules.csv: +1 -0 rows" in out.getvalue() and "Nothing has changed" in out.getvalue()
    shown = told("match_rules.csv", 50, "table")
    assert "petra" in shown and "a new bank" in shown and "+ more, 1, [bold]x" in shown
    assert json.loads(told(None, 1, "json"))[0]["reason"] == "a new bank"
