"""The alerts under the daemon: after every run of the job, and every five minutes between them.

All of them take the same look (`watch`), which tells nothing twice. Between runs it notices what no run
can: a source that has become late, a night that did not happen, a run whose process was killed.
"""

from typing import Any

import dagster as dg

from dagster_project.alerts.watch import watch
from dagster_project.certificate.failed_run import certify_failed_run
from dagster_project.run_lock import bury_dead_runs
from pipelines.settings import Settings

INTERVAL_SECONDS = 300


def alert_sensors(job: Any, settings: Settings) -> list[dg.SensorDefinition]:
    @dg.run_failure_sensor(
        name="alerts_after_a_failure",
        monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Certifies that a run failed and tells it, once until one succeeds. Who is told: operations.yml.",
    )
    def after_failure(context: dg.RunFailureSensorContext) -> None:
        certify_failed_run(settings, context.instance)
        watch(settings, context.instance)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="alerts_after_a_success",
        monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells what a good run found (match rates, rejects, new fields), and what is over.",
    )
    def after_success(context: dg.RunStatusSensorContext) -> None:
        watch(settings, context.instance)

    @dg.sensor(
        name="alerts_between_runs",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of late sources and nights that did not run; sends again what could not be sent.",
    )
    def between_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        buried = bury_dead_runs(context.instance)
        told = watch(settings, context.instance)
        dead = f"{len(buried)} runs of killed processes were closed. " if buried else ""
        return dg.SkipReason(f"{dead}{len(told)} alerts were new, worse or over.")

    return [after_failure, after_success, between_runs]
