"""`tieout diff`: two published versions, or two DuckDB files, table by table.

Exit codes as of diff: 0 the same, 1 different, 2 it could not be compared.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.commands.errors import CommandError
from dagster_project.commands.export import defused
from dagster_project.commands.published import version_file
from dagster_project.commands.tables import checked_format, csv_text, csv_writer, shown, write_table
from dagster_project.publish.differences import (
    Comparison,
    DifferenceError,
    TableDifference,
    declared_keys,
    has_columns,
    opened,
    published_tables,
    tables,
)

CURRENT = "current"
_SHOWN_LETTERS = 120


class DiffError(CommandError):
    """Nothing was compared."""

    exit_code = 2


def _file(wanted: str) -> Path:
    path = Path(wanted)
    if path.is_file():
        return path
    if path.suffix == ".duckdb":
        raise DiffError(f"{path} does not exist")
    try:
        return version_file(None if wanted == CURRENT else wanted)
    except CommandError as error:
        raise DiffError(str(error)) from error


def _keys(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """`schema.table=column,column`, or `column,column` for every table that declares no key."""
    found = {}
    for text in given:
        table, equals, columns = text.rpartition("=")
        names = tuple(name.strip() for name in columns.split(",") if name.strip())
        if not names or (equals and not table):
            raise DiffError(f"--key {text}: write it as schema.table=column,column")
        found[table.strip() if equals else "*"] = names
    return found


def _pairs(
    before: set[tuple[str, str]], after: set[tuple[str, str]], wanted: Sequence[str]
) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Tables that are compared: those of the same name, or as `--table` says (`old.orders=canonical.orders`)."""
    if not wanted:
        return [(table, table) for table in sorted(published_tables(before) & published_tables(after))]

    def named(text: str, among: set[tuple[str, str]], side: str) -> list[tuple[str, str]]:
        found = sorted(table for table in among if text in (table[0], table[1], ".".join(table)))
        if not found:
            listed = ", ".join(sorted(".".join(table) for table in among)) or "none"
            raise DiffError(f"there is no table '{text}' {side}; there are: {listed}")
        return found

    pairs = []
    for text in wanted:
        old, equals, new = text.partition("=")
        lefts = named(old, before, "before")
        if equals:
            rights = named(new, after, "after")
            if len(lefts) != 1 or len(rights) != 1:
                raise DiffError(f"--table {text}: name one table on each side, as schema.table")
            pairs.append((lefts[0], rights[0]))
        else:
            pairs += [(table, table) for table in lefts if table in after]
            if missing := [table for table in lefts if table not in after]:
                raise DiffError(f"the table {'.'.join(missing[0])} is not on the other side")
    return pairs


def _columns_of_change(found: TableDifference) -> str:
    parts = [f"{name} {count:,}" for name, count in found.columns.items()]
    parts += [f"-{name}" for name in found.only_before] + [f"+{name}" for name in found.only_after]
    parts += [f"{name} {old} -> {new}" for name, (old, new) in found.types.items()]
    return ", ".join(parts)


def _print_rows(comparison: Comparison, count: int) -> None:
    names, rows = comparison.rows(count)
    width = len(names) - 4
    previous = None
    for row in rows:
        key, (change, column, old, new) = row[:width], row[width:]
        if (key, change) != previous:
            print(f"  {change} {', '.join(shown(value) if value is not None else 'null' for value in key)}")
            previous = (key, change)
        if change == "changed":
            print(f"    {column}: {_short(old)} -> {_short(new)}")


def _short(value: str | None) -> str:
    """A value on the terminal; `--out` writes all of it."""
    if value is None:
        return "null"
    return value if len(value) <= _SHOWN_LETTERS else f"{value[:_SHOWN_LETTERS]}... ({len(value):,} letters)"


def _write_rows(comparison: Comparison, out: Path) -> Path:
    """Every differing value as a CSV file of its own per table, harmless for spreadsheets."""
    names, rows = comparison.rows()
    safe = "".join(
        letter if letter.isalnum() or letter in "._-" else "_" for letter in comparison.result.name
    )
    target = out / f"{safe.lstrip('.')}.diff.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv_writer(file)
        writer.writerow([defused(name) for name in names])
        writer.writerows([csv_text(defused(value)) for value in row] for row in rows)
    return target


def _as_json(found: list[TableDifference], missing: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "equal": all(one.is_equal for one in found) and not any(missing.values()),
        **missing,
        "tables": [
            {
                **asdict(one),
                "amounts": [
                    {
                        "column": amount.column,
                        "currency": amount.currency,
                        "before": format(amount.before, "f"),
                        "after": format(amount.after, "f"),
                        "difference": format(amount.difference, "f"),
                    }
                    for amount in one.amounts
                ],
                "equal": one.is_equal,
            }
            for one in found
        ],
    }


def _print_table(found: list[TableDifference], missing: dict[str, list[str]]) -> None:
    different = [one for one in found if not one.is_equal]
    if different:
        write_table(
            ["table", "before", "after", "added", "removed", "changed", "columns"],
            [
                [
                    one.name if one.name == one.after_name else f"{one.name} = {one.after_name}",
                    one.before_rows,
                    one.after_rows,
                    one.added,
                    one.removed,
                    one.changed,
                    _columns_of_change(one),
                ]
                for one in different
            ],
        )
    amounts = [(one.name, amount) for one in different for amount in one.amounts]
    if amounts:
        write_table(
            ["table", "amount", "currency", "before", "after", "difference"],
            [
                [
                    name,
                    one.column,
                    one.currency,
                    _amount(one.before),
                    _amount(one.after),
                    _amount(one.difference),
                ]
                for name, one in amounts
            ],
        )
    for side, names in missing.items():
        if names:
            print(f"{side.replace('_', ' ').capitalize()}: {', '.join(names)}")
    numbered = [one.name for one in different if one.occurrence]
    if numbered:
        print(
            f"The key is not unique, rows under one key were told apart by their content: {', '.join(numbered)}"
        )
    keyless = [one.name for one in different if not one.key]
    if keyless:
        print(f"No key is known (--key), whole rows were compared: {', '.join(keyless)}")
    same = len(found) - len(different)
    print(f"{same} of {len(found)} tables are the same{', to the last digit' if same else ''}.")


def _amount(value: Decimal) -> Decimal:
    """Without the zeros of the common type: a table of sums is for people."""
    return value.quantize(Decimal("0.0001")) if value == value.quantize(Decimal("0.0001")) else value


def diff(
    before: str,
    after: str,
    *,
    wanted: Sequence[str],
    keys: Sequence[str],
    ignored: Sequence[str],
    rows: int,
    out: Path | None,
    format_: str,
) -> int:
    try:
        checked_format(format_, ("table", "json", "csv"))
    except CommandError as error:
        raise DiffError(str(error)) from error
    given = _keys(keys)
    found: list[TableDifference] = []
    try:
        with opened(_file(before), _file(after)) as connection:
            old, new = tables(connection, "before"), tables(connection, "after")
            pairs = _pairs(old, new, wanted)
            if not pairs:
                raise DiffError(
                    "the two files have no table in common; name them: --table old.orders=canonical.orders"
                )
            missing = {
                "tables_only_before": [] if wanted else sorted(map(".".join, published_tables(old) - new)),
                "tables_only_after": [] if wanted else sorted(map(".".join, published_tables(new) - old)),
            }
            for left, right in pairs:
                key = given.get(".".join(left)) or given.get(".".join(right))
                if key is None:
                    declared = declared_keys().get(".".join(right), ())
                    # A version from before the key was what it is now is compared by whole rows.
                    key = declared if has_columns(connection, left, right, declared) else ()
                    key = key or given.get("*", ())
                comparison = Comparison(connection, left, right, key, ignored)
                found.append(comparison.compare())
                if found[-1].is_equal:
                    continue
                if out is not None:
                    out.mkdir(parents=True, exist_ok=True)
                    _write_rows(comparison, out)
                if rows and format_ == "table":
                    print(f"{found[-1].name}:")
                    _print_rows(comparison, rows)
    except (DifferenceError, duckdb.Error) as error:
        raise DiffError(f"the files could not be compared: {error}") from error
    result = _as_json(found, missing)
    if format_ == "json":
        print(json.dumps(result, indent=2, ensure_ascii=False))
    elif format_ == "csv":
        _print_csv(found)
    else:
        _print_table(found, missing)
        if out is not None and not result["equal"]:
            print(f"Every differing value: {out}")
    return 0 if result["equal"] else 1


def _print_csv(found: list[TableDifference]) -> None:
    writer = csv_writer(sys.stdout)
    writer.writerow(["table", "measure", "currency", "before", "after", "difference"])
    for one in found:
        writer.writerow(
            [one.name, "rows", "", one.before_rows, one.after_rows, one.after_rows - one.before_rows]
        )
        for measure in ("added", "removed", "changed"):
            writer.writerow([one.name, f"rows {measure}", "", "", "", getattr(one, measure)])
        for name, count in one.columns.items():
            writer.writerow([one.name, f"changed {name}", "", "", "", count])
        for amount in one.amounts:
            values = (format(value, "f") for value in (amount.before, amount.after, amount.difference))
            writer.writerow([one.name, amount.column, amount.currency, *values])
