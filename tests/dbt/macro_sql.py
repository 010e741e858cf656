"""Rendering one macro to SQL without dbt, so that a property test can run it thousands of times."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

MACROS = Path(__file__).resolve().parents[2] / "dbt" / "macros"


class _Adapter:
    """`adapter.dispatch` as on DuckDB: the default implementation."""

    def __init__(self, macros: dict[str, Any]) -> None:
        self._macros = macros

    def dispatch(self, name: str, package: str) -> Any:
        return self._macros.get(f"duckdb__{name}") or self._macros[f"default__{name}"]


@cache
def macros(*files: str) -> dict[str, Any]:
    """The macros of these files (without `.sql`), by name, as functions that return SQL."""
    environment = Environment()
    found: dict[str, Any] = {}
    environment.globals.update(adapter=_Adapter(found), ref=lambda name: name, **{"return": lambda sql: sql})
    for file in files:
        template = environment.from_string((MACROS / f"{file}.sql").read_text(encoding="utf-8"))
        module = template.module
        found.update({name: getattr(module, name) for name in dir(module) if not name.startswith("_")})
        environment.globals.update(found)
    return found
