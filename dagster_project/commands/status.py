"""`tieout status`: the published close, since when, and what in it is late or stale."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster_project.commands.close_table import print_close
from dagster_project.commands.published import published, published_file
from dagster_project.freshness.arrivals import duration
from dagster_project.freshness.lateness import late_now
from pipelines.settings import settings


def show_status() -> int:
    """Print the close. Exit code 0 whenever there is one to show."""
    path = published_file()
    with published() as connection:
        print_close(connection)
    since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    print(f"\nUnchanged since {since:%Y-%m-%d %H:%M} UTC: {path}")
    _print_lateness(path)
    return 0


def _print_lateness(path: Path) -> None:
    now = datetime.now(UTC)
    state = late_now(settings(), now)
    if state.last_success_at is not None:
        silent = now - state.last_success_at
        mark = "LATE: " if silent > timedelta(hours=state.allowed_hours) else ""
        print(f"{mark}The last run that succeeded ended {duration(silent)} ago.")
    for failed in state.failed:
        print(
            f"FAILED: {failed.source_name} ({failed.entity_id}) stands as of {failed.stale_since}: {failed.message}"
        )
    for late in state.late:
        arrival = late.arrival
        word = "STALE" if late.is_stale else "LATE"
        touched = ", ".join(late.reconciliations) or "everything"
        print(
            f"{word}: {arrival.source_name} ({arrival.entity_id}) has delivered nothing for "
            f"{duration(late.silent_for)} (allowed: {duration(late.allowed)}), since "
            f"{arrival.arrived_at:%Y-%m-%d %H:%M} UTC; its newest day is {arrival.newest_date}. "
            f"Incomplete: {touched}"
        )
    if state.is_known and not state.late and not state.failed:
        print(f"All {state.sources} sources have delivered in time.")
