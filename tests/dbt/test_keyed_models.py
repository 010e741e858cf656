"""What a keyed model promises (macros/keyed.sql) is true of its SQL: rows of a key come from rows of that key.

On the tables of a finished run: the query over a third of each followed parent's keys must give that third of
the table, row by row. A wrong expression in `follows` would let a night's rows differ from a full rebuild.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from tests.conftest import SampleRun

PARTS = 3


def _value(expression: str) -> str:
    return f"coalesce(cast({expression} as varchar), '')"


def _part(expression: str) -> str:
    """Whether a row belongs to the part of the keys that is looked at."""
    return f"hash({_value(expression)}) % {PARTS} = 1"


class Keyed:
    """One keyed model of a finished run: its compiled SQL, its table, its parents by the name of `follows`."""

    def __init__(self, node: dict[str, Any], manifest: dict[str, Any], target: Path) -> None:
        self.name, self.table = node["name"], node["relation_name"]
        meta = node["config"]["meta"]
        self.key = meta["key"]
        self.follows: dict[str, str] = meta.get("follows", {})
        self.looks_up: dict[str, list[str]] = meta.get("looks_up", {})
        self.sql = (target / "compiled" / "tieout" / node["original_file_path"]).read_text(encoding="utf-8")
        self.parents: dict[str, str] = {}
        for unique_id in node["depends_on"]["nodes"]:
            parent = manifest["sources"].get(unique_id) or manifest["nodes"][unique_id]
            prefix = f"{parent['source_name']}." if parent["resource_type"] == "source" else ""
            self.parents[prefix + parent["name"]] = parent["relation_name"]

    def over(self, conditions: dict[str, str]) -> str:
        """Its SQL over the rows of some parents for which a condition holds."""
        sql = self.sql
        for name, condition in conditions.items():
            relation = self.parents[name]
            sql = sql.replace(relation, f"(select * from {relation} where {condition})")
        return sql

    def differences(self, connection: duckdb.DuckDBPyConnection, sql: str, condition: str) -> int:
        """Rows that only the table, or only the query has, among those for which a condition holds."""
        connection.execute(f"create or replace temp table built as select * from {self.table} limit 0")
        connection.execute(f"insert into built by name select * from ({sql}) as rebuilt where {condition}")
        row = connection.execute(
            f"""
            select count(*) from (
                select row_hash from (
                    select hash(built) as row_hash, 1 as side from built
                    union all
                    select hash(kept), -1 from {self.table} as kept where {condition}
                ) group by row_hash having sum(side) <> 0
            )
            """
        ).fetchone()
        assert row is not None
        return row[0]


def keyed_models(home: Path) -> list[Keyed]:
    manifest = json.loads((home / "dbt" / "definitions" / "manifest.json").read_text(encoding="utf-8"))
    return [
        Keyed(node, manifest, home / "dbt")
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "keyed"
    ]


def broken_promises(home: Path) -> Iterator[str]:
    with duckdb.connect(str(home / "warehouse" / "tieout.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for model in keyed_models(home):
            unknown = (model.follows.keys() | model.looks_up.keys()) - model.parents.keys()
            if unknown:
                yield f"{model.name}: {', '.join(sorted(unknown))} is no parent of it"
                continue
            conditions = {name: _part(expression) for name, expression in model.follows.items()}
            found = conditions and model.differences(connection, model.over(conditions), _part(model.key))
            if found:
                yield f"{model.name}: {found} rows depend on more than it follows"
            for name, (there, here, *via) in model.looks_up.items():
                # Without some rows of what is looked up, the rows that do not look for them are the same.
                others = f"not {_part(here)}"
                if via:
                    touched = f"select {_value(model.follows[via[0]])} from {model.parents[via[0]]} where {_part(here)}"
                    others = f"{_value(model.key)} not in ({touched})"
                found = model.differences(connection, model.over({name: f"not {_part(there)}"}), others)
                if found:
                    yield f"{model.name}: {found} rows depend on more of {name} than it looks up"
                rows, kept = (
                    connection.execute(f"select count(*) from {source}").fetchone()
                    for source in (f"({model.over({name: 'false'})}) as without", model.table)
                )
                if not via and rows != kept:
                    yield f"{model.name}: {kept} rows with {name}, {rows} without: it is not joined from the left"


def test_rows_of_a_key_are_made_of_rows_of_that_key(sample_run: SampleRun) -> None:
    assert len(keyed_models(sample_run.home)) > 20
    assert list(broken_promises(sample_run.home)) == []


if __name__ == "__main__":
    import sys

    for line in broken_promises(Path(sys.argv[1])):
        print(line)
