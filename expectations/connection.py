"""The connection of Great Expectations to DuckDB.

Great Expectations closes a connection before it fetches, and DuckDB then drops the result, so that
every expectation ends with "list index out of range". The dialect here reads each result into memory
while the connection is open; results of expectations are counts and a few sample rows.
"""

from pathlib import Path
from typing import Any

from duckdb_engine import Dialect
from sqlalchemy.dialects import registry
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

from pipelines.limits import apply_limits

_NAME = "duckdb.buffered"


class _BufferedExecutionContext(Dialect.execution_ctx_cls):
    def post_exec(self) -> None:
        super().post_exec()
        if self.cursor.description is not None:
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                self.cursor,
                initial_buffer=self.cursor.fetchall(),
                alternate_description=self.cursor.description,
            )


class BufferedDialect(Dialect):
    """duckdb-engine's dialect, with results that outlive their connection."""

    execution_ctx_cls = _BufferedExecutionContext
    supports_statement_cache = False

    def connect(self, *arguments: Any, **named: Any) -> Any:
        """A check may meet as much data as a model, so the same limits hold for it."""
        connection = super().connect(*arguments, **named)
        apply_limits(connection)
        return connection


def warehouse_url(path: Path) -> str:
    """SQLAlchemy URL that reads the DuckDB file at `path` and cannot write to it."""
    registry.register(_NAME, __name__, BufferedDialect.__name__)
    return f"duckdb+buffered:///{path}?access_mode=read_only"
