"""What a person may choose for one run, and the lock that the run holds."""

import contextlib
from collections.abc import Generator

import dagster as dg

from dagster_project.run_lock import STARTED_BY, one_run, this_process
from pipelines.settings import settings


class CloseConfig(dg.ConfigurableResource):
    """as_of_date: the day to close on (YYYY-MM-DD); empty for the latest that a source declared.
    full_refresh: do everything again, also what was done for the same inputs and still stands.

    As a resource it lives as long as the run (with one process per step: as long as the step), and holds
    the installation for that time.
    """

    as_of_date: str = ""
    full_refresh: bool = False

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator["CloseConfig", None, None]:
        def say(who: str) -> None:
            if context.log:
                context.log.info(f"Another run is under way ({who}); waiting for it to end.")

        with one_run(settings(), say):
            if context.run is not None and context.instance is not None:
                # Whoever finds this run unfinished can tell whether anybody still works on it.
                with contextlib.suppress(dg.DagsterInvariantViolationError):
                    context.instance.add_run_tags(context.run.run_id, {STARTED_BY: this_process()})
            yield self
