"""The log of decisions: nothing is lost, changed or cut without being seen, whoever writes and dies."""

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from reading import read_content

from pipelines import hash_chain
from pipelines.decisions import log
from pipelines.decisions.log import DecisionLogError
from pipelines.settings import REPOSITORY


def entry(number: int, **more) -> dict:
    return {
        "action": "accept",
        "amount": f"{number}.50",
        "currency": "EUR",
        "decided_by": "jane",
        "effective_date": "2026-06-30",
        "entity_id": "DE01",
        "reason": f'advice {number}, "effective_date":"1999-01-01"',
        "items": [{"id": f"i{number}", "currency": "USD", "amount": "9"}],
        **more,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for number in range(1, 6):
        with log.deciding(tmp_path) as place:
            log.record(place, entry(number))
    return log.log_path(tmp_path)


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def read(path: Path, tmp_path: Path) -> dict:
    return read_content("decisions", tmp_path / "read", path.read_bytes(), "decisions.jsonl")


def balanced(tables: dict) -> bool:
    """declared = landed + rejected, in lines and amounts, per entity, currency and day."""
    cells: dict[tuple, list] = {}

    def add(row: dict, day: str, count: int, amount: Decimal) -> None:
        cell = cells.setdefault((row["entity_id"], row["currency"], row[day]), [0, Decimal(0)])
        cell[0] += count
        cell[1] += amount

    for row in tables["control_totals"]:
        add(row, "business_date", row["declared_count"], row["declared_amount"])
    for row in tables["decisions"]:
        add(row, "effective_date", -1, -row["amount"])
    for row in tables["rejects"]:
        add(row, "business_date", -1, -row["amount"])
    return all(count == 0 and amount == 0 for count, amount in cells.values())


def test_every_line_is_landed_with_its_place_person_and_amount(path: Path, tmp_path: Path) -> None:
    tables = read(path, tmp_path)
    assert [row["sequence"] for row in tables["decisions"]] == [1, 2, 3, 4, 5]
    first = tables["decisions"][0]
    assert (first["amount"], first["currency"], first["decided_by"]) == (Decimal("1.50"), "EUR", "jane")
    assert (first["entity_id"], first["source_position"]) == ("DE01", 1)
    assert json.loads(first["items"])[0]["id"] == "i1"
    assert not tables["rejects"]
    assert sum(row["declared_amount"] for row in tables["control_totals"]) == Decimal("17.50")
    assert balanced(tables)
    assert log.verify(path) == []


def changed(found: list[bytes]) -> list[bytes]:
    return [found[0], found[1].replace(b"2.50", b"9.50"), *found[2:]]


@pytest.mark.parametrize(
    ("damage", "broken"),
    [
        (changed, [2]),
        (lambda found: [found[0], found[2], found[3], found[4]], [2]),  # one taken out
        (lambda found: [found[1], found[0], *found[2:]], [1, 2, 3]),  # two exchanged
        (lambda found: [*found, found[4]], [6]),  # one doubled
        (lambda found: [*found[:3], b"{}\n", *found[3:]], [4, 5]),  # one put in
    ],
)
def test_a_tampered_log_is_found_at_its_line_and_rejected_there(
    path: Path, tmp_path: Path, damage, broken: list[int]
) -> None:
    path.write_bytes(b"".join(damage(lines(path))))
    assert [problem.line for problem in log.verify(path) if problem.line] == broken
    tables = read(path, tmp_path)
    assert [row["source_position"] for row in tables["rejects"]] == broken
    assert {row["reason_code"] for row in tables["rejects"]} == {"broken_chain"}
    assert balanced(tables)
    with log.deciding(tmp_path) as place, pytest.raises(DecisionLogError, match="not the log"):
        log.entries(place)


def test_a_log_that_is_cut_at_its_end_is_found_by_its_head(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"".join(lines(path)[:3]))
    [problem] = log.verify(path)
    assert "line 5" in problem.message
    with log.deciding(tmp_path) as place, pytest.raises(DecisionLogError, match="line 5"):
        log.entries(place)


def test_a_log_that_was_written_anew_is_found_by_the_published_head(path: Path) -> None:
    published = hash_chain.head(path)
    path.unlink()
    (path.parent / ".head").unlink()
    for number in range(1, 8):
        log.record(path, entry(number, decided_by="mallory"))
    assert log.verify(path) == []
    [problem] = log.verify(path, published)
    assert "line 5" in problem.message


def test_a_torn_last_line_is_told_moved_aside_and_costs_no_finished_line(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole + lines(path)[4][:120])
    tables = read(path, tmp_path)
    assert len(tables["decisions"]) == 5
    [reject] = tables["rejects"]
    assert (reject["source_position"], reject["reason_code"]) == (6, "malformed_record")
    assert balanced(tables)
    assert log.verify(path) == []
    told: list[str] = []
    assert log.repair(path, told.append) == lines(path)[4][:120]
    assert "cut off by a crash (120 bytes)" in told[0]
    assert path.read_bytes() == whole
    assert (path.parent / ".torn-1").read_bytes() == lines(path)[4][:120]
    log.record(path, entry(6))
    assert path.read_bytes().startswith(whole)
    assert log.verify(path) == []


def test_a_head_that_a_crash_left_behind_is_still_a_line_of_the_log(path: Path) -> None:
    head = (path.parent / ".head").read_bytes()
    log.record(path, entry(6))
    (path.parent / ".head").write_bytes(head)
    assert log.verify(path) == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"action": "guess"}, "unexpected_record"),
        ({"decided_by": ""}, "missing_field"),
        ({"effective_date": "soon"}, "invalid_value"),
        ({"amount": "1.23456"}, "invalid_value"),
        ({"links": "none"}, "invalid_value"),
    ],
)
def test_a_line_that_is_no_decision_is_a_reject(tmp_path: Path, more: dict, reason: str) -> None:
    path = log.log_path(tmp_path)
    path.parent.mkdir(parents=True)
    log.record(path, entry(1, **more))
    log.record(path, entry(2))
    tables = read(path, tmp_path)
    assert [row["reason_code"] for row in tables["rejects"]] == [reason]
    assert [row["sequence"] for row in tables["decisions"]] == [2]


_WRITER = """
import sys
from pathlib import Path
from pipelines.decisions import log
landing, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    with log.deciding(landing) as path:
        seen = len(log.entries(path))
        log.record(path, {"action": "comment", "decided_by": name, "reason": f"{seen}"})
        print(seen, flush=True)
"""


def writer(landing: Path, name: str, count: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(landing), name, str(count)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_people_who_decide_at_once_lose_nothing_and_see_each_other(tmp_path: Path) -> None:
    people = [writer(tmp_path, name, 15) for name in ("ann", "bob", "cem")]
    assert [person.wait() for person in people] == [0, 0, 0]
    found = list(hash_chain.read(log.log_path(tmp_path)))
    assert [link["reason"] for link in found] == [str(number) for number in range(45)]
    assert log.verify(log.log_path(tmp_path)) == []


def test_a_writer_that_is_killed_holds_nobody_up_and_loses_nothing_that_it_confirmed(tmp_path: Path) -> None:
    person = writer(tmp_path, "ann", 10_000)
    assert person.stdout is not None
    confirmed = [person.stdout.readline() for _ in range(5)]
    os.kill(person.pid, signal.SIGKILL)
    person.wait()
    confirmed += person.stdout.readlines()
    assert writer(tmp_path, "bob", 1).wait() == 0
    found = list(hash_chain.read(log.log_path(tmp_path)))
    last = [line for line in confirmed if line.endswith("\n")][-1]
    assert len(found) - 1 >= int(last) + 1
    assert found[-1]["decided_by"] == "bob"
    assert log.verify(log.log_path(tmp_path)) == []
