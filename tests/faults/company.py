"""The small company that the faults happen to, in the evening before the night that is disturbed.

Belongs here: its files, the published file of the evening before, the export that an undisturbed night
gives, and telling exports apart.
"""

import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

# The night loads what is dated after this day; the evening before knows the rest.
EVENING = date(2026, 6, 28)
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Company:
    """evening: a home as it was before the night, with the new files landed. before, after: the ordered
    export of its published file before and after an undisturbed night, as one hash per table."""

    evening: Path
    before: dict[str, str]
    after: dict[str, str]


def is_new(path: Path) -> bool:
    found = _DATED.search(path.name)
    return found is not None and date.fromisoformat(found.group()) > EVENING


def new_files(landing: Path) -> list[Path]:
    return sorted(path for path in landing.rglob("*") if path.is_file() and is_new(path))


def export(published: Path) -> dict[str, str]:
    """Hash of the ordered CSV of each table; empty when nothing was published."""
    if not published.is_file():
        return {}
    found: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="tieout_export_") as folder,
        duckdb.connect(str(published), read_only=True) as connection,
    ):
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_catalog = current_database() order by all"
        ).fetchall()
        target = Path(folder) / "table.csv"
        for schema, table in tables:
            connection.execute(
                f'copy (select * from "{schema}"."{table}" order by all) to \'{target}\' (header)'
            )
            found[f"{schema}.{table}"] = hashlib.sha256(target.read_bytes()).hexdigest()
    return found


def copy(evening: Path, home: Path) -> Path:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(evening, home, symlinks=True)
    return home
