"""The days that can be closed: partitions of the job, one per business date.

The job has partitions and the tables have not: a table holds one state, that of the last as-of date, and
what stays of each day is its published version, its report and its certificate. A range of days is run
again from the job's partitions page; each day is a run of its own, and they wait for each other. Readers
have the day that ran last, so a range should end with the newest day (the next night publishes it anyway).
"""

from datetime import date
from typing import Any

import dagster as dg

from pipelines.company import seed_rows
from pipelines.settings import Settings

# One process: the steps share the imports, which take longer than most of them.
IN_PROCESS: dict[str, Any] = {"execution": {"config": {"in_process": {}}}}


def run_config(as_of_date: str, *, full_refresh: bool = False) -> dict[str, Any]:
    """as_of_date: YYYY-MM-DD, or empty for the latest that a source declared."""
    close: dict[str, Any] = {"as_of_date": as_of_date}
    if full_refresh:
        close["full_refresh"] = True
    return {**IN_PROCESS, "resources": {"close": {"config": close}}}


def first_day(settings: Settings) -> date:
    """The first day of the first period in periods.csv: nothing could be posted before it."""
    days = [row["start_date"] for row in seed_rows(settings.seeds / "periods.csv")]
    return min((date.fromisoformat(day) for day in days), default=date(date.today().year, 1, 1))


def closing_days(settings: Settings) -> dg.PartitionedConfig:
    """The run configuration of each day: its partition key is the as-of date.

    Today counts too (end_offset): east of UTC a day is over, and closed, while its UTC date still runs.
    """
    return dg.PartitionedConfig(
        partitions_def=dg.DailyPartitionsDefinition(
            start_date=str(first_day(settings)), timezone="UTC", end_offset=1
        ),
        run_config_for_partition_key_fn=run_config,
    )
