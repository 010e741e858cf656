"""Two published files, or any two DuckDB files, compared exactly: rows by their key, and amounts.

Belongs here: the SQL of the comparison. It runs in DuckDB, which spills to disk, so that its memory is
bounded whatever the size of the files; nothing passes through Python but counts and the rows shown.
Values are equal when they are equal exactly; null equals null. Of two number types the values are
compared as DECIMAL(38, 10), of any other two types as text, and the change of type is a difference.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dagster_project.names import PUBLISHED_SCHEMAS
from dagster_project.run_identity import PROJECT
from dagster_project.warehouse import quoted
from pipelines.limits import apply_limits

_NUMERIC = re.compile(r"^(DECIMAL|NUMERIC|U?(TINY|SMALL|BIG|HUGE)?INT|INTEGER|UINTEGER|DOUBLE|FLOAT|REAL)")
_AMOUNT = re.compile(r"(^|_)(amount|balance)(_|$)")
_COMMON_TYPE = "decimal(38, 10)"


class DifferenceError(ValueError):
    """Two files or tables cannot be compared; the message says why and what to do."""


@dataclass(frozen=True)
class AmountDifference:
    """Sums of an amount column in one currency, before and after."""

    column: str
    currency: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass
class TableDifference:
    """name: of the table before. columns: changed columns to the number of rows. key: () for none, and
    then whole rows are compared. occurrence: whether the key was not unique, and rows under one key were
    numbered in the order of their content."""

    name: str
    after_name: str
    key: tuple[str, ...]
    before_rows: int = 0
    after_rows: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    occurrence: bool = False
    columns: dict[str, int] = field(default_factory=dict)
    amounts: list[AmountDifference] = field(default_factory=list)
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    types: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def is_equal(self) -> bool:
        return not (
            self.added or self.removed or self.changed or self.only_before or self.only_after or self.types
        )


@cache
def declared_keys() -> Mapping[str, tuple[str, ...]]:
    """Key of every published table, as the models declare it by their tests `unique` and
    `unique_combination`."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((PROJECT / "models").glob("*/*.yml")):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            key = _declared_key(model)
            if key:
                found[f"{path.parent.name}.{model['name']}"] = key
    return found


def _declared_key(model: Mapping[str, Any]) -> tuple[str, ...]:
    for test in model.get("data_tests", []):
        if isinstance(test, dict) and "unique_combination" in test:
            return tuple(test["unique_combination"]["arguments"]["columns"])
    for column in model.get("columns", []):
        tests = column.get("data_tests", [])
        if any(test == "unique" or (isinstance(test, dict) and "unique" in test) for test in tests):
            return (column["name"],)
    return ()


@contextmanager
def opened(before: Path, after: Path, *, memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both files read-only as `before` and `after`, in a connection that can spill and do nothing else."""
    with tempfile.TemporaryDirectory(prefix="tieout_diff_") as spill:
        connection = duckdb.connect(config={"temp_directory": spill})
        try:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set preserve_insertion_order = false")
            apply_limits(connection)
            if memory:
                connection.execute("set memory_limit = $memory", {"memory": memory})
            for name, path in (("before", before), ("after", after)):
                literal = str(path).replace("'", "''")
                try:
                    connection.execute(f"attach '{literal}' as {name} (read_only)")
                except duckdb.Error as error:
                    raise DifferenceError(f"{path} cannot be opened as a DuckDB file: {error}") from error
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            yield connection
        finally:
            connection.close()


def tables(connection: duckdb.DuckDBPyConnection, side: str) -> set[tuple[str, str]]:
    """Tables and views of one side."""
    return set(
        connection.execute(
            """
            select table_schema, table_name
            from information_schema.tables
            where table_catalog = $side and table_schema not in ('information_schema', 'pg_catalog')
            """,
            {"side": side},
        ).fetchall()
    )


def published_tables(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of a published file its schemas without the check results, which carry the run and so always differ;
    of any other file all tables."""
    return {table for table in found if table[0] in PUBLISHED_SCHEMAS and table[0] != "checks"} or found


def _types(connection: duckdb.DuckDBPyConnection, side: str, table: tuple[str, str]) -> dict[str, str]:
    return dict(
        connection.execute(
            """
            select column_name, data_type
            from information_schema.columns
            where table_catalog = $side and table_schema = $schema and table_name = $table
            order by ordinal_position
            """,
            {"side": side, "schema": table[0], "table": table[1]},
        ).fetchall()
    )


def has_columns(
    connection: duckdb.DuckDBPyConnection,
    before: tuple[str, str],
    after: tuple[str, str],
    names: Sequence[str],
) -> bool:
    """Whether both tables have all of the columns."""
    sides = (_types(connection, "before", before), _types(connection, "after", after))
    return all(name in side for name in names for side in sides)


class Comparison:
    """One table on both sides: the SQL of its differences, kept while its rows are shown."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        before: tuple[str, str],
        after: tuple[str, str],
        key: Sequence[str],
        ignored: Sequence[str] = (),
    ) -> None:
        self.connection = connection
        self.before, self.after = before, after
        self.types = {side: _types(connection, side, table) for side, table in self._sides()}
        self.common = [
            name for name in self.types["before"] if name in self.types["after"] and name not in ignored
        ]
        missing = [name for name in key if name not in self.common]
        if missing:
            raise DifferenceError(
                f"{'.'.join(before)}: the key column {', '.join(missing)} is not on both sides. Columns there: "
                f"{', '.join(self.common)}"
            )
        self.key = tuple(key)
        self.result = TableDifference(".".join(before), ".".join(after), self.key)
        self.result.only_before = tuple(
            name for name in self.types["before"] if name not in self.types["after"] and name not in ignored
        )
        self.result.only_after = tuple(
            name for name in self.types["after"] if name not in self.types["before"] and name not in ignored
        )
        self.result.types = {
            name: (self.types["before"][name], self.types["after"][name])
            for name in self.common
            if self.types["before"][name] != self.types["after"][name]
        }
        # Without a key, a row is its own key, and a changed one is a removed and an added one.
        self.matched = self.key or tuple(self.common)
        self.compared = [name for name in self.common if name not in self.matched]

    def _sides(self) -> Iterator[tuple[str, tuple[str, str]]]:
        yield "before", self.before
        yield "after", self.after

    def _relation(self, side: str) -> str:
        return quoted(side, *(self.before if side == "before" else self.after))

    def _value(self, side: str, name: str, alias: str) -> str:
        """A column, in a type that both sides have."""
        column = f"{alias}.{quoted(name)}"
        if name not in self.result.types:
            return column
        if all(_NUMERIC.match(kind) for kind in self.result.types[name]):
            return f"try_cast({column} as {_COMMON_TYPE})"
        return f"cast({column} as varchar)"

    def _differs(self, name: str) -> str:
        return f"{self._value('before', name, 'b')} is distinct from {self._value('after', name, 'a')}"

    def _side(self, side: str) -> str:
        """The rows of a side with `occurrence`, which tells rows under one key apart."""
        if not self.result.occurrence:
            return f'(select *, 1 as "_occurrence" from {self._relation(side)})'
        keys = ", ".join(self._value(side, name, "r") for name in self.matched)
        rest = ", ".join(self._value(side, name, "r") for name in self.compared) or "1"
        return (
            f'(select r.*, row_number() over (partition by {keys} order by {rest}) as "_occurrence" '
            f"from {self._relation(side)} as r)"
        )

    def _join(self) -> str:
        on = [
            f"{self._value('before', name, 'b')} is not distinct from {self._value('after', name, 'a')}"
            for name in self.matched
        ]
        return (
            f"from {self._side('before')} as b full outer join {self._side('after')} as a "
            f"on {' and '.join(on)} and b._occurrence = a._occurrence"
        )

    def _is_unique(self, side: str) -> bool:
        keys = ", ".join(quoted(name) for name in self.matched)
        row = self.connection.execute(
            f"select count(*) from (select 1 from {self._relation(side)} group by {keys} having count(*) > 1 limit 1)"
        ).fetchone()
        return row is not None and row[0] == 0

    def compare(self) -> TableDifference:
        """Count what differs; the differing keys stay in the temporary table `difference`."""
        result, execute = self.result, self.connection.execute
        for side, _ in self._sides():
            row = execute(f"select count(*) from {self._relation(side)}").fetchone()
            setattr(result, f"{side}_rows", row[0] if row else 0)
        if not self.common:
            result.removed, result.added = result.before_rows, result.after_rows
            return result
        result.occurrence = not (self._is_unique("before") and self._is_unique("after"))
        keys = [
            f'coalesce({self._value("before", name, "b")}, {self._value("after", name, "a")}) as "key {place}"'
            for place, name in enumerate(self.matched)
        ]
        changed = [
            f"case when {self._differs(name)} then {place} end" for place, name in enumerate(self.compared)
        ]
        where = " or ".join(
            [
                "b._occurrence is null",
                "a._occurrence is null",
                *(self._differs(name) for name in self.compared),
            ]
        )
        execute(
            f"""
            create or replace temp table difference as
            select
                {", ".join(keys)},
                coalesce(b._occurrence, a._occurrence) as occurrence,
                case
                    when b._occurrence is null then 'added'
                    when a._occurrence is null then 'removed'
                    else 'changed'
                end as change,
                list_filter([{", ".join(changed) or "null"}]::integer[], place -> place is not null) as columns
            {self._join()}
            where {where}
            """
        )
        for change, count in execute("select change, count(*) from difference group by change").fetchall():
            setattr(result, change, count)
        result.columns = {
            self.compared[place]: count
            for place, count in execute(
                """
                select place, count(*)
                from (select unnest(columns) as place from difference where change = 'changed')
                group by place
                order by place
                """
            ).fetchall()
        }
        result.amounts = list(self._amounts())
        return result

    def _currency(self, name: str) -> str | None:
        candidates = (
            ["base_currency", "currency"] if name.startswith("base_") else ["currency", "base_currency"]
        )
        return next((column for column in candidates if column in self.common), None)

    def _amounts(self) -> Iterator[AmountDifference]:
        """Sums of every amount column that is not the same on both sides, per currency."""
        for name in self.common:
            if not _AMOUNT.search(name) or not all(
                _NUMERIC.match(self.types[side][name]) for side, _ in self._sides()
            ):
                continue
            currency = self._currency(name)
            of = f"coalesce(cast({quoted(currency)} as varchar), '')" if currency else "''"
            exact = {
                side: f"cast({quoted(name)} as {_COMMON_TYPE})"
                if not self.types[side][name].startswith("DECIMAL")
                else quoted(name)
                for side, _ in self._sides()
            }
            rows = self.connection.execute(
                f"""
                with sums as (
                    select 'before' as side, {of} as currency, sum({exact["before"]}) as amount
                    from {self._relation("before")} group by all
                    union all
                    select 'after', {of}, sum({exact["after"]}) from {self._relation("after")} group by all
                )
                select
                    currency,
                    coalesce(sum(amount) filter (where side = 'before'), 0) as amount_before,
                    coalesce(sum(amount) filter (where side = 'after'), 0) as amount_after
                from sums
                group by currency
                having amount_before <> amount_after
                order by currency
                """
            ).fetchall()
            for code, before, after in rows:
                yield AmountDifference(name, code, Decimal(before), Decimal(after))

    def rows(self, limit: int | None = None) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Differences one column at a time: key columns, change, column, before, after (as text).

        limit: differing rows at most, in the order of their keys; None for all of them.
        """
        names = [*self.matched, "change", "column", "before", "after"]
        if not self.common or not (self.result.added or self.result.removed or self.result.changed):
            return names, iter(())
        keys = [f'd."key {place}"' for place in range(len(self.matched))]
        chosen = f"(select * from difference order by all {'limit ' + str(int(limit)) if limit is not None else ''})"
        on = {
            side: " and ".join(
                [
                    f"{self._value(side, name, alias)} is not distinct from {key}"
                    for name, key in zip(self.matched, keys, strict=True)
                ]
                + [f"{alias}._occurrence = d.occurrence"]
            )
            for side, alias in (("before", "b"), ("after", "a"))
        }
        values = [
            f"select {', '.join(keys)}, d.occurrence, d.change, {place} as place, $name_{place} as column_name, "
            f"cast(b.{quoted(name)} as varchar) as value_before, cast(a.{quoted(name)} as varchar) as value_after "
            f"from d left join b on {on['before']} left join a on {on['after']} "
            + (f"where d.change <> 'changed' or list_contains(d.columns, {place})" if self.compared else "")
            for place, name in enumerate(self.compared)
        ] or [
            f"select {', '.join(keys)}, d.occurrence, d.change, 0 as place, '' as column_name, "
            "cast(null as varchar) as value_before, cast(null as varchar) as value_after from d"
        ]
        cursor = self.connection.execute(
            f"""
            with d as materialized {chosen},
            b as (select * from {self._side("before")}),
            a as (select * from {self._side("after")})
            select columns(* exclude (occurrence, place)) from ({" union all ".join(values)}) as listed
            order by {", ".join(f"listed.{key.removeprefix('d.')}" for key in keys)}, listed.occurrence, listed.place
            """,
            {f"name_{place}": name for place, name in enumerate(self.compared)} or None,
        )

        def fetched() -> Iterator[tuple[Any, ...]]:
            while batch := cursor.fetchmany(10_000):
                yield from batch

        return names, fetched()
