"""Making the small company once: its files, the evening before, and the undisturbed night."""

import shutil
from pathlib import Path

from pipelines.settings import REPOSITORY
from tests.faults import nights
from tests.faults.company import Company, copy, export, is_new, new_files
from tests.faults.kills import Step, steps_of

ORDERS, DAYS, SEED = 600, 45, 11


def build(folder: Path) -> tuple[Company, list[Step]]:
    """Two nights: what was there before, and what the undisturbed night made of the new files."""
    from pipelines.sample import write_sample

    files = folder / "files"
    write_sample(files, orders=ORDERS, days=DAYS, seed=SEED, faults="default", seeds=REPOSITORY / "seeds")
    evening = folder / "evening"
    shutil.copytree(
        files, evening / "landing", ignore=lambda at, names: [n for n in names if is_new(Path(at) / n)]
    )
    _finish(evening)
    before = export(evening / "published" / "tieout.duckdb")
    for path in new_files(files):
        target = evening / "landing" / path.relative_to(files)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    undisturbed = copy(evening, folder / "undisturbed")
    log = _finish(undisturbed)
    after = export(undisturbed / "published" / "tieout.duckdb")
    assert before and after and before != after, "the night changes nothing, so it proves nothing"
    return Company(evening, before, after), steps_of(log)


def _finish(home: Path) -> str:
    night = nights.start(home)
    code = night.wait()
    assert code == 0, night.text()
    return night.text()
