"""The certificate of a night that failed, so that the chain has no night without a link.

Belongs here: finding out that the last run failed and why, and certifying it once, whoever notices it
first: the command that ran it, the daemon, or the next run, when the process was killed. Before anything
was ever published there is nothing to certify, and the history in Dagster is all that there is.
"""

import logging
from typing import Any

from dagster_project.certificate import store
from dagster_project.certificate.issue import issue_failed
from dagster_project.publish.versions import version_id
from pipelines.config import read_configuration
from pipelines.settings import Settings

_LONGEST_MESSAGE = 2_000
# More than can fail between two looks.
_LATEST = 50


def certify_failed_run(settings: Settings, instance: Any) -> store.Entry | None:
    """Leave the certificate of the last run if it failed and has none. It never raises: what went wrong
    must be told, whatever else goes wrong."""
    try:
        return _certify(settings, instance)
    except Exception:
        logging.getLogger(__name__).exception("no certificate of the failed run")
        return None


def _certify(settings: Settings, instance: Any) -> store.Entry | None:
    from dagster_project.alerts.observe import last_runs

    run, _ = last_runs(instance)
    if run is None or run.is_success or not settings.published.is_file():
        return None
    latest = store.entries(store.folder(settings))[-_LATEST:]
    if run.run_id in {store.load(entry.path)["run"].get("dagster_run_id") for entry in latest}:
        return None
    started_by = instance.get_run_by_id(run.run_id).tags.get("tieout/started_by", "unknown")
    failures = [
        {"step": step, "message": message[:_LONGEST_MESSAGE]} for step, message in run.failures.items()
    ]
    return issue_failed(
        settings,
        read_configuration(settings.sources_file),
        version=version_id(settings.published),
        run={"dagster_run_id": run.run_id, "started_by": started_by, "failures": failures},
    )
