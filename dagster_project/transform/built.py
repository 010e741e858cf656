"""Which dbt nodes have to be built or tested again, and what is known of the others.

Belongs here: the fingerprint of a node, and the results of nodes that stand. A node's fingerprint covers its
own code and settings, every macro, the seeds and raw tables that it can reach through its parents, and the
as-of date where one of them uses it. Tables are functions of exactly that (no model reads the clock), so a
node with the fingerprint of its last good result would be built the same again. Nothing is guessed from
contents: what is downstream of a change is built.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.inputs import Inputs, content_of
from dagster_project.transform.invocation import NodeResult
from dagster_project.warehouse import existing_tables
from pipelines.settings import Settings

_TABLE = """
create table if not exists runs.built_nodes (
    step varchar not null,
    unique_id varchar not null,
    fingerprint varchar not null,
    result varchar not null,
    built_at varchar not null,
    primary key (step, unique_id)
)
"""
# What a node's entry in the manifest says of what it makes; the rest is paths, times and lineage.
_DECISIVE = (
    "raw_code",
    "language",
    "config",
    "columns",
    "constraints",
    "contract",
    "schema",
    "alias",
    "test_metadata",
)
_BUILT = ("seed", "model", "test")
# What every node may depend on, whichever it is.
_COMMON = ("program", "libraries", "matching engine")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _macros_with_the_date(macros: Mapping[str, Any]) -> set[str]:
    """Names of macros that use the as-of date, also through others; by their text, so that a macro that is
    dispatched by adapter counts as well."""
    texts = {
        macro["name"].removeprefix("duckdb__").removeprefix("default__"): macro["macro_sql"]
        for macro in macros.values()
        if macro["package_name"] == "tieout"
    }
    found = {"as_of_date"}
    while more := {name for name, text in texts.items() if name not in found and _mentions(text, found)}:
        found |= more
    return found


def _mentions(text: str, names: Iterable[str]) -> bool:
    return re.search(rf"\b(?:{'|'.join(map(re.escape, names))})\b", text) is not None


def _macros(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: macro for name, macro in manifest["macros"].items() if macro["package_name"] == "tieout"}


def _common(manifest: Mapping[str, Any], now: Inputs) -> str:
    macros = _digest(*(macro["macro_sql"] for _, macro in sorted(_macros(manifest).items())))
    return _digest(macros, *(now.parts[name] for name in _COMMON))


def built_by(manifest: Mapping[str, Any], now: Inputs) -> str:
    """Hash of program, libraries and the whole dbt project. A table that another state of them has made is
    not kept up to date by its keys, but made anew (macros/keyed.sql)."""
    return _digest(_common(manifest, now), now.parts["models, macros and tests"])


def fingerprints(manifest: Mapping[str, Any], now: Inputs, settings: Settings) -> dict[str, str]:
    """unique_id of every seed, model and test to its fingerprint."""
    dated = _macros_with_the_date(_macros(manifest))
    common = _common(manifest, now)
    day = now.parts["as-of date"]
    nodes, found = manifest["nodes"], {}

    def own(unique_id: str) -> str:
        if unique_id.startswith("source."):
            source = manifest["sources"][unique_id]
            # Rows that no gate has read in this state are like no others.
            return now.parts.get(content_of(source["schema"], source["name"])) or uuid.uuid4().hex
        node = nodes[unique_id]
        said = json.dumps({name: node.get(name) for name in _DECISIVE}, sort_keys=True, default=str)
        if node["resource_type"] == "seed":
            return _digest(said, common, _seed(settings, node["name"]))
        uses_date = _mentions(node.get("raw_code") or "", dated) or _mentions(said, dated)
        return _digest(said, common, day if uses_date else "")

    def of(unique_id: str) -> str:
        if unique_id not in found:
            parents = nodes.get(unique_id, {}).get("depends_on", {}).get("nodes", [])
            found[unique_id] = _digest(own(unique_id), *map(of, sorted(parents)))
        return found[unique_id]

    return {unique_id: of(unique_id) for unique_id in nodes}


def depths_of(manifest: Mapping[str, Any]) -> dict[str, int]:
    """unique_id of every node to the length of its longest way up: parents have smaller numbers."""
    nodes, found = manifest["nodes"], {}

    def of(unique_id: str) -> int:
        if unique_id not in found:
            parents = nodes.get(unique_id, {}).get("depends_on", {}).get("nodes", [])
            found[unique_id] = 1 + max(map(of, parents), default=0)
        return found[unique_id]

    return {unique_id: of(unique_id) for unique_id in nodes}


def _seed(settings: Settings, name: str) -> str:
    path: Path = settings.seeds / f"{name}.csv"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"


@dataclass(frozen=True)
class Plan:
    """stale: nodes to build and test, by unique_id; None: it is not known which belong to the step, so all.
    standing: results of the others, with the time of each."""

    stale: frozenset[str] | None
    standing: dict[str, tuple[NodeResult, str]]


EVERYTHING = Plan(None, {})


def plan(
    connection: duckdb.DuckDBPyConnection, step: str, manifest: Mapping[str, Any], current: Mapping[str, str]
) -> Plan:
    """What the step has to do. A table that is not there any more does not stand, whatever its fingerprint.

    Which nodes belong to the step is known from the last whole run; a node that no step has had yet (a new
    model, a new test) makes the next run a whole one.
    """
    try:
        rows = connection.execute(
            "select step, unique_id, fingerprint, result, built_at from runs.built_nodes"
        ).fetchall()
    except duckdb.CatalogException:
        return EVERYTHING
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in _BUILT}
    if set(nodes) - {unique_id for _, unique_id, *_ in rows}:
        return EVERYTHING
    there = set(existing_tables(connection, {node["schema"] for node in nodes.values()}))
    stale, standing = set(), {}
    for at, unique_id, fingerprint, result, built_at in rows:
        node = nodes.get(unique_id)
        if at != step or node is None:
            continue
        is_test = node["resource_type"] == "test"
        is_there = is_test or (node["schema"], node.get("alias") or node["name"]) in there
        if current[unique_id] == fingerprint and is_there:
            standing[unique_id] = (NodeResult(**json.loads(result)), built_at)
        else:
            stale.add(unique_id)
    return Plan(frozenset(stale), standing)


def forget(warehouse: Path, step: str, keep: Iterable[str]) -> None:
    """Before the step: what is about to be built has no result until it is there."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema if not exists runs")
        connection.execute(_TABLE)
        connection.execute(
            "update runs.built_nodes set fingerprint = '' where step = ? and not list_contains(?, unique_id)",
            [step, list(keep)],
        )


def remember(
    warehouse: Path, step: str, results: Iterable[NodeResult], current: Mapping[str, str], built_at: str
) -> None:
    """After the step: its nodes, with a fingerprint those that are good; whatever failed is tried again."""
    rows = [
        [
            step,
            result.unique_id,
            "" if result.is_broken or result.status == "skipped" else current[result.unique_id],
            json.dumps(vars(result)),
            built_at,
        ]
        for result in results
        if result.unique_id in current
    ]
    if rows:
        with duckdb.connect(str(warehouse)) as connection:
            connection.executemany("insert or replace into runs.built_nodes values (?, ?, ?, ?, ?)", rows)
