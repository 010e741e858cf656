"""The sensor on the landing folder: a run when new files have arrived and are complete.

Off until someone switches it on in the UI: many installations want the night only.
"""

import hashlib
import time

import dagster as dg

from dagster_project.names import JOB
from dagster_project.schedules.days import run_config
from pipelines.config import DECISIONS, Configuration
from pipelines.landing import claimed_files
from pipelines.settings import Settings

# A file younger than this may still be written by its sender.
QUIET_SECONDS = 60


def landing_state(configuration: Configuration, settings: Settings, now: float) -> tuple[str | None, int]:
    """Identity of what has landed (None while a file is still young), and the number of files."""
    digest = hashlib.sha256()
    files = claimed_files(settings.landing, (*configuration.sources, DECISIONS))
    for path in files:
        state = path.stat()
        if now - state.st_mtime < QUIET_SECONDS:
            return None, len(files)
        digest.update(f"{path}:{state.st_size}:{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32], len(files)


def landing_sensor(configuration: Configuration, settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="new_landing_files",
        job_name=JOB,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Starts the job when files have arrived in the landing folder and are a minute old.",
    )
    def new_landing_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        state, count = landing_state(configuration, settings, time.time())
        if count == 0:
            return dg.SkipReason(f"Nothing has landed in {settings.landing}.")
        if state is None:
            return dg.SkipReason("A file is less than a minute old; its sender may still be writing it.")
        if state == context.cursor:
            return dg.SkipReason(f"The {count} landed files are those of the last run.")
        context.update_cursor(state)
        return dg.RunRequest(
            run_key=state, run_config=run_config(""), tags={"tieout/started_by": "landing sensor"}
        )

    return new_landing_files
