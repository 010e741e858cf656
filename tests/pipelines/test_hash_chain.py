"""A hash-chained log: whole lines only, one writer at a time, and no change that stays unseen."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines import hash_chain
from pipelines.hash_chain import GENESIS, ChainError, Head
from pipelines.settings import REPOSITORY

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log" / "decisions.jsonl"
    for number in range(1, 5):
        hash_chain.append(path, [{"what": f"decision {number}", "amount": Decimal("1.10")}], now=NOON)
    return path


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_each_line_carries_the_hash_of_the_line_before(log: Path) -> None:
    links = list(hash_chain.read(log))
    assert [link["sequence"] for link in links] == [1, 2, 3, 4]
    assert [link["previous_hash"] for link in links] == [GENESIS, *(link["hash"] for link in links[:-1])]
    assert links[0]["amount"] == "1.10"
    assert hash_chain.head(log) == Head(4, links[-1]["hash"])
    assert hash_chain.verify(log) == []


def test_a_log_that_does_not_exist_is_an_empty_chain(tmp_path: Path) -> None:
    assert hash_chain.head(tmp_path / "none") == Head(0, GENESIS)
    assert hash_chain.verify(tmp_path / "none") == []
    assert hash_chain.append(tmp_path / "none", []) == Head(0, GENESIS)


def test_a_changed_line_is_named(log: Path) -> None:
    found = lines(log)
    found[1] = found[1].replace(b"decision 2", b"decision 9")
    log.write_bytes(b"".join(found))
    [problem] = hash_chain.verify(log)
    assert problem.line == 2
    assert "was changed" in problem.message


def test_a_changed_line_with_a_new_hash_breaks_the_next(log: Path) -> None:
    found = lines(log)
    link = json.loads(found[1]) | {"what": "decision 9"}
    link["hash"] = hash_chain.link_hash(link)
    found[1] = hash_chain.canonical_json(link) + b"\n"
    log.write_bytes(b"".join(found))
    assert [problem.line for problem in hash_chain.verify(log)] == [3]


@pytest.mark.parametrize("order", [(0, 2, 3), (0, 2, 1, 3), (1, 2, 3), (0, 1, 1, 2, 3)])
def test_lines_taken_out_moved_or_doubled_are_found(log: Path, order: tuple[int, ...]) -> None:
    found = lines(log)
    log.write_bytes(b"".join(found[place] for place in order))
    assert hash_chain.verify(log)


def test_another_spelling_of_the_same_content_is_found(log: Path) -> None:
    found = lines(log)
    found[0] = json.dumps(json.loads(found[0])).encode() + b"\n"
    log.write_bytes(b"".join(found))
    assert [problem.line for problem in hash_chain.verify(log)] == [1]


def test_a_cut_end_is_found_by_a_head_kept_elsewhere(log: Path) -> None:
    kept = hash_chain.head(log)
    log.write_bytes(b"".join(lines(log)[:2]))
    assert hash_chain.verify(log) == []
    [problem] = hash_chain.verify(log, known_head=kept)
    assert "line 4" in problem.message


def test_a_head_stays_known_when_the_log_grows(log: Path) -> None:
    kept = hash_chain.head(log)
    hash_chain.append(log, [{"what": "more"}, {"what": "and more"}])
    assert hash_chain.verify(log, known_head=kept) == []


def test_what_a_crash_left_of_an_append_is_removed_by_the_next(log: Path) -> None:
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"what":"half')
    assert hash_chain.verify(log) == []
    assert hash_chain.append(log, [{"what": "next"}]).sequence == 5
    assert log.read_bytes().startswith(whole)
    assert hash_chain.verify(log) == []


def test_a_damaged_end_is_not_built_upon(log: Path) -> None:
    log.write_bytes(log.read_bytes() + b"not a link\n")
    with pytest.raises(ChainError, match="tieout verify"):
        hash_chain.append(log, [{"what": "next"}])


def test_all_entries_or_none(log: Path) -> None:
    before = log.read_bytes()
    with pytest.raises(TypeError):
        hash_chain.append(log, [{"what": "fine"}, {"amount": 1.1}])
    with pytest.raises(ValueError, match="hash"):
        hash_chain.append(log, [{"what": "fine"}, {"hash": "mine"}])
    assert log.read_bytes() == before


def test_one_spelling_for_equal_content() -> None:
    one = hash_chain.canonical_json({"b": [date(2026, 6, 30), Decimal("1E+2")], "a": "ü\n"})
    assert one == '{"a":"ü\\n","b":["2026-06-30","100"]}'.encode()
    assert hash_chain.canonical_json({"name": "\udce9.csv"}) == b'{"name":"\\udce9.csv"}'
    with pytest.raises(TypeError):
        hash_chain.canonical_json({"deep": [{"rate": 0.1}]})


def test_lines_longer_than_one_read_are_found_from_the_back(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for _ in range(3):
        hash_chain.append(path, [{"what": "x" * 200_000}])
    assert hash_chain.head(path).sequence == 3
    assert hash_chain.verify(path) == []


def test_many_writers_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log"
    code = (
        "import sys; from pathlib import Path; from pipelines.hash_chain import append\n"
        "for n in range(25): append(Path(sys.argv[1]), [{'writer': sys.argv[2], 'n': n}])"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(number)], cwd=REPOSITORY)
        for number in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    assert hash_chain.verify(path) == []
    assert hash_chain.head(path).sequence == 100
