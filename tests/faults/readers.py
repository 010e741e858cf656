"""Readers who query the published file while everything happens to it: no query may fail or see half a run."""

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass
class Reader:
    """A process that reads until it is stopped. told: where it writes what it saw."""

    pid: int
    told: Path

    def stop(self) -> dict[str, int | list[str]]:
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        return json.loads(self.told.read_text())


def look(published: Path) -> str | None:
    """Read once as an analyst does; what is wrong with what was read, or None.

    Two tables must be of one run, and each table must hold the rows that the file says it holds. The
    connection stays open between the queries, as in a notebook, while the file is replaced beneath it.
    """
    with duckdb.connect(str(published), read_only=True) as connection:
        runs = connection.execute("select distinct run_id from checks.expectation_results").fetchall()
        if len(runs) != 1:
            return f"rows of {len(runs)} runs in one file"
        told = connection.execute(
            "select schema_name, table_name, row_count, content_hash from checks.published_tables "
            "where schema_name in ('reconciliation', 'ledger') order by all"
        ).fetchall()
        for schema, table, rows, content in told:
            found = connection.execute(
                f"select count(*), coalesce(sum(hash(content)::hugeint), 0)::varchar "
                f'from "{schema}"."{table}" as content'
            ).fetchone()
            if found != (rows, content):
                return f"{schema}.{table} is not what the file says of it"
    return None


def start(published: Path, told: Path) -> Reader:
    told.write_text(json.dumps({"reads": 0, "wrong": []}))
    pid = os.fork()
    if pid:
        return Reader(pid, told)
    reads, wrong, is_over = 0, [], False

    def stop(*_: object) -> None:
        nonlocal is_over
        is_over = True

    signal.signal(signal.SIGTERM, stop)
    while not is_over:
        try:
            problem = look(published)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        reads += 1
        if problem:
            wrong.append(problem[:300])
        time.sleep(0.3)
    told.write_text(json.dumps({"reads": reads, "wrong": wrong[:20]}))
    os._exit(0)
