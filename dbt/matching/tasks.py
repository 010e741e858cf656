"""Tasks: the two pieces of work that can be done anywhere, by name, with what a store holds."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa

from matching import features
from matching.evidence import Known, weigh
from matching.normalise import MACROS
from matching.store import Store
from matching.verdict import Batch, Found, settle


def connection() -> duckdb.DuckDBPyConnection:
    """A database for the rules and the folding of texts, without tables, for one thread."""
    pa.set_cpu_count(1)
    con = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "512MB"})
    con.execute(MACROS)
    return con


def do(con, store: Store, task: str, number: int) -> str:
    """Do the task and return the name of its result in the store."""
    name = f"result-{task}-{number}"
    store.put(name, {"weigh": _weigh, "settle": _settle}[task](con, store, number))
    store.drop(f"{task}-{number}")
    return name


def _weigh(con, store: Store, number: int):
    known: Known = store.get("known")
    pairs = features.measure(con, known.facts, store.get(f"weigh-{number}"), known.spelling)
    return weigh(con, known, pairs)


def _settle(con, store: Store, number: int):
    known: Known = store.get("known")
    found: Found = store.get("found")
    batch: Batch = store.get(f"settle-{number}")
    if store.folder is not None:
        known = replace(known, options=replace(known.options, threads=1))
    return settle(con, known, found, batch)
