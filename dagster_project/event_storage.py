"""Dagster's SQLite event log, with connections that stay open.

Dagster builds an engine, opens the file and syncs it anew for each of its events, two or three times
per asset or check. A run of Tieout logs some 3,000 events, which took longer than the work that they
tell about. Nothing else is changed: same files, same tables, read by Dagster's own UI and daemon.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster import EventLogEntry
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from pipelines.redaction import redact_json

# The index and the run that is under way; the UI looks at a few runs at a time.
_OPEN_FILES = 8
_BUSY_TIMEOUT_SECONDS = 60


def _set_up(connection: Any, _: Any) -> None:
    # In WAL mode a killed process loses nothing with this; a power cut may lose the last events of the
    # log, never an amount: those are in DuckDB files.
    connection.execute("pragma synchronous = normal")


class OpenSqliteEventLogStorage(SqliteEventLogStorage):
    """The same storage with one open connection per file, used under the storage's own lock."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._open_engines: OrderedDict[str, Engine] = OrderedDict()
        self._known_tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "OpenSqliteEventLogStorage":
        return cls(inst_data=inst_data, **config_value)

    def _engine(self, shard: str) -> Engine:
        engine = self._open_engines.get(shard)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": _BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _set_up)
            self._open_engines[shard] = engine
        self._open_engines.move_to_end(shard)
        while len(self._open_engines) > _OPEN_FILES:
            _, oldest = self._open_engines.popitem(last=False)
            oldest.dispose()
        return engine

    def has_table(self, table_name: str) -> bool:
        """Dagster asks this for every check result; a table that is there stays there."""
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def _event_to_row(self, event: EventLogEntry) -> dict[str, Any]:
        """What is kept of a run is shown to everybody who may open the UI: it holds no secret."""
        row = super()._event_to_row(event)
        row["event"] = redact_json(row["event"])
        return row

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def delete_events(self, run_id: str) -> None:
        """A deleted run's file must not stay open behind its name."""
        super().delete_events(run_id)
        engine = self._open_engines.pop(run_id, None)
        if engine is not None:
            engine.dispose()

    def dispose(self) -> None:
        super().dispose()
        while self._open_engines:
            self._open_engines.popitem()[1].dispose()
