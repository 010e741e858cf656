"""The sensor that keeps the column lineage up to date: between the nights, when the models have changed."""

import dagster as dg
import duckdb

from dagster_project.transform import lineage
from dagster_project.transform.manifest import manifest
from pipelines.settings import Settings


def lineage_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="column_lineage",
        minimum_interval_seconds=900,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Follows every column through the models when they have changed; starts nothing.",
    )
    def column_lineage(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        project = manifest(settings)
        if lineage.kept(project, settings):
            return dg.SkipReason("The models are those whose columns were followed last.")
        if not settings.warehouse.is_file():
            return dg.SkipReason("Nothing has been built yet.")
        try:
            tables = lineage.compute(project, settings)
        except duckdb.IOException:
            return dg.SkipReason("A run holds the warehouse; later.")
        return dg.SkipReason(f"Followed the columns of {tables} tables; the next run shows them.")

    return column_lineage
