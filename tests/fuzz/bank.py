"""Fuzzing of the bank readers: no crash, no hang, no memory without bound, and nothing lost.

    python -m tests.fuzz.bank --seconds 600                 # every format, ten minutes each
    python -m tests.fuzz.bank --seconds 60 --format mt940 --seed 7

Each input is a statement with bytes flipped, stretches cut out, doubled, moved or exchanged with those of
another format, and words that matter put in. It is read as a delivered file is. An input that breaks a rule
is written to a file, and its name printed; the exit code is then 1. `test_bank.py` runs a second of each.
"""

import argparse
import random
import re
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.config import SourceInstance
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from tests.fuzz.bank_seeds import SEEDS, WORDS

SLOWEST = 5.0  # seconds of computing for one input of a few kilobytes
LARGEST = 1 << 20
MEMORY = 600 << 20  # growth of the process over a run
INSTANCE = SourceInstance(name="bank_fuzz", kind="bank", entity_id="DE01", path="*")


class Broken(AssertionError):
    """A rule that an input broke."""


@dataclass
class Tally:
    inputs: int = 0
    lines: int = 0
    rejects: int = 0
    refused: int = 0
    slowest: float = 0.0


def mutated(seed: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """The seed with one to eight changes; half of the XML stays well-formed, or hardly any would be read."""
    if seed.lstrip().startswith(b"<?xml") and rng.random() < 0.5:
        return _leaves_changed(seed, rng)
    content = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        size = len(content)
        at = rng.randrange(size + 1)
        length = rng.choice((1, 2, 5, 20, 80, 300))
        kind = rng.randrange(9)
        if kind == 0 and size:
            content[min(at, size - 1)] = rng.randrange(256)
        elif kind == 1:
            del content[at : at + length]
        elif kind == 2:
            content[at:at] = content[at : at + length] * rng.choice((1, 2, 30))
        elif kind == 3:
            content[at : at + rng.choice((0, length))] = rng.choice(WORDS)
        elif kind == 4:
            to = rng.randrange(size + 1)
            piece = bytes(content[at : at + length])
            del content[at : at + length]
            content[to:to] = piece
        elif kind == 5:
            other = rng.choice(others)
            start = rng.randrange(len(other))
            content[at:at] = other[start : start + length]
        elif kind == 6:
            content = content.replace(
                *rng.choice(((b"\r\n", b"\n"), (b"\n", b"\r"), (b",", b"."), (b".", b","), (b" ", b"")))
            )
        elif kind == 7:
            del content[at:]
        else:
            digits = [i for i, byte in enumerate(content) if 48 <= byte <= 57]
            if digits:
                content[rng.choice(digits)] = rng.choice(b"0123456789")
        if len(content) > LARGEST:
            del content[LARGEST:]
    if rng.random() < 0.05:
        return bytes(content).decode("latin-1").encode("utf-16")
    return bytes(content)


def _leaves_changed(seed: bytes, rng: random.Random) -> bytes:
    """Texts of leaves exchanged, and elements doubled or left out."""
    content = seed
    for _ in range(rng.choice((1, 2, 4))):
        leaves = list(re.finditer(rb"<([A-Za-z]+)[^<>]*>([^<>]*)</\1>", content))
        leaf, other = rng.choice(leaves), rng.choice(leaves)
        text = rng.choice(
            (other[2], b"", b"9" * 30, b"-1", b"0.00001", b"2026-13-45", b"\xe2\x80\xae", b"CRDT")
        )
        new = rng.choice(
            (leaf.group() * 2, b"", leaf.group().replace(b">" + leaf[2] + b"<", b">" + text + b"<"))
        )
        content = content[: leaf.start()] + new + content[leaf.end() :]
    return content


def tables_of(content: bytes, folder: Path) -> dict[str, list[dict[str, Any]]]:
    path = folder / "input"
    path.write_bytes(content)
    spec = kind_spec("bank")
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in spec.all_tables}
    for batch in spec.read(landing_file(folder, path, INSTANCE), INSTANCE):
        if not batch.rows.schema.equals(spec.all_tables[batch.table]):
            raise Broken(f"{batch.table} has another schema")
        tables[batch.table] += batch.rows.to_pylist()
    return tables


def check(tables: dict[str, list[dict[str, Any]]]) -> None:
    """declared = landed + rejected, in records and amounts; one row of files; ids that are unique."""
    cells: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for sign, rows, day in (
        (1, tables["control_totals"], "business_date"),
        (-1, tables["rejects"], "business_date"),
        (-1, tables["transactions"], "booking_date"),
    ):
        for row in rows:
            if row.get("stream", "bank_transactions") != "bank_transactions":
                continue
            cell = cells[row["currency"], row[day]]
            cell[0] += sign * row.get("declared_count", 1)
            cell[1] += sign * row.get("declared_amount", row.get("amount", Decimal(0)))
    lost = {key: cell for key, cell in cells.items() if cell != [0, Decimal(0)]}
    if lost:
        raise Broken(f"declared is not landed + rejected: {lost}")
    if len(tables["files"]) != 1:
        raise Broken(f"{len(tables['files'])} rows of files")
    if any(not reject["message"] for reject in tables["rejects"]):
        raise Broken("a reject without a reason")


def inputs(format_: str, rng: random.Random) -> Iterator[bytes]:
    own = SEEDS[format_]
    others = [seed for seeds in SEEDS.values() for seed in seeds]
    while True:
        yield mutated(rng.choice(own), rng, others)


def fuzz(format_: str, seconds: float, seed: int) -> Tally:
    """Feed mutated statements for that long. Raises Broken with the place of the input that broke a rule."""
    tally, rng = Tally(), random.Random(seed)
    end = time.monotonic() + seconds
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        tables_of(SEEDS[format_][0], folder)  # what is imported late
        for content in inputs(format_, rng):
            started = time.process_time()
            try:
                tables = tables_of(content, folder)
                check(tables)
                took = time.process_time() - started
                if took > SLOWEST:
                    raise Broken(f"{took:.1f} s for {len(content)} bytes")
                if (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 > MEMORY:
                    raise Broken("memory grows")
            except Exception as error:
                kept = Path(tempfile.gettempdir()) / f"tieout_fuzz_{format_}_{seed}_{tally.inputs}"
                kept.write_bytes(content)
                raise Broken(f"{format_}: {type(error).__name__}: {error}; input in {kept}") from error
            tally.inputs += 1
            tally.lines += len(tables["transactions"])
            tally.rejects += len(tables["rejects"])
            tally.refused += tables["files"][0]["status"] == "rejected"
            tally.slowest = max(tally.slowest, took)
            if time.monotonic() > end:
                return tally
    return tally


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--format", choices=sorted(SEEDS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    broken = 0
    for format_ in [options.format] if options.format else sorted(SEEDS):
        try:
            tally = fuzz(format_, options.seconds, options.seed)
        except Broken as error:
            broken += 1
            print(f"{format_:8} BROKEN {error}", flush=True)
            continue
        print(
            f"{format_:8} {tally.inputs:>8,} inputs {tally.lines:>9,} lines {tally.rejects:>8,} rejects "
            f"{tally.refused:>7,} files refused, slowest {tally.slowest:.2f} s",
            flush=True,
        )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
