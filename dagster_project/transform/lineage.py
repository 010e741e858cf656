"""Which column comes from which: computed once per state of the models, kept, and shown with every table.

Belongs here: reading the compiled SQL with sqlglot. It takes longer than a night may wait for, so no run
computes it: `tieout docs` does, and under the daemon a sensor when the models have changed. A run only
looks up what is kept for the SQL that it has built.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dagster_project.warehouse import reading
from pipelines.settings import Settings

# Column to the columns that it is made of, each as [schema, table, column].
Columns = dict[str, list[list[str]]]

_SCHEMA_QUERY = """
select table_schema, table_name, column_name, data_type
from information_schema.columns
where table_catalog = current_database()
order by table_schema, table_name, ordinal_position
"""


def compiled_models(manifest: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """`schema.table` to the SQL that dbt built it from, of the models that were compiled."""
    found = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node.get("language") != "sql":
            continue
        path = settings.dbt_target / "compiled" / node["package_name"] / node["original_file_path"]
        if path.is_file():
            found[f"{node['schema']}.{node.get('alias') or node['name']}"] = path.read_text(encoding="utf-8")
    return found


def fingerprint(manifest: Mapping[str, Any]) -> str:
    """Of models and macros as written: the compiled SQL holds the as-of date and differs every night."""
    digest = hashlib.sha256()
    for unique_id, node in sorted(manifest["nodes"].items()):
        if node["resource_type"] == "model":
            digest.update(f"{unique_id}:{node['checksum']['checksum']}\n".encode())
    for unique_id, macro in sorted(manifest["macros"].items()):
        digest.update(f"{unique_id}:{hashlib.sha256(macro['macro_sql'].encode()).hexdigest()}\n".encode())
    return digest.hexdigest()


def column_lineage(query: str, columns: Iterable[str], schema: Any) -> Columns:
    """Per column of a query the table columns that its values come from.

    Columns that sqlglot cannot follow are left out: no lineage is better than a wrong one.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    try:
        tree = qualify(
            sqlglot.parse_one(query, dialect="duckdb"),
            schema=schema,
            dialect="duckdb",
            validate_qualify_columns=False,
            identify=False,
        )
        scope = build_scope(tree)
    except (SqlglotError, RecursionError, ValueError, KeyError):
        return {}
    found: Columns = {}
    for column in columns:
        try:
            node = lineage(column, tree, schema=schema, dialect="duckdb", scope=scope, trim_selects=False)
        except (SqlglotError, RecursionError, ValueError, KeyError):
            continue
        sources = set()
        for leaf in node.walk():
            table = leaf.expression
            if leaf.downstream or not isinstance(table, exp.Table) or not table.db:
                continue
            sources.add((table.db, table.name, leaf.name.rpartition(".")[2].strip('"')))
        if sources:
            found[column] = sorted(map(list, sources))
    return found


def kept_file(settings: Settings) -> Path:
    return settings.dbt_target / "column_lineage.json"


def kept(manifest: Mapping[str, Any], settings: Settings) -> dict[str, Columns]:
    """What is kept of exactly these models and macros, by `schema.table`; else nothing."""
    path = kept_file(settings)
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content["tables"] if content["fingerprint"] == fingerprint(manifest) else {}


def as_metadata(columns: Columns) -> dict[str, Any]:
    """For Dagster, whose asset keys mirror schema and table."""
    import dagster as dg

    if not columns:
        return {}
    deps = {
        column: [
            dg.TableColumnDep(asset_key=dg.AssetKey([schema, table]), column_name=name)
            for schema, table, name in sources
        ]
        for column, sources in columns.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def compute(manifest: Mapping[str, Any], settings: Settings) -> int:
    """Compute and keep the lineage of all models, unless it is kept; returns the number of tables.

    Raises duckdb.IOException while a run writes the warehouse. 18 s of one core for 162 models.
    """
    from sqlglot.schema import MappingSchema

    known = kept(manifest, settings)
    models = compiled_models(manifest, settings)
    if known or not models:
        return len(known)
    with reading(settings.warehouse) as connection:
        rows = connection.execute(_SCHEMA_QUERY).fetchall()
    tables: dict[str, dict[str, dict[str, str]]] = {}
    for schema, table, column, kind in rows:
        tables.setdefault(schema, {}).setdefault(table, {})[column] = kind
    mapping = MappingSchema(tables, dialect="duckdb", normalize=False)
    found: dict[str, Columns] = {}
    for name, query in models.items():
        schema, _, table = name.partition(".")
        found[name] = column_lineage(query, tables.get(schema, {}).get(table, {}), mapping)
    path = kept_file(settings)
    building = path.with_name(f".{path.name}.{os.getpid()}")
    building.write_text(json.dumps({"fingerprint": fingerprint(manifest), "tables": found}), encoding="utf-8")
    building.replace(path)
    return len(found)
