"""`tieout ui`: Dagster's UI and daemon."""

import os
import subprocess
import sys
from pathlib import Path

from dagster_project.commands.errors import CommandError
from dagster_project.instance import prepare_environment
from pipelines.settings import REPOSITORY, settings


def serve(port: int) -> int:
    """Run `dagster dev` until it is stopped; returns its exit code."""
    prepare_environment(settings())
    dagster = Path(sys.executable).with_name("dagster")
    if not dagster.is_file():
        raise CommandError(f"{dagster} does not exist; install the project first: make install")
    print(f"Dagster on http://127.0.0.1:{port} (Ctrl-C to stop)")
    command = [str(dagster), "dev", "-w", "workspace.yaml", "-p", str(port), "-h", "127.0.0.1"]
    try:
        return subprocess.run(
            [*command, "--log-level", "warning"],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            check=False,
        ).returncode
    except KeyboardInterrupt:
        return 0
