"""Query results as a table, CSV or JSON.

Belongs here: how values are written. Amounts are the exact text of their decimal, in a table with
thousands separators and to the right; an id is always shown whole, because people copy it.
"""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TextIO

import duckdb

from dagster_project.commands.errors import CommandError

FORMATS = ("table", "csv", "json")


def checked_format(value: str, allowed: Sequence[str] = FORMATS) -> str:
    if value not in allowed:
        raise CommandError(f"unknown format '{value}'. Choose one of: {', '.join(allowed)}")
    return value


def shown(value: Any) -> str:
    """A value for a person: 1234.5000 -> 1,234.50; more decimals only where they are not zero."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        text = f"{value:,f}"
        whole, _, fraction = text.partition(".")
        fraction = fraction.rstrip("0")
        return f"{whole}.{fraction:0<2}" if "." in text else whole
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list | dict):
        return json.dumps(value, default=plain, ensure_ascii=False)
    return str(value)


def plain(value: Any) -> Any:
    """A value for a machine: amounts as exact text, dates in ISO 8601."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    return str(value)


_SENTENCE_WIDTH = 100


def write_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", header_style="bold", pad_edge=False)
    for place, name in enumerate(columns):
        values = [row[place] for row in rows if row[place] is not None]
        numeric = bool(values) and all(
            isinstance(value, int | Decimal) and not isinstance(value, bool) for value in values
        )
        table.add_column(
            name,
            justify="right" if numeric else "left",
            no_wrap=numeric or name.endswith("_id") or name.endswith("_date") or name == "currency",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_escaped(shown(value)) for value in row))
    # Without a terminal the width must not depend on a guess: a cut id is useless in a pipe.
    width = None if sys.stdout.isatty() else _natural_width(columns, rows)
    Console(width=width, highlight=False).print(table)


def _natural_width(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Wide enough for every id; sentences wrap, or one long explanation makes every line as long."""
    widths = []
    for place, name in enumerate(columns):
        width = max([len(name), *(len(shown(row[place])) for row in rows)])
        widths.append(width if name.endswith("_id") else min(width, _SENTENCE_WIDTH))
    return sum(widths) + 3 * len(widths) + 2


def _escaped(text: str) -> str:
    """Bank texts may hold square brackets, which Rich would read as markup."""
    return text.replace("[", r"\[")


class _Lines:
    """Ends lines with a line feed. Python's writer quotes a carriage return only where lines end with one,
    and a bare one ends the line in most readers: the rest of the text would be a row of its own."""

    def __init__(self, target: TextIO) -> None:
        self._target = target

    def write(self, line: str) -> int:
        return self._target.write(line.removesuffix("\r\n") + "\n")


def csv_writer(target: TextIO) -> Any:
    """A writer of CSV with line feeds that quotes every text that needs it."""
    return csv.writer(_Lines(target), lineterminator="\r\n")


def write_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]], target: TextIO) -> None:
    writer = csv_writer(target)
    writer.writerow(columns)
    writer.writerows([csv_text(value) for value in row] for row in rows)


def csv_text(value: Any) -> str:
    """A value as one field of a CSV file; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, default=plain, ensure_ascii=False)
    return str(plain(value))


def write(
    cursor: duckdb.DuckDBPyConnection,
    format_: str,
    title: str | None = None,
    *,
    for_spreadsheets: bool = False,
) -> int:
    """Write a result to standard output; return the number of rows.

    for_spreadsheets: a list that people open as a CSV file; texts that begin like a formula are defused.
    """
    columns = [column[0] for column in cursor.description or []]
    rows = cursor.fetchall()
    if for_spreadsheets and format_ == "csv":
        from dagster_project.commands.export import defused

        rows = [tuple(map(defused, row)) for row in rows]
    if format_ == "table":
        write_table(columns, rows, title)
    elif format_ == "csv":
        write_csv(columns, rows, sys.stdout)
    else:
        records = [dict(zip(columns, map(plain, row), strict=True)) for row in rows]
        json.dump(records, sys.stdout, ensure_ascii=False, indent=2, default=plain)
        sys.stdout.write("\n")
    return len(rows)
