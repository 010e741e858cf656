"""Freshness policies of Dagster, from `sources.yml` (sources) and `operations.yml` (marts)."""

from datetime import timedelta

import dagster as dg

from dagster_project.operations import Operations
from pipelines.config import SourceInstance


def source_policy(instance: SourceInstance) -> dg.FreshnessPolicy:
    return _window(instance.freshness.warn_after_hours, instance.freshness.error_after_hours)


def table_policy(table: str, operations: Operations) -> dg.FreshnessPolicy:
    """table: `schema.table`, or the key of another published thing, such as `reports.close`."""
    hours = operations.freshness.of(table)
    return _window(hours.warn_after_hours, hours.error_after_hours)


def _window(warn: float, error: float) -> dg.FreshnessPolicy:
    if warn >= error:
        return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=error))
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=error), warn_window=timedelta(hours=warn)
    )
