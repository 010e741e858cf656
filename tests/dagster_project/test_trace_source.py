"""The source line of a record, from each shape of landing file."""

import gzip
import json
from pathlib import Path

import pytest

from dagster_project.commands.trace import source_text


@pytest.mark.parametrize(
    ("name", "content", "position", "expected"),
    [
        ("a.jsonl", '{"id": 1}\n{"id": 2}\n', 2, '{"id": 2}'),
        ("a.json", json.dumps({"orders": [{"id": 1}, {"id": 2}]}), 2, '{"id": 2}'),
        ("a.json", json.dumps({"object": "list", "data": [{"id": "ch_1"}]}), 1, '{"id": "ch_1"}'),
        ("a.json", json.dumps([{"id": 7}]), 1, '{"id": 7}'),
        ("a.json", '{"id": 1}\n{"id": 2}\n', 2, '{"id": 2}'),
        ("a.jsonl", '{"data": [{"id": 1}, {"id": 2}]}\n{"data": [{"id": 3}]}\n', 3, '{"id": 3}'),
        ("a.csv", "id;amount\n1;10,00\n2;20,00\n", 2, "2;20,00"),
        ("a.json", '{"data": [', 1, None),
        ("a.csv", "id\n1\n", 9, None),
        ("a.xml", "<Document/>", 1, None),
    ],
)
def test_source_text(tmp_path: Path, name: str, content: str, position: int, expected: str | None) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert source_text(path, position) == expected
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(content.encode()))
    assert source_text(packed, position) == expected


def test_an_old_encoding_is_readable(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("name\nKrüger\n".encode("cp1252"))
    assert source_text(tmp_path / "a.csv", 1) == "Krüger"


def test_a_missing_file_has_no_text(tmp_path: Path) -> None:
    assert source_text(tmp_path / "gone.csv", 1) is None
