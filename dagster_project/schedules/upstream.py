"""The sensor on what the marts are made of, besides files: rules that were changed, tables loaded by hand.

Off until someone switches it on in the UI, as the one on the landing folder. Belongs here: noticing that
the published figures would be others if the job ran now. A sensor and not a condition on each of some
hundred tables: the job runs whole or not at all, because a gate proves one state of all of them.
"""

import hashlib
import time

import dagster as dg

from dagster_project.names import JOB
from dagster_project.run_identity import project_files
from dagster_project.schedules.days import run_config
from dagster_project.schedules.landing import QUIET_SECONDS
from pipelines.settings import Settings


def rules_state(settings: Settings, now: float) -> str | None:
    """Identity of seeds, models and sources.yml by content; None while one is still being edited."""
    digest = hashlib.sha256()
    for path in [*project_files(settings), settings.sources_file]:
        if not path.is_file():
            continue
        if now - path.stat().st_mtime < QUIET_SECONDS:
            return None
        digest.update(f"{path}:".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _loaded_by_hand(instance: dg.DagsterInstance, raw_tables: list[dg.AssetKey]) -> str:
    """The last run that loaded raw tables and was not the job, which goes on from there by itself."""
    latest = ""
    newest = 0.0
    for key in raw_tables:
        event = instance.get_latest_materialization_event(key)
        if event is None or event.timestamp <= newest:
            continue
        run = instance.get_run_by_id(event.run_id)
        newest = event.timestamp
        latest = event.run_id if run is not None and run.job_name != JOB else ""
    return latest


def upstream_sensor(settings: Settings, raw_tables: list[dg.AssetKey]) -> dg.SensorDefinition:
    # One table per kind is enough: a step makes all tables of its kind.
    watched = [key for key in raw_tables if key.path[-1] == "files"]

    @dg.sensor(
        name="upstream_updates",
        job_name=JOB,
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            "Starts the job when a seed, a model or sources.yml was changed, or raw tables were loaded by hand."
        ),
    )
    def upstream_updates(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        rules = rules_state(settings, time.time())
        if rules is None:
            return dg.SkipReason("A seed or model was changed less than a minute ago; it may not be all.")
        state = f"{rules}:{_loaded_by_hand(context.instance, watched)}"
        if context.cursor is None:
            context.update_cursor(state)
            return dg.SkipReason("First look: what is there now is what the next change is measured against.")
        if state == context.cursor:
            return dg.SkipReason("No rule has changed and no raw table was loaded by hand.")
        context.update_cursor(state)
        return dg.RunRequest(
            run_key=state, run_config=run_config(""), tags={"tieout/started_by": "upstream update"}
        )

    return upstream_updates
