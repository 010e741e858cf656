"""Prints the benchmark as Markdown: quality against rivals, scaling, the worst case, and three explanations.

    python tests/benchmarks/matching/run.py [--families transfers,…] [--levels usual,hard] [--seed N]
        [--sizes 10000,30000,…] [--write]

`--write` also saves the page as results.md beside this file and the curve as .github/images/matching_scaling.png.
Every matcher sees the same files, made from a seed on which nothing was tuned. P, R and F1 count links, decided and
suggested together; `sure P` is the precision of what is decided without a person and `sure wrong` how many links of
that were wrong; `refused` the share of undecidable rows left to a person.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import examples
import hostile
import labelled
import rivals
import scaling
import terms
from matching.tables import match_tables
from score import score

FAMILIES = labelled.FAMILIES | hostile.FAMILIES | terms.FAMILIES
#: Added to each family's own seed: files that were never looked at while the engine was made.
HELD_OUT = 52_000
COMPANY = Path(__file__).parent / "company.md"
RESULTS = Path(__file__).with_name("results.md")


def engine(case) -> tuple[dict, object, float]:
    """(link -> status, the match, CPU seconds)."""
    start = time.process_time()
    matched = match_tables(case.left, case.right)
    seconds = time.process_time() - start
    status = dict(
        zip(
            matched.result.matches.column("match_id").to_pylist(),
            matched.result.matches.column("status").to_pylist(),
            strict=True,
        )
    )
    found = {
        (a["left_id"], a["right_id"]): status[a["match_id"]]
        for a in matched.result.allocations.to_pylist()
        if a["left_id"] is not None and a["right_id"] is not None
    }
    return found, matched, seconds


def quality(families: list[str], levels: list[str], seed: int, processes: int, say) -> None:
    """One line per file and matcher."""
    say(
        "| files | matcher | P | R | F1 | sure P | sure wrong | sure R | refused | recall per shape | CPU s |"
    )
    say("|---|---|--:|--:|--:|--:|--:|--:|--:|---|--:|")
    cases = [(family, level, seed) for family in families for level in levels]
    with ProcessPoolExecutor(processes) as pool:
        for lines in pool.map(_file, *zip(*cases, strict=True)):
            for line in lines:
                say(line)


def _file(family: str, level: str, seed: int) -> list[str]:
    """The lines of one labelled file: the engine and its rivals."""
    warnings.simplefilter("ignore")
    make = FAMILIES[family]
    case = make(level, seed=seed + make.__defaults__[-1])
    found, matched, seconds = engine(case)
    lines = [_line(case, "tieout", found, seconds)]
    left, right = rivals.rows(case.left, matched.left), rivals.rows(case.right, matched.right)
    for name in ("exact", "greedy", "splink"):
        start = time.process_time()
        try:
            results = getattr(rivals, name)(left, right)
        except Exception as problem:  # a rival that cannot train on a file is shown as such
            first_line = str(problem).splitlines()[0][:80] if str(problem) else ""
            lines.append(
                f"| {case.name} | {name} | failed: {type(problem).__name__}: {first_line} | | | | | | | | |"
            )
            continue
        seconds = time.process_time() - start
        best = max(results, key=lambda links: score(case, links).f1) if name == "splink" else results
        lines.append(_line(case, name, best, seconds))
    return lines


def _line(case, name: str, found: dict, seconds: float) -> str:
    s = score(case, found)
    shapes = ", ".join(f"{shape} {value:.3f}" for shape, value in s.by_shape.items())
    sure = ("", "", "", "")
    if name == "tieout":
        auto = [link for link, status in found.items() if status == "auto"]
        wrong = sum(link not in case.links for link in auto)
        sure = (
            f"{s.auto_precision:.4f}" if auto else "none",
            str(wrong),
            f"{s.auto_share:.3f}",
            f"{s.refused:.3f}",
        )
    figures = (
        (f"{s.precision:.4f}", f"{s.recall:.4f}", f"{s.f1:.4f}")
        if case.links
        else (f"{len(found)} wrong", "", "")
    )
    return f"| {case.name} | {name} | {' | '.join(figures)} | {' | '.join(sure)} | {shapes} | {seconds:.1f} |"


def machine() -> str:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, Python {platform.python_version()}; {load:.0f} processes wanted the cores when this was written"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--levels", default="usual,hard")
    parser.add_argument("--seed", type=int, default=HELD_OUT)
    parser.add_argument("--sizes", default=",".join(str(size) for size in scaling.SIZES))
    parser.add_argument("--measured", type=Path, help="JSON lines of scaling.py, instead of measuring again")
    parser.add_argument("--processes", type=int, default=2, help="files matched at once")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    page: list[str] = []

    def say(line: str) -> None:
        page.append(line)
        print(line, flush=True)

    say("# How well the matching engine matches, and how fast\n")
    say("Made by `python tests/benchmarks/matching/run.py --write` (extra `benchmark`); " + machine() + ".\n")
    say("## Against other matchers, on files that nothing was tuned on\n")
    say(
        "`exact`: equal amount and date. `greedy`: best pair first by amount, date and text. `splink`: Splink with an optimal one-to-one selection, its threshold chosen with the truth at hand. Files: labelled.py, hostile.py and terms.py.\n"
    )
    quality(given.families.split(","), given.levels.split(","), given.seed, given.processes, say)
    say("\n## How cost grows\n")
    if given.measured:
        runs = [json.loads(line) for line in given.measured.read_text().splitlines() if line.strip()]
    else:
        runs = [
            {"kind": kind, **scaling.in_own_process(kind, size)}
            for kind, size in [*(("measure", int(s)) for s in given.sizes.split(",") if s), ("equal", 10_000)]
        ]
    curve = [run for run in runs if run["kind"] == "measure"]
    for line in scaling.table_of(curve):
        say(line)
    say(
        "\nBank against ledger with default rules; 60% of the rows carry a document number, 30% an amount and a date, 10% are one-sided or differ. CPU seconds count all threads; wall time depends on what else the machine does.\n"
    )
    if curve:
        say("![Time and memory by number of rows](../../../.github/images/matching_scaling.png)\n")
    for run in runs:
        if run["kind"] == "equal":
            say("## The worst case\n")
            say(
                f"{run['rows']:,} equal amounts of one day on each side, no references: {run['cpu']:.1f} CPU seconds, {run['gib']:.2f} GiB, {run['auto']} links decided; {run['noted']:,} rows say why they stay open.\n"
            )
    if COMPANY.exists():
        say("## The sample company, by level of faults\n")
        say(
            "Made by `python tests/benchmarks/matching/company.py --write tests/benchmarks/matching/company.md`.\n"
        )
        say(COMPANY.read_text(encoding="utf-8"))
    say("## Three explanations, as an analyst reads them\n")
    for title, status, text in examples.explanations():
        say(f"**{title}** ({status})\n\n> {text}\n")
    if given.write:
        if curve:
            scaling.draw(curve, scaling.PICTURE)
        RESULTS.write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
