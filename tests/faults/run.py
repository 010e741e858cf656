"""The whole harness: `python -m tests.faults.run --kills 200 --seed 1 --minutes 60 --out results.md`.

Writes a table after every chain of kills, so that it may be stopped at any time; it says how many there
were. Exit code 1 when anything was not as it should be.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from tests.faults import nights, readers
from tests.faults.build import build
from tests.faults.kills import Chain, chain
from tests.faults.others import FAULTS, NEED_ROOT, Outcome
from tests.faults.phases import Loading, Publishing


def _table(chains: list[Chain], others: list[Outcome], reads: Counter, wrong: list[str], about: str) -> str:
    kills = [kill for one in chains for kill in one.kills]
    by_phase: dict[str, Counter] = defaultdict(Counter)
    for one in chains:
        for kill in one.kills:
            name = f"{kill.phase}, the step alone" if one.is_alone else f"{kill.phase}, a whole night"
            by_phase[name]["kills"] += 1
            by_phase[name][kill.published] += 1
    bad_chains = [one for one in chains if one.outcome != "equal"]
    lines = [
        "# Faults, injected for real",
        "",
        about,
        "",
        f"**{len(kills)} kills** with SIGKILL, in {len(chains)} rows, each ended by a night (or a step, where "
        f"the step ran alone) that was let finish: {len(chains) - len(bad_chains)} of {len(chains)} gave the "
        "undisturbed one's ordered rows, table by table.",
        "",
        "| killed in | moments | readers had the old file | readers had the new file | neither |",
        "|---|---|---|---|---|",
    ]
    for phase, found in sorted(by_phase.items()):
        neither = found["kills"] - found["old"] - found["new"]
        lines.append(f"| {phase} | {found['kills']} | {found['old']} | {found['new']} | {neither} |")
    lines += [
        "",
        f"Readers meanwhile: {reads['reads']:,} reads by {reads['readers']} processes, "
        f"{len(wrong)} failed or torn.",
        "",
        "| fault | readers then had | exit code | what was said | once the cause was gone |",
        "|---|---|---|---|---|",
    ]
    for one in others:
        said = one.said.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {one.fault} | {one.during} | {one.code} | {said} | {one.after} |")
    for one in bad_chains:
        lines += ["", "A row of nights that did not end equal:", "", "```", one.outcome[-1500:], "```"]
        lines += [f"- {kill.step} after {kill.seconds} s" for kill in one.kills]
    for text in wrong[:5]:
        lines += ["", f"A read that failed: {text}"]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--chain", type=int, default=5, help="kills in a row before a night may finish")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--loads", type=int, default=100, help="kills while loading alone")
    parser.add_argument("--publishes", type=int, default=100, help="kills while publishing alone")
    parser.add_argument("--others", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.md"))
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    limit = time.monotonic() + 60 * arguments.minutes
    chance = random.Random(arguments.seed)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="tieout_faults_"))
    nights.preload()
    company, steps = build(folder)
    about = (
        f"Seed {arguments.seed}, {os.cpu_count()} cores; one undisturbed night takes "
        f"{sum(step.seconds for step in steps):.0f} s, of which "
        + ", ".join(f"{step.text} {step.seconds:.1f}" for step in steps)
        + ". Moments are spread evenly over the phases, and within a phase over its steps and their time."
    )
    chains: list[Chain] = []
    others: list[Outcome] = []
    reads: Counter = Counter(readers=0)
    wrong: list[str] = []

    def write() -> None:
        arguments.out.write_text(_table(chains, others, reads, wrong, about), encoding="utf-8")

    def hear(reader: readers.Reader) -> None:
        seen = reader.stop()
        reads["reads"] += int(seen["reads"])
        reads["readers"] += 1
        wrong.extend(seen["wrong"])

    def alone(phase: Loading | Publishing, wanted: int, row: int) -> None:
        """Rows of kills inside one phase."""
        found = 0
        while found < wanted and time.monotonic() < limit:
            done = phase.row(chance, row)
            chains.append(Chain(done.kills, done.outcome, 0, is_alone=True))
            found += len(done.kills)
            print(chains[-1], flush=True)
            write()

    if arguments.publishes:
        publishing = Publishing(company, folder / "undisturbed", folder)
        reader = readers.start(publishing.published, folder / "reads.json")
        try:
            alone(publishing, arguments.publishes, 5)
        finally:
            hear(reader)
            write()
    if arguments.loads:
        alone(Loading(company, folder), arguments.loads, 5)
    home = folder / "night"
    while (
        sum(len(one.kills) for one in chains if not one.is_alone) < arguments.kills
        and time.monotonic() < limit
    ):
        # The reader outlives the copies: it opens the file by its name, as a notebook does.
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(company.evening, home)
        reader = readers.start(home / "published" / "tieout.duckdb", folder / "reads.json")
        try:
            chains.append(chain(home, company, steps, chance, arguments.chain))
        finally:
            hear(reader)
        print(chains[-1], flush=True)
        write()
    for fault in FAULTS if arguments.others else ():
        if time.monotonic() > limit:
            break
        if fault in NEED_ROOT and os.geteuid():
            print(f"{fault.__name__}: not run, it needs root", flush=True)
            continue
        target = folder / "fault"
        shutil.rmtree(target, ignore_errors=True)
        others.append(fault(target, company))
        print(others[-1], flush=True)
        write()
    if arguments.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    is_good = (
        all(one.outcome == "equal" for one in chains)
        and all(kill.published in ("old", "new") for one in chains for kill in one.kills)
        and all(one.is_good for one in others)
        and not wrong
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
