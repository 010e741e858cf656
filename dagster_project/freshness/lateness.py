"""What is late at this moment, for a person who asks: from the warehouse, or while a run holds it, from the
last look that was noted."""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from dagster_project.alerts.book import open_book
from dagster_project.freshness.arrivals import Arrival, Lateness, late_sources, read_arrivals
from dagster_project.freshness.source_status import SourceFailure, read_failures
from dagster_project.operations import read_operations
from dagster_project.warehouse import reading
from pipelines.config import read_configuration
from pipelines.settings import Settings


@dataclass(frozen=True)
class State:
    """is_known: whether anything is known of the sources. sources: how many have ever delivered.
    allowed_hours: for how long a run may be the last that succeeded."""

    is_known: bool
    sources: int
    late: tuple[Lateness, ...]
    failed: tuple[SourceFailure, ...]
    last_success_at: datetime | None
    allowed_hours: float


def late_now(settings: Settings, now: datetime) -> State:
    configuration = read_configuration(settings.sources_file)
    with open_book(settings) as book:
        kept, success = book.kept("arrivals"), book.kept("last_success_at")
    failed: list[SourceFailure] = []
    try:
        with reading(settings.warehouse) as connection:
            arrivals = read_arrivals(connection)
            failed = read_failures(connection)
    except (duckdb.Error, OSError):
        arrivals = [Arrival.from_json(values) for values in kept or []]
    return State(
        is_known=bool(arrivals),
        sources=len(arrivals),
        late=tuple(late_sources(arrivals, configuration, now)),
        failed=tuple(failed),
        last_success_at=datetime.fromisoformat(success) if success else None,
        allowed_hours=read_operations(settings).freshness.marts.warn_after_hours,
    )
