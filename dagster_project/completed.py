"""Which steps are done for which inputs, so that a night without news does no work and says so.

Belongs here: the marks of completed steps, in the warehouse beside what they stand for: whoever deletes
the tables deletes the marks. A step takes its mark away before it begins and writes it when everything of
it is there; one that was killed, failed or was asked for in part has none, and is done again.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.inputs import Inputs, content_of, inputs
from pipelines.settings import Settings

# The step that reads all raw rows; the steps after it rely on what it saw.
GATE_OF_THE_RAW_TABLES = "checks__after_load"

_MARKS = """
create table if not exists runs.completed_steps (
    step varchar primary key,
    fingerprint varchar not null,
    parts varchar not null,
    detail varchar not null,
    completed_at varchar not null
)
"""


@dataclass(frozen=True)
class Completion:
    """A step that was done. parts: its inputs by name; detail: what it reported; completed_at: UTC."""

    fingerprint: str
    parts: dict[str, str]
    detail: Any
    completed_at: str


def completion(connection: duckdb.DuckDBPyConnection, step: str) -> Completion | None:
    """The mark of a step, whatever its inputs were; None when it was never completed."""
    try:
        row = connection.execute(
            "select fingerprint, parts, detail, completed_at from runs.completed_steps where step = ?",
            [step],
        ).fetchone()
    except duckdb.CatalogException:
        return None
    return row and Completion(row[0], json.loads(row[1]), json.loads(row[2]), row[3])


def begin(warehouse: Path, step: str) -> None:
    """From here on the step's tables may be of other inputs than its mark says."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema if not exists runs")
        connection.execute(_MARKS)
        connection.execute("delete from runs.completed_steps where step = ?", [step])


def complete(warehouse: Path, step: str, done_for: Inputs, detail: Any) -> None:
    """Mark the step as done for these inputs; `detail` (JSON) is what a run without news reports again."""
    mark = [
        step,
        done_for.fingerprint,
        json.dumps(done_for.parts),
        json.dumps(detail),
        datetime.now(UTC).isoformat(timespec="seconds"),
    ]
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert or replace into runs.completed_steps values (?, ?, ?, ?, ?)", mark)


def standing(connection: duckdb.DuckDBPyConnection, step: str, now: Inputs) -> Completion | None:
    """The step's mark when it was completed for exactly these inputs: what it made still stands."""
    found = completion(connection, step)
    return found if found is not None and found.fingerprint == now.fingerprint else None


def proven_inputs(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of_date: date) -> Inputs:
    """The inputs now, with the content of the raw tables that the gate after load has proven in this run."""
    proven = completion(connection, GATE_OF_THE_RAW_TABLES)
    parts = proven.parts.items() if proven else ()
    content = {name: value for name, value in parts if name.startswith(content_of("raw_", "")[:-1])}
    return inputs(connection, settings, as_of_date, content)
