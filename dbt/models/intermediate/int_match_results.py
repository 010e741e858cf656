"""Matches of all reconciliations, decided in one pool by the matching engine (dbt/matching).

Grain: one row per match (record_type 'match') with its allocations and members nested, and one per note of
the engine (record_type 'note'): what was left open and why; one per decision of a person (record_type
'decision'): what came of it. The models matches and match_allocations publish it.
"""


def model(dbt, session):
    """Hand items, rules, tolerances and decisions to the engine; the connection is only read."""
    dbt.config(materialized="table")
    from matching import reconcile
    from matching.nested import nested

    result = reconcile(
        session,
        dbt.ref("int_match_items").to_arrow_table(),
        dbt.ref("match_rules").to_arrow_table(),
        dbt.ref("tolerances").to_arrow_table(),
        decisions=dbt.ref("int_decisions").to_arrow_table(),
        periods=dbt.ref("periods").to_arrow_table(),
    )
    return nested(result)
