"""SIGKILL at a random moment of a night, several nights in a row, and then a night that may finish.

Belongs here: choosing the moments (seeded, spread over all phases), and judging what came of them. The
published file must be the old one or the new one after every kill, and the new one, to the row, after
the night that finished.
"""

import random
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults import nights
from tests.faults.company import Company, export

# How the steps that a run tells map to the phases of the job.
PHASES = ("start", "extract", "check", "transform", "publish")


@dataclass(frozen=True)
class Step:
    """One step of the undisturbed night: what it prints, its phase, its seconds."""

    text: str
    phase: str
    seconds: float


@dataclass(frozen=True)
class Kill:
    """phase, step: where the run was. seconds: into the step. published: `old`, `new` or what is wrong."""

    phase: str
    step: str
    seconds: float
    published: str


@dataclass(frozen=True)
class Chain:
    """Kills in a row on one home, and the night after them. outcome: `equal` or what is wrong.

    is_alone: the kills and what came after were of one step, not of whole nights.
    """

    kills: tuple[Kill, ...]
    outcome: str
    seconds: float
    is_alone: bool = False


def steps_of(log: str) -> list[Step]:
    """The steps of a finished night, from what it printed."""
    found = []
    for line in log.splitlines():
        if line.startswith("  ✓ "):
            phase, rest = line[4:14].strip(), line[14:]
            text, seconds = rest[:52].strip(), float(rest[52:60])
            found.append(Step(f"{phase} {text}", phase, seconds))
    return found


def state(home: Path, company: Company) -> str:
    """Which file readers have."""
    published = export(home / "published" / "tieout.duckdb")
    if published == company.before:
        return "old"
    return "new" if published == company.after else "neither the old file nor the new one"


def _tells(night: nights.Night) -> int:
    return len(night.steps())


def kill_once(home: Path, company: Company, steps: list[Step], chance: random.Random) -> Kill | None:
    """Start a night and kill it; None when it ended first."""
    phase = chance.choice(sorted({step.phase for step in steps}))
    place = chance.choice([place for place, step in enumerate(steps) if step.phase == phase])
    target = steps[place]
    wait = chance.random() * target.seconds
    night = nights.start(home)
    begun = night.started if place == 0 else None
    while night.poll() is None:
        done = _tells(night)
        if begun is None and done >= place:
            begun = time.monotonic()
        if begun is not None and (time.monotonic() - begun >= wait or done > place):
            break
        time.sleep(0.01)
    if night.poll() is not None:
        return None
    night.kill()
    now = min(_tells(night), len(steps) - 1)
    return Kill(
        steps[now].phase,
        steps[now].text,
        round(time.monotonic() - (begun or night.started), 2),
        state(home, company),
    )


def chain(home: Path, company: Company, steps: list[Step], chance: random.Random, length: int) -> Chain:
    """Kill `length` nights in a row on `home`, a copy of the evening, then let one finish."""
    started = time.monotonic()
    kills = [kill for _ in range(length) if (kill := kill_once(home, company, steps, chance)) is not None]
    night = nights.start(home)
    code = night.wait()
    if code != 0:
        outcome = f"the next night failed with {code}: {night.text()[-1500:]}"
    else:
        found = state(home, company)
        outcome = "equal" if found == "new" else found
    return Chain(tuple(kills), outcome, round(time.monotonic() - started, 1))
