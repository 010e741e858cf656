"""Blocks: what rows must share to be compared at all, and how much of it is too much. Fragments of SQL, no passes."""

from __future__ import annotations

#: Pairs that one block may make before it is split by amount (20 lines x 20 documents).
BLOCK_LIMIT = 400
#: Rows beyond which passes leave out what can only lose.
LARGE = 200_000
#: Two rows can only belong together inside this block; transfers cross entities but never stay in one account.
SAME_BLOCK = """l.rec = r.rec and l.block = r.block and l.node <> r.node
        and (l.item_type <> r.item_type or l.account is distinct from r.account)"""


def month_sql(column: str) -> str:
    """SQL for a stretch of 31 days, numbered."""
    return f"({column} - date '1970-01-01') // 31"
