"""What a night takes away: versions, pages, logs and run history that are older than `operations.yml` says.

Belongs here: deciding what is old, and nothing that is money: certificates (JSON), the decisions and
configuration logs, landed files and raw tables are never deleted.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dagster_project.publish import versions
from dagster_project.upkeep import Retention
from pipelines.settings import Settings

# At most so many runs a night: deleting years of history at once would hold up the job.
_RUNS_A_NIGHT = 200


def retention(settings: Settings) -> Retention:
    """The section `retention` of the installation's operations.yml."""
    from dagster_project.operations import read_operations

    return read_operations(settings).retention


def _drop_old(paths: Iterable[Path], limit: datetime) -> int:
    old = [path for path in paths if path.is_file() and path.stat().st_mtime < limit.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _drop_runs(instance: Any, limit: datetime) -> int:
    """Finished runs older than the limit, with their events; never the newest one."""
    from dagster import DagsterRunStatus, RunsFilter

    finished = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    records = instance.get_run_records(
        filters=RunsFilter(statuses=finished, created_before=limit), limit=_RUNS_A_NIGHT, ascending=True
    )
    for record in records:
        instance.delete_run(record.dagster_run.run_id)
    return len(records)


def tidy_up(settings: Settings, instance: Any, *, now: datetime | None = None) -> dict[str, int]:
    """Drop what has had its time; returns how many of each. A failure here must not undo a good night,
    so that nothing is deleted that the next night could not delete."""
    kept = retention(settings)
    now = now or datetime.now(UTC)

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    logs = settings.home / "logs"
    return {
        "versions": len(
            versions.prune(settings.published, last=kept.versions, days=kept.version_days, now=now)
        ),
        "pages": _drop_old((settings.home / "certificates").glob("[0-9]*.html"), before(kept.page_days)),
        "logs": _drop_old([*logs.glob("runs/*.log"), *logs.glob("dbt/dbt.log.*")], before(kept.log_days)),
        "runs": _drop_runs(instance, before(kept.run_history_days)),
    }
