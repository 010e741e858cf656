"""The nightly schedules: one per time zone in which an entity closes its day.

Belongs here: which day a night closes. When it runs is in operations.yml.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from dagster_project.names import JOB
from dagster_project.operations import Operations
from pipelines.company import seed_rows
from pipelines.settings import Settings


def time_zones(settings: Settings) -> dict[str, list[str]]:
    """Time zone to the entities in it, from the seed of legal entities."""
    found: dict[str, list[str]] = {}
    for row in seed_rows(settings.seeds / "master_legal_entities.csv"):
        found.setdefault(row["time_zone"], []).append(row["entity_id"])
    return dict(sorted(found.items()))


def closed_day(at: datetime, zone: str) -> date:
    """The day that a night at `at` closes: the last one that is over where the entity is."""
    return at.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)


def _schedule(zone: str, entities: list[str], cron: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="nightly_" + zone.replace("/", "_").lower(),
        job_name=JOB,
        cron_schedule=cron,
        execution_timezone=zone,
        description=f"{cron} in {zone}, for {', '.join(entities)}: closes the day before.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = closed_day(context.scheduled_execution_time, zone)
        return dg.RunRequest(
            partition_key=str(day), tags={"tieout/started_by": "schedule", "tieout/time_zone": zone}
        )

    return nightly


def nightly_schedules(settings: Settings, operations: Operations) -> list[dg.ScheduleDefinition]:
    return [
        _schedule(zone, entities, operations.nights.of(zone))
        for zone, entities in time_zones(settings).items()
    ]
