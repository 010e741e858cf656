"""`tieout export`: published tables as files.

Belongs here: writing files that spreadsheets and other systems can take. Rows are ordered by all
columns, so that two exports of the same figures are the same bytes. A text that a spreadsheet would
run as a formula (a bank text may begin with =, +, - or @) gets an apostrophe in front.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.commands.errors import CommandError
from dagster_project.commands.published import published
from dagster_project.commands.tables import checked_format, csv_text, csv_writer, plain
from dagster_project.warehouse import existing_tables, quoted

DEFAULT_SCHEMAS = ("canonical", "ledger", "reconciliation")
# With the full-width forms, which some spreadsheets read like the others.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BLANKS = " \u00a0\u3000\ufeff\u200b"
_BATCH = 50_000
_EXCEL_ROWS = 1_048_575
_EXCEL_DIGITS = 15


def defused(value: Any) -> Any:
    """A text that begins like a formula, made harmless for spreadsheets; anything else as it is."""
    if isinstance(value, str) and value.lstrip(_BLANKS).startswith(_FORMULA_START):
        return "'" + value
    return value


def selected_tables(connection: duckdb.DuckDBPyConnection, wanted: Sequence[str]) -> list[tuple[str, str]]:
    """Tables named as `schema.table` or by their schema. Raises CommandError for an unknown name."""
    tables = existing_tables(connection, (*DEFAULT_SCHEMAS, "checks"))
    if not wanted:
        return [table for table in tables if table[0] in DEFAULT_SCHEMAS]
    chosen = []
    for name in wanted:
        found = [table for table in tables if name in (table[0], ".".join(table), table[1])]
        if not found:
            raise CommandError(f"there is no published table or schema '{name}'. See: tieout status")
        chosen += found
    return sorted(set(chosen))


@dataclass(frozen=True)
class Source:
    """A table and what is read of it: as it is, or with pseudonyms in place of personal data."""

    table: tuple[str, str]
    query: str
    parameters: Mapping[str, bytes] | None = None


def _rows(connection: duckdb.DuckDBPyConnection, source: Source) -> duckdb.DuckDBPyConnection:
    return connection.execute(source.query, source.parameters)


def _plain(table: tuple[str, str]) -> Source:
    return Source(table, f"select * from {quoted(*table)} order by all")


def _masked(connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]]) -> list[Source]:
    """The tables with pseudonyms, keyed with the secret of the environment. Raises CommandError."""
    from dagster_project.publish.personal_data import MaskingError, masked_columns, masked_select, pads

    try:
        keys = pads(os.environ.get("TIEOUT_MASKING_KEY", ""))
        sources = []
        for table in tables:
            types = column_types(connection, table)
            used = keys if masked_columns(table, types) else None
            sources.append(Source(table, masked_select(table, types), used))
    except MaskingError as error:
        raise CommandError(str(error)) from error
    return sources


def column_types(connection: duckdb.DuckDBPyConnection, table: tuple[str, str]) -> dict[str, str]:
    """Column to type of one published table, in their order."""
    return dict(
        connection.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_catalog = current_database() and table_schema = $schema and table_name = $table "
            "order by ordinal_position",
            {"schema": table[0], "table": table[1]},
        ).fetchall()
    )


def _write_csv(connection: duckdb.DuckDBPyConnection, source: Source, target: Path) -> int:
    cursor = _rows(connection, source)
    count = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv_writer(file)
        writer.writerow([defused(column[0]) for column in cursor.description])
        while rows := cursor.fetchmany(_BATCH):
            count += len(rows)
            writer.writerows([csv_text(defused(value)) for value in row] for row in rows)
    return count


def _write_parquet(connection: duckdb.DuckDBPyConnection, source: Source, target: Path) -> int:
    import pyarrow.parquet

    reader = _rows(connection, source).to_arrow_reader(_BATCH)
    count = 0
    with pyarrow.parquet.ParquetWriter(target, reader.schema) as writer:
        for batch in reader:
            count += batch.num_rows
            writer.write_batch(batch)
    return count


def _cell(value: Any) -> Any:
    """A spreadsheet counts in binary floats of 15 digits: an amount that needs more stays text."""
    if isinstance(value, Decimal):
        exact = len(value.normalize().as_tuple().digits) <= _EXCEL_DIGITS
        return float(value) if exact else str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, list | dict):
        return csv_text(value)
    return value if hasattr(value, "isoformat") else plain(defused(value))


def _write_xlsx(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], target: Path) -> int:
    import xlsxwriter

    count = 0
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "constant_memory": True,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True})
        money = book.add_format({"num_format": "#,##0.00##"})
        names: set[str] = set()
        for source in sources:
            table = source.table
            cursor = _rows(connection, source)
            # Excel allows 31 characters; a name that two schemas share gets its schema in front.
            name = table[1][:31] if table[1][:31] not in names else f"{table[0][:3]}_{table[1]}"[:31]
            names.add(name)
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for place, column in enumerate(cursor.description):
                sheet.write_string(0, place, defused(column[0]), bold)
            line = 0
            while rows := cursor.fetchmany(_BATCH):
                if line + len(rows) > _EXCEL_ROWS:
                    raise CommandError(
                        f"{'.'.join(table)} has more rows than a sheet can hold ({_EXCEL_ROWS:,}). "
                        "Export it as csv or parquet."
                    )
                for row in rows:
                    line += 1
                    for place, value in enumerate(row):
                        cell = _cell(value)
                        if isinstance(cell, str):
                            sheet.write_string(line, place, cell)
                        elif isinstance(value, Decimal):
                            sheet.write_number(line, place, cell, money)
                        elif cell is not None:
                            sheet.write(line, place, cell)
            count += line
    return count


def export_tables(
    out: Path,
    format_: str,
    wanted: Sequence[str],
    *,
    version: str | None = None,
    is_masked: bool = False,
) -> None:
    checked_format(format_, ("csv", "parquet", "xlsx"))
    with published(version) as connection:
        tables = selected_tables(connection, wanted)
        sources = _masked(connection, tables) if is_masked else [_plain(table) for table in tables]
        is_workbook = format_ == "xlsx" and out.suffix.lower() == ".xlsx" and not out.is_dir()
        (out.parent if is_workbook else out).mkdir(parents=True, exist_ok=True)
        if format_ == "xlsx":
            target = out if is_workbook else out / "tieout.xlsx"
            count = _write_xlsx(connection, sources, target)
            print(f"{len(tables)} tables, {count:,} rows: {target}")
            return
        write = _write_csv if format_ == "csv" else _write_parquet
        count = sum(
            write(connection, source, out / f"{'.'.join(source.table)}.{format_}") for source in sources
        )
    print(f"{len(tables)} tables, {count:,} rows: {out}")
