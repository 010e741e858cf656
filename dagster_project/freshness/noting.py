"""Writing `checks.source_status` in a run: after the load, when it is known who delivered and who failed."""

from collections.abc import Callable
from datetime import date

import duckdb

from dagster_project.freshness.source_status import record_source_status
from pipelines.config import Configuration
from pipelines.settings import Settings


def noting_sources(configuration: Configuration, settings: Settings) -> Callable[[date], None]:
    """A function that notes the status of every source as of a date."""

    def note(as_of_date: date) -> None:
        from dagster_project.extraction.isolation import failures

        connection = duckdb.connect(str(settings.warehouse))
        try:
            record_source_status(connection, configuration, as_of_date, failures(settings))
        finally:
            connection.close()

    return note
