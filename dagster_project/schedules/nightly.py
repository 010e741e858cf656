"""The nightly schedules: one per time zone in which an entity closes its day.

Belongs here: when. At five in the morning local time the banks and payment providers have delivered
the previous day, and the people who read the result are not at work yet.
"""

import dagster as dg

from dagster_project.names import JOB
from pipelines.company import seed_rows
from pipelines.settings import Settings

CRON = "0 5 * * *"


def time_zones(settings: Settings) -> dict[str, list[str]]:
    """Time zone to the entities in it, from the seed of legal entities."""
    found: dict[str, list[str]] = {}
    for row in seed_rows(settings.seeds / "master_legal_entities.csv"):
        found.setdefault(row["time_zone"], []).append(row["entity_id"])
    return dict(sorted(found.items()))


def nightly_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    return [
        dg.ScheduleDefinition(
            name="nightly_" + zone.replace("/", "_").lower(),
            job_name=JOB,
            cron_schedule=CRON,
            execution_timezone=zone,
            description=f"05:00 in {zone}, for {', '.join(entities)}.",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            tags={"tieout/started_by": "schedule"},
        )
        for zone, entities in time_zones(settings).items()
    ]
