"""Random damage to e-invoices and payment files, for as long as it is told to.

    python tests/fuzz/fuzz_documents.py [ubl|cii|pdf|pain|nacha|all] --seconds 600 --seed 1

Every input must end as landed or rejected with declared = landed + rejected; nothing may raise, hang (10 s) or
grow without bound (1 GB). What breaks that is written to --out and the exit code is 1. The published rules are
run on every 200th e-invoice only: they are another program's, in a process of its own.
"""

# ruff: noqa: E402 -- the tests' own writers of files are no package
import argparse
import logging
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from types import FrameType

sys.path[:0] = [str(Path(__file__).parents[1] / "pipelines"), str(Path(__file__).parents[2])]

import pyarrow as pa
from einvoice_files import Line, Model, Part, cii, ubl
from payment_file_texts import Nacha, pain001, pain002
from reading import assert_conserved
from reading import instance as instance_of
from test_einvoice_hostile import pdf

from pipelines.config import Kind
from pipelines.einvoice.checking import Checker, Finding, NotChecked
from pipelines.einvoice.pdf import UnreadablePdf, embedded_invoice
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.loading import read_files
from pipelines.provenance import Batch, LandingFile

einvoice = import_module("pipelines.einvoice.read")

SLOWEST_SECONDS = 10
MOST_MEMORY = 1 << 30

_RICH = Model(
    lines=(
        Line("1", "A", Decimal(3), Decimal("9.99")),
        Line("2", "B", Decimal(1), Decimal("7.77"), Decimal(7)),
    ),
    parts=(Part(Decimal("5.00")), Part(Decimal("7.90"), True)),
    prepaid=Decimal(10),
    rounding=Decimal("0.02"),
    preceding="R-0",
    terms="#SKONTO#TAGE=14#PROZENT=2.25#",
)
# Profiles whose rules are Python of ours.
_PROMISED = [
    replace(_RICH, profile=f"urn:cen.eu:en16931:2017#compliant#urn:{rest}")
    for rest in (
        "fdc:peppol.eu:2017:poacc:billing:3.0",
        "fdc:peppol.eu:2017:poacc:selfbilling:3.0",
        "xeinkauf.de:kosit:xrechnung_3.0",
        "xeinkauf.de:kosit:xrechnung_3.0#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0",
        "xeinkauf.de:kosit:xrechnung_3.0#compliant#urn:xeinkauf.de:kosit:xrechnung:cvd_0.9",
    )
]
SEEDS: dict[str, tuple[Kind, list[bytes]]] = {
    "ubl": ("einvoice", [ubl(model).encode() for model in (_RICH, Model(type_code="381"), *_PROMISED)]),
    "cii": ("einvoice", [cii(model).encode() for model in (_RICH, Model(type_code="381"), *_PROMISED)]),
    "pdf": ("einvoice", [pdf({"factur-x.xml": cii(Model()).encode()}), pdf({"a.xml": ubl(Model()).encode()}, associated_only=True)]),
    "pain": ("payment_files", [pain001().encode(), pain002({"E-1": ("RJCT", "AC04")}, group="PART").encode()]),
    "nacha": ("payment_files", [Nacha().text().encode(), Nacha(end="").text().encode()]),
}  # fmt: skip
_WORDS = [
    b"<", b">", b"&", b"&#x41;", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<!DOCTYPE x>", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf",
    b"-", b"1e9", b"NaN", b"INF", b"99999999999999999999", b"0.00001", b"-0.01", b"2026-02-30", b"0000-00-00", b"", b" ",
    b"\r\n", b"\xe2\x80\xae", b"=1+1", b"%PDF-", b"/Kids", b"endobj", b"EUR", b"XXX", b"\xc3\x28",
]  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """One to eight random injuries: bytes, stretches, elements, numbers, words."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        length = min(len(data) - at, chance.choice((1, 1, 4, 40, 400)))
        kind = chance.randrange(8)
        if kind == 0 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))
        elif kind == 3:
            data[at:at] = chance.choice(_WORDS)
        elif kind == 4:
            numbers = list(re.finditer(rb">[^<>]*\d[^<>]*<|\d{6,}", bytes(data)))
            if numbers:
                found = chance.choice(numbers)
                value = chance.choice((*_WORDS, b"1.005", b"123456789.1234", b"20260631"))
                data[found.start() + 1 : found.end() - 1] = value
        elif kind == 5:
            elements = list(re.finditer(rb"<([\w:]+)[^<>]*>[^<>]*</\1>", bytes(data)))
            if elements:
                found = chance.choice(elements)
                data[found.start() : found.end()] = found.group() * chance.choice((0, 0, 2, 3))
        elif kind == 6:
            del data[at:]
        elif kind == 7 and len(data) > 2:
            other = chance.randrange(len(data))
            stretch = bytes(data[other : other + length])
            data[at : at + length] = stretch
        if not data:
            break
    return bytes(data[: 4 << 20])


class _NoRules(Checker):
    """The reader without the other program: PDFs in this process, no published rules."""

    def findings(self, ruleset: str, xml: bytes) -> list[Finding]:
        return []

    def invoice_of(self, pdf: Path) -> tuple[str, bytes]:
        try:
            return embedded_invoice(pdf)
        except UnreadablePdf as error:
            raise NotChecked(str(error)) from error


def run(kind: Kind, folder: Path, content: bytes, checker: Checker) -> dict[str, list[dict]]:
    path = folder / "input"
    path.write_bytes(content)
    spec, instance = kind_spec(kind), instance_of(kind)
    file: LandingFile = landing_file(folder, path, instance)
    tables: dict[str, list[dict]] = {name: [] for name in spec.all_tables}
    if kind != "einvoice":
        for batch in read_files(spec, [file], instance):
            tables[batch.table] += batch.rows.to_pylist()
        return tables
    for batch in einvoice._batches([einvoice._read_one(file, checker)], instance):
        rows: pa.Table = Batch(batch.table, batch.rows).rows
        tables[batch.table] += rows.to_pylist()
    return tables


def fuzz(name: str, seconds: float, seed: int, out: Path) -> Counter[str]:
    kind, seeds = SEEDS[name]
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)

    def too_slow(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {SLOWEST_SECONDS} s")

    signal.signal(signal.SIGALRM, too_slow)
    end = time.monotonic() + seconds
    plain = _NoRules()
    with tempfile.TemporaryDirectory() as temporary, Checker() as checker:
        while time.monotonic() < end:
            content = damaged(chance.choice(seeds), chance)
            with_rules = kind == "einvoice" and counts["executions"] % 200 == 0
            counts["executions"] += 1
            signal.alarm(0 if with_rules else SLOWEST_SECONDS)
            try:
                tables = run(kind, Path(temporary), content, checker if with_rules else plain)
                assert_conserved(kind, tables)
                landed = any(
                    tables[table]
                    for table in ("documents", "instructions", "statuses", "messages")
                    if table in tables
                )
                counts["rejected" if tables["rejects"] else "landed" if landed else "nothing"] += 1
                used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
                assert used < MOST_MEMORY, f"{used >> 20} MB"
            except Exception as error:
                counts["findings"] += 1
                out.mkdir(parents=True, exist_ok=True)
                (out / f"{name}_{seed}_{counts['executions']}").write_bytes(content)
                print(
                    f"{name} {counts['executions']}: {type(error).__name__}: {str(error)[:300]}", flush=True
                )
            finally:
                signal.alarm(0)
    counts["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return counts


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("target", choices=[*SEEDS, "all"])
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "tieout_fuzz")
    given = arguments.parse_args()
    failed = 0
    for name in SEEDS if given.target == "all" else [given.target]:
        counts = fuzz(name, given.seconds, given.seed, given.out)
        print(name, dict(counts), flush=True)
        failed += counts["findings"]
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
