"""Making the small company once: its files, the evening before, and the undisturbed night."""

import shutil
from pathlib import Path

from pipelines.settings import REPOSITORY
from tests.faults import nights
from tests.faults.company import Company, copy, export, is_new, new_files
from tests.faults.kills import Step, steps_of

ORDERS, DAYS, SEED = 600, 45, 11


def build(folder: Path) -> tuple[Company, list[Step]]:
    """Two nights: what was there before, and what the undisturbed night made of the new files.

    A folder that holds them already is used again.
    """
    files, evening, undisturbed = (folder / name for name in ("files", "evening", "undisturbed"))
    log = folder / "undisturbed.txt"
    if not log.is_file():
        _make(files, evening)
        before = export(evening / "published" / "tieout.duckdb")
        assert before, "the evening has published nothing"
        log.write_text(_finish(copy(evening, undisturbed)))
    before = export(evening / "published" / "tieout.duckdb")
    after = export(undisturbed / "published" / "tieout.duckdb")
    assert before and after and before != after, "the night changes nothing, so it proves nothing"
    return Company(evening, before, after), steps_of(log.read_text())


def _make(files: Path, evening: Path) -> None:
    """The company's files, what was known in the evening, and what has landed since."""
    from pipelines.sample import write_sample

    write_sample(files, orders=ORDERS, days=DAYS, seed=SEED, faults="default", seeds=REPOSITORY / "seeds")
    shutil.copytree(
        files,
        evening / "landing",
        ignore=lambda at, names: [name for name in names if is_new(Path(at) / name)],
    )
    _finish(evening)
    for path in new_files(files):
        target = evening / "landing" / path.relative_to(files)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def _finish(home: Path) -> str:
    night = nights.start(home)
    code = night.wait()
    assert code == 0, night.text()
    return night.text()
