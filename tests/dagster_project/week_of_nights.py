"""Seven nights that the daemon runs by its own schedule, on files that grow by a day each night; and pictures.

`python -m tests.dagster_project.week_of_nights --home DIR [--pictures .github/images]`. Takes about a
minute a night on an idle machine. Nothing here launches a run: the clock is moved to just before five in
the morning in Berlin, a day's files are delivered, and the daemon does the rest.
"""

import argparse
import re
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from dagster_project.instance import write_instance
from dagster_project.names import JOB
from dagster_project.operations import BUNDLED
from pipelines.sample import write_sample
from pipelines.settings import REPOSITORY, Settings
from tests.dagster_project.browser import take
from tests.dagster_project.daemon import instance, running, set_clock, wait_for

FIRST = date(2026, 6, 24)
NIGHTS = 7
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
_PORT = 3055

# Page, size, and what has to be clicked on it.
PICTURES: dict[str, tuple[str, int, int, tuple[str, ...]]] = {
    "nightly_runs": ("/runs", 1500, 1000, ()),
    "schedule_ticks": ("/locations/tieout/schedules/nightly_europe_berlin", 1500, 900, ()),
    "asset_plots": ("/assets/published/tieout?view=overview", 1500, 2000, ("Plots",)),
}


def deliver(files: Path, landing: Path, day: date) -> int:
    """Copy what is dated up to `day` and has not been delivered; returns the number of files."""
    count = 0
    for path in files.rglob("*"):
        dated = _DATED.search(path.name)
        target = landing / path.relative_to(files)
        if not path.is_file() or target.exists() or (dated and date.fromisoformat(dated.group()) > day):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        count += 1
    return count


def five_in_berlin(night: int) -> datetime:
    """The morning after the day that the night closes; Berlin is two hours ahead of UTC in June."""
    day = FIRST + timedelta(days=night + 1)
    return datetime(day.year, day.month, day.day, 3, 0, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--nights", type=int, default=NIGHTS)
    parser.add_argument("--pictures", type=Path, default=None)
    arguments = parser.parse_args()
    home = arguments.home.resolve()
    files = home.with_name(f"{home.name}_files") / "landing"
    home.mkdir(parents=True)
    write_sample(
        files, orders=arguments.orders, days=60, seed=7, faults="default", seeds=REPOSITORY / "seeds"
    )
    # One zone is enough for a picture; the others' mornings are moved to January.
    (home / "operations.yml").write_text(
        BUNDLED.read_text().replace(
            "  time_zones: {}", "  time_zones: { Europe/London: '0 5 1 1 *', America/New_York: '0 5 1 1 *' }"
        )
    )
    write_instance(Settings(home, REPOSITORY / "pipelines" / "sources.yml", REPOSITORY / "seeds"))
    clock = set_clock(home.with_name(f"{home.name}.clock"), five_in_berlin(0) - timedelta(minutes=30))

    def ended(known: set[str]) -> list:
        with instance(home) as history:
            return [
                run
                for run in history.get_runs()
                if run.job_name == JOB and run.run_id not in known and run.is_finished
            ]

    def has_looked() -> bool:
        with instance(home) as history:
            return bool(history.all_instigator_state())

    with running(home, _PORT, clock, with_ui=True) as log:
        wait_for(has_looked, 900, log, "the daemon has looked at schedules and sensors")
        known: set[str] = set()
        for night in range(arguments.nights):
            day = FIRST + timedelta(days=night)
            new = deliver(files, home / "landing", day)
            started = time.monotonic()
            set_clock(clock, five_in_berlin(night) - timedelta(seconds=10))
            [run] = wait_for(lambda: ended(known), 3600, log, f"the night of {day}")
            known.add(run.run_id)
            print(
                f"{day}: {new} new files, {run.status.value}, started by {run.tags['dagster/schedule_name']}, "
                f"{time.monotonic() - started:.0f} s",
                flush=True,
            )
        # So that the sensors have told what there is to tell, and the picture of the last run is whole.
        time.sleep(30)
        if arguments.pictures:
            arguments.pictures.mkdir(parents=True, exist_ok=True)
            for name, (page, width, height, clicks) in PICTURES.items():
                address = f"http://127.0.0.1:{_PORT + 1}{page}"
                shift = int(clock.read_text())
                take(arguments.pictures / f"{name}.png", address, width, height, clicks, clock_seconds=shift)


if __name__ == "__main__":
    main()
