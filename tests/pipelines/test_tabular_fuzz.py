"""Mangled exports and workbooks: never a crash or a hang, and declared = landed + rejected for every input.

A few seconds by default; `TIEOUT_FUZZ_SECONDS=600` runs each for ten minutes. A failure prints the seed of
its input, which `TIEOUT_FUZZ_SEED` repeats.
"""

import io
import os
import random
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from bank_files import residuals_of_file
from test_tabular_profiles import NAMES, SAMPLES, load, source

from pipelines.tabular.text import decode

SECONDS = float(os.environ.get("TIEOUT_FUZZ_SECONDS", "3"))
SLOWEST = 20.0  # seconds for one small file, on a loaded machine
_PIECES = [
    b'"', b'""', b"'", b";", b",", b"\t", b"|", b"\n", b"\r\n", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"-", b"(", b")", b"+", b"=",
    b"9" * 30, b"0.00001", b"1e9", b"NaN", b"\xe2\x80\xae", b"\xc2\xa0", b"\xe2\x80\xaf", b"Total", b"Saldo", b"Kontostand", b"31.02.2026",
    b"99/99/9999", b"9999-12-31", b"0000-00-00", b"EUR", b"XXX", b"=cmd|' /C calc'!A0", b"\n\n\n", b";" * 50, b'"\n' * 20, b"\x1b[31m",
]  # fmt: skip


def mangled(content: bytes, chance: random.Random) -> bytes:
    """The content with some of its bytes gone, doubled, moved or replaced by what exports stumble over."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 12)):
        at, length = chance.randint(0, len(data)), chance.randint(0, 40)
        match chance.randint(0, 5):
            case 0:
                del data[at : at + length]
            case 1:
                data[at:at] = chance.choice(_PIECES)
            case 2:
                data[at : at + length] = chance.choice(_PIECES)
            case 3:
                data[at:at] = data[at : at + length]
            case 4:
                data[at : at + 1] = bytes([chance.randint(0, 255)])
            case 5:
                lines = bytes(data).split(b"\n")
                chance.shuffle(lines)
                data = bytearray(b"\n".join(lines[: chance.randint(1, len(lines))]))
    return bytes(data)


def spreadsheet(content: bytes) -> bytes:
    """A sample as a workbook, numbers and text as they come."""
    book = openpyxl.Workbook()
    for line in decode(content, None)[0].split("\n"):
        cells = line.split(";" if line.count(";") > line.count(",") else ",")
        book.active.append([_cell(cell) for cell in cells])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(text: str) -> str | float:
    text = "".join(character for character in text.strip('"') if character.isprintable())
    try:
        return float(text)
    except ValueError:
        return text[:200]


def mangled_workbook(content: bytes, chance: random.Random) -> bytes:
    """Its XML mangled within a sound package, or the package itself."""
    if chance.random() < 0.2:
        return mangled(content, chance)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            is_hit = chance.random() < (0.8 if "sheet1" in name or "sharedStrings" in name else 0.15)
            new.writestr(name, _mangled_xml(part, chance) if is_hit else part)
    return out.getvalue()


def _mangled_xml(part: bytes, chance: random.Random) -> bytes:
    pieces = [b't="s"', b't="d"', b't="n"', b's="999"', b'r="A1"', b'r="XFD9"', b"<v>1e400</v>", b"<v>-1</v>", b"<f>1</f>", b"<row/>",
              b'hidden="1"', b"<v>46203.99999</v>", b"<v>1e308</v>", b"<is><t>x</t></is>", b"&#x0;", b"<!--", b"<![CDATA["]  # fmt: skip
    for _ in range(chance.randint(1, 5)):
        places = [at for at in range(len(part)) if part[at : at + 1] in b"<> "]
        at = chance.choice(places or [0])
        part = part[:at] + chance.choice(pieces) + part[at + chance.randint(0, 12) :]
    return part


_BOOKS = {name: spreadsheet((SAMPLES / f"{name}.csv").read_bytes()) for name in NAMES[::6]}


def csv_input(chance: random.Random) -> bytes:
    return mangled((SAMPLES / f"{chance.choice(NAMES)}.csv").read_bytes(), chance)


def workbook_input(chance: random.Random) -> bytes:
    return mangled_workbook(_BOOKS[chance.choice(list(_BOOKS))], chance)


@pytest.mark.parametrize("make", [csv_input, workbook_input])
def test_any_input_ends_as_loaded_or_refused_with_nothing_lost(
    tmp_path, make: Callable[[random.Random], bytes]
):
    instance = source(constants={"currency": "EUR"})
    first = int(os.environ.get("TIEOUT_FUZZ_SEED", "0"))
    seed, end = first, time.monotonic() + SECONDS
    while seed == first or time.monotonic() < end:
        check(tmp_path, make(random.Random(seed)), instance, seed)
        seed += 1
    print(f"{make.__name__}: {seed - first} inputs")


def check(folder: Path, content: bytes, instance, seed: int) -> None:
    path = folder / "input"
    path.write_bytes(content)
    begun = time.monotonic()
    try:
        tables = load(folder, instance)
    except Exception as error:
        raise AssertionError(f"seed {seed}: the reader raised {error}") from error
    assert time.monotonic() - begun < SLOWEST, f"seed {seed}: too slow"
    assert len(tables["files"]) == 1, f"seed {seed}"
    if tables["files"][0]["status"] == "loaded":
        assert residuals_of_file(tables) == {}, f"seed {seed}"
    else:
        assert [row["reason_code"] for row in tables["rejects"]] == ["unreadable_file"], f"seed {seed}"
    declared = sum(row["declared_count"] for row in tables["control_totals"])
    assert declared == tables["files"][0]["record_count"], f"seed {seed}"
