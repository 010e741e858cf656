"""Running dbt from tests: one process per call, results as dbt wrote them.

dbt keeps its connection to the warehouse open for the life of the process, so a test that looks into
the file must run it in another one.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = REPOSITORY / "dbt"


@dataclass(frozen=True)
class DbtRun:
    """Exit code, output, and status and failures of each node by its name."""

    code: int
    output: str
    statuses: dict[str, str]
    failures: dict[str, int]

    @property
    def not_passed(self) -> dict[str, str]:
        return {name: status for name, status in self.statuses.items() if status not in ("success", "pass")}


def run_dbt(
    *arguments: str, home: Path, warehouse: Path, project: Path = PROJECT, seeds: Path = REPOSITORY / "seeds"
) -> DbtRun:
    """Run dbt with its own folder for artefacts below `home`."""
    target = home / "target"
    environment = {
        **os.environ,
        "TIEOUT_WAREHOUSE": str(warehouse),
        "TIEOUT_SEEDS": str(seeds),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(home / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    finished = subprocess.run(
        [
            sys.executable,
            "-c",
            "from dbt.cli.main import cli; cli()",
            *arguments,
            "--project-dir",
            str(project),
        ],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    results = target / "run_results.json"
    nodes = json.loads(results.read_text(encoding="utf-8"))["results"] if results.is_file() else []
    named = {node["unique_id"].split(".", 2)[2]: node for node in nodes}
    return DbtRun(
        finished.returncode,
        finished.stdout + finished.stderr,
        {name: node["status"] for name, node in named.items()},
        {name: node["failures"] or 0 for name, node in named.items()},
    )
