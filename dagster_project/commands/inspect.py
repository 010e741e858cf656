"""`tieout inspect`: what a file holds and what is wrong with it, without loading it."""

import json
import sys
from pathlib import Path
from typing import Any

from dagster_project.commands.tables import write_table
from pipelines.inspection import Inspection, inspect

CANNOT_OPEN = 2
_SHOWN = 20

_COLUMNS = {
    "bank_statements": (
        "statement_id", "account_number", "currency", "from_date", "to_date", "opening_balance_amount",
        "movement_amount", "closing_balance_amount", "balance_residual_amount", "line_count",
    ),
    "bank_transactions": (
        "line_number", "booking_date", "value_date", "amount", "currency", "counterparty_name", "remittance_text",
    ),
}  # fmt: skip


def inspect_file(path: Path, *, as_json: bool) -> int:
    """Print what the file holds; the exit code is 2 when it cannot be opened."""
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "missing" if not path.exists() else "no regular file"
            raise OSError(f"it is {what}")
        found = inspect(path)
    except OSError as error:
        print(f"tieout: cannot open {path}: {error.strerror or error}", file=sys.stderr)
        return CANNOT_OPEN
    if as_json:
        json.dump(found.as_json(), sys.stdout, ensure_ascii=True, indent=2)
        sys.stdout.write("\n")
    else:
        _show(path, found)
    return 0


def _show(path: Path, found: Inspection) -> None:
    print(f"{path.name}: {found.format}")
    print(f"Recognised by: {found.recognised_by}\n")
    for table, rows in found.records.items():
        if rows:
            _table(table, rows)
    if found.control_totals:
        columns = list(found.control_totals[0])
        _table("control totals (what the file lists)", found.control_totals, columns)
    if found.problems:
        columns = ["severity", "code", "position", "message"]
        _table("problems", [problem._asdict() for problem in found.problems], columns)
    else:
        print("No problems found.")


def _table(title: str, rows: list[dict[str, Any]], columns: list[str] | None = None) -> None:
    names = [name for name in columns or _COLUMNS.get(title) or _filled(rows) if name in rows[0]]
    more = f", the first {_SHOWN}" if len(rows) > _SHOWN else ""
    cells = [[_printable(row[name]) for name in names] for row in rows[:_SHOWN]]
    write_table(names, cells, f"{title}: {len(rows):,}{more}")


def _filled(rows: list[dict[str, Any]]) -> list[str]:
    """Columns that say something, the first ten: a terminal is not a spreadsheet."""
    technical = ("extra_json", "metadata_json", "record_hash", "source_position")
    used = [name for name in rows[0] if any(row[name] is not None for row in rows[:_SHOWN])]
    return [name for name in used if name not in technical][:10]


def _printable(value: Any) -> Any:
    """Without characters that would move the cursor or turn the direction of a terminal's text."""
    if not isinstance(value, str):
        return value
    return "".join(c if c.isprintable() else "\ufffd" for c in value[:300])
