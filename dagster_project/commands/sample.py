"""`tieout sample`: the sample company, written into a landing folder."""

import time
from pathlib import Path

from dagster_project.commands.errors import CommandError
from pipelines.settings import REPOSITORY, settings


def has_landed(landing: Path) -> bool:
    return landing.is_dir() and any(path.is_file() for path in landing.rglob("*"))


def create_sample(
    *, orders: int, days: int, seed: int, faults: str, out: Path | None, is_quiet: bool = False
) -> None:
    """Write landing files and, beside them, the truth that only tests read."""
    place = settings()
    landing = out or place.landing
    is_own = place.seeds == place.home / "seeds"
    if out is None and is_own:
        raise CommandError(
            f"{place.home} is a company of your own; the sample company would be reconciled with it.\n"
            "Unset TIEOUT_HOME, or write it elsewhere with --out."
        )
    if out is None and has_landed(landing):
        raise CommandError(
            f"{landing} already holds files; a second company among them would be reconciled with the first.\n"
            "Give another folder with --out, or start anew with `make clean`."
        )
    from pipelines.sample import write_sample

    seeds = REPOSITORY / "seeds" if is_own else place.seeds
    started = time.perf_counter()
    try:
        truth = write_sample(landing, orders=orders, days=days, seed=seed, faults=faults, seeds=seeds)
    except ValueError as error:
        raise CommandError(f"there is no such sample company: {error}") from error
    if not is_quiet:
        print(f"Sample company written in {time.perf_counter() - started:.1f} s: {landing}")
        print(f"What is true in it, which the platform never reads: {truth}")
