"""Every other fault, each on a fresh copy of the evening: what it was, what came of it, what was said.

Belongs here: making the fault and judging the outcome. After the fault either the published file is the
undisturbed night's, or the old one stands and the message says why; and once the cause is gone, a night
gives the undisturbed night's file.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.settings import REPOSITORY
from tests.faults import nights
from tests.faults.company import Company, copy, export, new_files
from tests.faults.kills import state


@dataclass(frozen=True)
class Outcome:
    """during: `old`, `new` or what is wrong, after the night with the fault. said: the line that says why.
    after: the same when the cause was gone and another night had run."""

    fault: str
    during: str
    code: int
    said: str
    after: str

    @property
    def is_good(self) -> bool:
        """Equal to the undisturbed night, or the old file stands, with a message, and the next night is."""
        held = self.during == "new" or (self.during == "old" and self.code != 0 and bool(self.said))
        return held and self.after == "new"


def _said(text: str) -> str:
    """The message of a night that failed: its first lines after `tieout:`."""
    place = text.find("tieout: ")
    if place < 0:
        return ""
    return " ".join(text[place:].split())[:240]


def _judge(
    fault: str, home: Path, company: Company, night: nights.Night, cure: Callable[[], None]
) -> Outcome:
    code = night.wait()
    during, said = state(home, company), _said(night.text()) if code else ""
    cure()
    again = nights.start(home)
    if again.wait() != 0:
        return Outcome(fault, during, code, said, f"the next night failed: {_said(again.text())}")
    return Outcome(fault, during, code, said, state(home, company))


def _nothing() -> None:
    pass


def disk_full(home: Path, company: Company) -> Outcome:
    """The folder of the installation is a file system with a few MB left."""
    size = sum(path.stat().st_size for path in company.evening.rglob("*") if path.is_file())
    home.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + (6 << 20)}", "tmpfs", str(home)], check=True)
    try:
        shutil.copytree(company.evening, home, dirs_exist_ok=True)
        night = nights.start(home)

        def more_room() -> None:
            subprocess.run(["mount", "-o", f"remount,size={size * 4 + (1 << 30)}", str(home)], check=True)

        return _judge("disk full", home, company, night, more_room)
    finally:
        subprocess.run(["umount", "-l", str(home)], check=False)


def half_a_file(home: Path, company: Company) -> Outcome:
    """A statement arrives cut in half, and whole the next day under the same name."""
    copy(company.evening, home)
    [victim, *_] = [path for path in new_files(home / "landing") if path.suffix == ".xml"]
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 2])
    night = nights.start(home)
    code = night.wait()
    told = export(home / "published" / "tieout.duckdb")
    during = (
        "published, with the file as a reject"
        if code == 0 and told != company.after
        else state(home, company)
    )
    victim.write_bytes(whole)
    again = nights.start(home)
    again.wait()
    after = export(home / "published" / "tieout.duckdb")
    rest = {table for table in company.after if after.get(table) != company.after[table]}
    # The delivery that broke off is history: its reject, and its whole entries, which are declared and superseded.
    # Every other amount and status is as if it had not been.
    allowed = {
        "checks.expectation_results",
        "checks.published_tables",
        "checks.source_status",
        "reconciliation.control_totals",
    }
    return Outcome(
        "a file cut in half",
        "new" if during.startswith("published") else during,
        code,
        during,
        "new" if rest <= allowed else f"differs in {sorted(rest - allowed)}",
    )


def no_permission(home: Path, company: Company) -> Outcome:
    """The folder of the published file may not be written (as another user than root, whom modes do not stop)."""
    copy(company.evening, home)
    subprocess.run(["chown", "-R", "65534:65534", str(home)], check=True)
    folder = home / "published"
    folder.chmod(0o555)
    done = subprocess.run(
        [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            sys.executable,
            "-m",
            "dagster_project.cli",
            "run",
        ],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "TIEOUT_HOME": str(home),
            "HOME": str(home),
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=1800,
    )
    during = state(home, company)
    folder.chmod(0o755)
    subprocess.run(["chown", "-R", f"{os.getuid()}:{os.getgid()}", str(home)], check=True)
    again = nights.start(home)
    code = again.wait()
    return Outcome(
        "no permission to write published/",
        during,
        done.returncode,
        _said(done.stderr),
        state(home, company) if code == 0 else f"the next night failed: {_said(again.text())}",
    )


def seed_changed(home: Path, company: Company) -> Outcome:
    """Somebody saves a seed while the models are being built."""
    copy(company.evening, home)
    seeds = home / "edited_seeds"
    shutil.copytree(REPOSITORY / "seeds", seeds)
    seed = seeds / "tolerances.csv"
    content = seed.read_text()
    night = nights.start(home, TIEOUT_SEEDS=str(seeds))
    while night.poll() is None and not any("landed + rejected" in step for step in night.steps()):
        time.sleep(0.05)
    time.sleep(2)
    seed.write_text(content + "\n")
    code = night.wait()
    during, said = state(home, company), _said(night.text())
    seed.write_text(content)
    again = nights.start(home, TIEOUT_SEEDS=str(seeds))
    after = state(home, company) if again.wait() == 0 else f"the next night failed: {_said(again.text())}"
    return Outcome("a seed changed between phases", during, code, said, after)


def two_at_once(home: Path, company: Company) -> Outcome:
    """Two runs started at the same moment: one waits for the other and says so."""
    copy(company.evening, home)
    first = nights.start(home)
    second = nights.start(home, log=home.with_name("second.night.txt"))
    codes = (first.wait(), second.wait())
    waited = "waiting for it to end" in second.text()
    return Outcome(
        "two runs at once",
        state(home, company),
        max(codes),
        "the second said that it waits" if waited else "the second said nothing",
        state(home, company) if waited else "the second did not say that it waits",
    )


def clock_moved(home: Path, company: Company) -> Outcome:
    """The machine's time zone is changed to the other side of the date line."""
    copy(company.evening, home)
    night = nights.start(home, TZ="Pacific/Kiritimati")
    return _judge("clock in another zone (TZ)", home, company, night, _nothing)


def clock_back(home: Path, company: Company) -> Outcome:
    """The clock stands a year back."""
    copy(company.evening, home)
    from tests.dagster_project.daemon import CLOCK, set_clock

    clock = set_clock(home.with_name("clock"), datetime.now(UTC) - timedelta(days=366))

    done = subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", "run"],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "TIEOUT_HOME": str(home),
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": os.pathsep.join([str(CLOCK), str(REPOSITORY), str(REPOSITORY / "dbt")]),
            "TIEOUT_TEST_CLOCK": str(clock),
        },
        capture_output=True,
        text=True,
        timeout=1800,
    )
    during = state(home, company)
    again = nights.start(home)
    code = again.wait()
    return Outcome(
        "clock a year back",
        during,
        done.returncode,
        _said(done.stderr),
        state(home, company) if code == 0 else f"the next night failed: {_said(again.text())}",
    )


def dlt_state_corrupt(home: Path, company: Company) -> Outcome:
    """A night is killed while loading, and what dlt left behind is overwritten with rubbish."""
    copy(company.evening, home)
    night = nights.start(home)
    while night.poll() is None and not any("load the definitions" in step for step in night.steps()):
        time.sleep(0.02)
    time.sleep(0.8)
    night.kill()
    for path in (home / "dlt").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\x00rubbish" * 10)
    return _judge("dlt's working folder is rubbish", home, company, nights.start(home), _nothing)


def dagster_state_corrupt(home: Path, company: Company) -> Outcome:
    """Dagster's run history is damaged; the cure is the one that the message names."""
    copy(company.evening, home)
    for path in (home / "dagster").rglob("*.db"):
        path.write_bytes(b"this is no database" * 300)
    night = nights.start(home)
    return _judge(
        "Dagster's history is rubbish", home, company, night, lambda: shutil.rmtree(home / "dagster")
    )


def notes_cut(home: Path, company: Company) -> Outcome:
    """The small notes beside the warehouse and the alerts' book are cut in half."""
    copy(company.evening, home)
    for path in [*(home / "warehouse").glob("*.json"), *(home / "alerts").glob("*.sqlite")]:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
    return _judge("notes and alert book cut in half", home, company, nights.start(home), _nothing)


def twice_and_out_of_order(home: Path, company: Company) -> Outcome:
    """The new files come in reverse order over two nights, the first ones twice under the same name."""
    copy(company.evening, home)
    files = new_files(home / "landing")
    held = home.with_name("held")
    shutil.rmtree(held, ignore_errors=True)
    late = files[: len(files) // 2]
    for path in late:
        target = held / path.relative_to(home)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    first = nights.start(home)
    code = first.wait()
    for path in late:
        shutil.move(held / path.relative_to(home), path)
    for path in files[len(files) // 2 :]:
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    again = nights.start(home)
    after = state(home, company) if again.wait() == 0 else f"the next night failed: {_said(again.text())}"
    return Outcome("delivered out of order and again", "new", code, "", after)


FAULTS: tuple[Callable[[Path, Company], Outcome], ...] = (
    half_a_file,
    seed_changed,
    two_at_once,
    clock_moved,
    clock_back,
    dlt_state_corrupt,
    dagster_state_corrupt,
    notes_cut,
    twice_and_out_of_order,
    no_permission,
    disk_full,
)

# Mounting a small disk, and becoming another user whom file modes stop.
NEED_ROOT = (no_permission, disk_full)
