"""Entry for the warehouse: reconcile a relation of items with the company's rules and tolerances."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from matching import engine
from matching.decided import publish
from matching.decisions import parse, resolve
from matching.result import MatchResult
from matching.rules import read_rules, read_tolerances, rule_case, rule_set_hash


def reconcile(
    connection: duckdb.DuckDBPyConnection,
    items_relation: str | pa.Table,
    rules: pa.Table | None = None,
    tolerances: pa.Table | None = None,
    options: engine.Options = engine.Options(first_twin_counts=True),  # noqa: B008
    decisions: pa.Table | None = None,
    periods: pa.Table | None = None,
) -> MatchResult:
    """Match the items of all reconciliations in one pool, each bank line spent at most once.

    `items_relation` names a table or view on `connection`, or is an Arrow table, with the columns of items.COLUMNS; amounts signed
    from the cash view. `rules` and `tolerances` are the seeds match_rules and tolerances (text columns are
    fine); None means the default rules. `decisions` is what people decided (decisions.COLUMNS) and `periods`
    the seed that says which months are closed. The connection is only read. Raises ValueError for items or rules
    that cannot be understood.
    """
    source = (
        items_relation
        if isinstance(items_relation, pa.Table)
        else connection.execute(f"select * from {items_relation}").to_arrow_table()
    )
    known_rules, known_tolerances = read_rules(rules), read_tolerances(tolerances)
    if decisions is None or not decisions.num_rows:
        return engine.run(source, known_rules, known_tolerances, options)
    state = resolve(parse(decisions.to_pylist()), source, periods)
    result = engine.run(source, known_rules, known_tolerances, options, state)
    return publish(result, state, _entities(source, state), rule_set_hash(known_rules, known_tolerances))


def _entities(source: pa.Table, state) -> dict[tuple[str, str], str]:
    """The legal entity of each item that people fixed or rejected."""
    named = state.taken | {item for decision in state.rejected for item in decision.facts}
    ids = pa.array(sorted({item_id for _, item_id in named}), pa.string())
    rows = source.filter(pc.is_in(source.column("item_id"), ids)).select(
        ["item_type", "item_id", "entity_id"]
    )
    return {(row["item_type"], row["item_id"]): row["entity_id"] for row in rows.to_pylist()}


def explain_sql(rules: pa.Table | None = None, tolerances: pa.Table | None = None) -> str:
    """The rules as the SQL that tests them, readable, first rule first."""
    return rule_case(read_rules(rules), read_tolerances(tolerances))
