"""A match result as one table, for callers that can hand back only one (a dbt Python model)."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from matching.result import MatchResult


def nested(result: MatchResult) -> pa.Table:
    """One row per match with lists of allocations and members, per note and per decision; ordered, deterministic."""
    con = duckdb.connect(":memory:")
    try:
        for name in ("matches", "allocations", "notes", "positions", "decisions"):
            con.register(name, getattr(result, name))
        return con.execute("""
            with allocation_lists as (
                select match_id, list({
                    'left_type': left_type, 'left_id': left_id, 'right_type': right_type, 'right_id': right_id,
                    'allocated_amount': allocated_amount, 'currency': currency
                } order by left_type, left_id, right_type, right_id) as allocations
                from allocations group by match_id
            ),
            member_lists as (
                select match_id, list({
                    'side': side, 'item_type': item_type, 'item_id': item_id, 'amount': amount,
                    'allocated_amount': allocated_amount, 'written_off_amount': written_off_amount, 'open_amount': open_amount
                } order by side, item_type, item_id) as members
                from positions where match_id is not null group by match_id
            )
            select
                'match' as record_type, matches.*, allocation_lists.allocations, member_lists.members,
                cast(null as varchar) as note_code, cast(null as varchar) as item_type, cast(null as varchar) as item_id,
                cast(null as varchar) as message
            from matches
            left join allocation_lists on matches.match_id = allocation_lists.match_id
            left join member_lists on matches.match_id = member_lists.match_id
            union all by name
            select 'note' as record_type, reconciliation, code as note_code, item_type, item_id, message from notes
            union all by name
            select 'decision' as record_type, sequence as decision_sequence, outcome, match_id as decided_match_id,
                item_type, item_id, currency, amount as decided_amount, message
            from decisions
            order by record_type, reconciliation, match_id, item_type, item_id, decision_sequence, message
        """).to_arrow_table()
    finally:
        con.close()
