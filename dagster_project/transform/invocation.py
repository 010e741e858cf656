"""Running dbt inside the process, and what came of each node while it runs.

Belongs here: the arguments of dbt and the stream of its results. In the process, because the command
line of dbt would be a second process at the DuckDB file, and would import and parse everything again.
"""

import json
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dagster_project.transform.manifest import DbtError, parsed_manifest
from pipelines.settings import Settings


@dataclass(frozen=True)
class NodeResult:
    """One model, seed or test. status: success, pass, warn, fail, error or skipped."""

    unique_id: str
    status: str
    seconds: float
    failures: int | None
    message: str

    @property
    def is_broken(self) -> bool:
        return self.status in ("fail", "error", "runtime error")


def build_arguments(
    selection: Sequence[str], as_of_date: date, *, built_by: str = "", full_refresh: bool = False
) -> list[str]:
    """Arguments of `dbt build`; unit tests belong to the test suite, not to the night.

    built_by: hash of the program that builds; without it, and with full_refresh, no table is kept up to date
    by its keys, each is made anew."""
    return [
        "build",
        *(["--full-refresh"] if full_refresh else []),
        *selection,
        "--exclude-resource-type",
        "unit_test",
        "--vars",
        json.dumps({"as_of_date": str(as_of_date), "built_by": built_by}),
        "--quiet",
        "--no-use-colors",
        "--log-level",
        "none",
        "--log-level-file",
        "info",
        "--no-write-json",
    ]


def close_connections() -> None:
    """Let go of the DuckDB file: dbt keeps it open, and nobody else could read it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _node_result(event: Any) -> NodeResult | None:
    if event.info.name != "NodeFinished":
        return None
    result = event.data.run_result
    return NodeResult(
        unique_id=event.data.node_info.unique_id,
        status=result.status,
        seconds=result.execution_time,
        failures=result.num_failures,
        message=result.message,
    )


def run_dbt(settings: Settings, arguments: Sequence[str]) -> Iterator[NodeResult]:
    """Invoke dbt, yielding each node as it finishes. Raises DbtError when dbt itself fails."""
    from dbt.cli.main import dbtRunner

    parsed = parsed_manifest(settings)
    finished: queue.Queue[NodeResult | None] = queue.Queue()
    outcome: list[Any] = []

    def listen(event: Any) -> None:
        node = _node_result(event)
        if node is not None:
            finished.put(node)

    def work() -> None:
        try:
            outcome.append(dbtRunner(manifest=parsed, callbacks=[listen]).invoke(list(arguments)))
        except BaseException as error:
            outcome.append(error)
        finally:
            finished.put(None)

    worker = threading.Thread(target=work, name="dbt", daemon=True)
    worker.start()
    try:
        while (node := finished.get()) is not None:
            yield node
    finally:
        worker.join()
        close_connections()
    [result] = outcome
    if isinstance(result, BaseException):
        raise DbtError(f"dbt stopped: {result}") from result
    if result.exception is not None:
        raise DbtError(f"dbt stopped: {result.exception}") from result.exception
