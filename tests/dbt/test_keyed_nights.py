"""What a night builds by keys is what a full refresh builds (macros/keyed.sql), table by table.

One night with news in every stream runs with the tests; TIEOUT_KEYED_NIGHTS=20 draws more, with withdrawn files,
edited seeds, other as-of dates and runs that are killed (keyed_nights.py).
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from pipelines.settings import REPOSITORY
from tests.conftest import RUN_SECONDS, SampleRun

NIGHTS = os.environ.get("TIEOUT_KEYED_NIGHTS", "1")


def test_a_night_by_keys_is_a_full_refresh(sample_run: SampleRun, tmp_path: Path) -> None:
    home = shutil.copytree(sample_run.home, tmp_path / "home", symlinks=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.dbt.keyed_nights", str(home), NIGHTS, "1"],
        cwd=REPOSITORY,
        env=sample_run.installation.environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS * int(NIGHTS),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Not by making all of it anew.
    kept = re.findall(r"'by keys': ([0-9]+)[,}]", done.stdout)
    assert kept and int(kept[0]) >= 20, done.stdout
