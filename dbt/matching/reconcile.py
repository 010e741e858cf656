"""Entry for the warehouse: reconcile a relation of items with the company's rules and tolerances."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from matching import engine
from matching.result import MatchResult
from matching.rules import read_rules, read_tolerances, rule_case


def reconcile(
    connection: duckdb.DuckDBPyConnection,
    items_relation: str | pa.Table,
    rules: pa.Table | None = None,
    tolerances: pa.Table | None = None,
    options: engine.Options = engine.Options(first_twin_counts=True),  # noqa: B008
) -> MatchResult:
    """Match the items of all reconciliations in one pool, each bank line spent at most once.

    `items_relation` names a table or view on `connection`, or is an Arrow table, with the columns of items.COLUMNS; amounts signed
    from the cash view. `rules` and `tolerances` are the seeds match_rules and tolerances (text columns are
    fine); None means the default rules. The connection is only read. Raises ValueError for items or rules
    that cannot be understood.
    """
    source = (
        items_relation
        if isinstance(items_relation, pa.Table)
        else connection.execute(f"select * from {items_relation}").to_arrow_table()
    )
    return engine.run(source, read_rules(rules), read_tolerances(tolerances), options)


def explain_sql(rules: pa.Table | None = None, tolerances: pa.Table | None = None) -> str:
    """The rules as the SQL that tests them, readable, first rule first."""
    return rule_case(read_rules(rules), read_tolerances(tolerances))
