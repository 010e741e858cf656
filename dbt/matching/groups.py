"""Groups: candidates of more than one row on a side. Where they come from, and nothing about their score.

- by reference: one row that names several documents, several rows that name one, and chains of these;
- by structure: all rows of a batch, of a party, of a party's day, of a day, whose sum is found on the other side;
- by subset search: those of a party's (or a day's) rows that add up exactly;
- offsets: two rows of one side that cancel (a void and its original).

Search is bounded per target and in total; what could not be searched is noted and stays open.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np

from matching import batch_fees
from matching.group import Group, Hits, oriented
from matching.group_blocks import by_days, by_shared_key, by_structure, offsets
from matching.group_references import by_reference, by_remainder
from matching.group_search import by_search
from matching.items import Items


def find(
    con: duckdb.DuckDBPyConnection,
    items: Items,
    open_rows: np.ndarray,
    pairs,
    lags: dict[int, tuple[int, int]],
    sql: list,
) -> tuple[list[Group], list[dict], Hits]:
    """All group candidates among the open rows (bool per row). Sorted, without repetition.

    lags: see group.usual_lags.
    """
    hits = Hits()
    con.register("open_rows", {"row": np.flatnonzero(open_rows).astype(np.int32)})
    con.execute(
        "create or replace temp table free as select line.* from line semi join open_rows on line.row = open_rows.row"
    )
    con.unregister("open_rows")
    notes: list[dict] = []
    groups = [
        *by_reference(items, open_rows, pairs),
        *by_remainder(con, items, open_rows, pairs, sql, hits),
        *by_structure(con, items, sql, hits),
        *by_shared_key(con, items, sql),
        *by_days(items, open_rows),
        *(
            replace(oriented(items, batch.single, list(batch.many), "day", batch.chance), has_usual_fee=True)
            for batch in batch_fees.find(con, items, sql)
        ),
        *offsets(con, items, sql),
    ]
    groups += by_search(con, items, sql, hits, lags)
    unique: dict[tuple, Group] = {}
    for group in groups:
        key = (group.left, group.right)
        known = unique.get(key)
        if known is None:
            unique[key] = group
            continue
        # The same rows found in two ways: shared references say more than any structure, and the
        # smaller chance of an accident holds for both.
        better = min(known, group, key=lambda found: (found.kind != "reference", found.chance))
        unique[key] = replace(
            better,
            chance=min(known.chance, group.chance),
            is_batch=any(found.is_batch or found.kind == "group_key" for found in (known, group)),
            has_usual_fee=known.has_usual_fee or group.has_usual_fee,
            is_net=known.is_net or group.is_net,
        )
    return _alike(items, unique), notes, hits


def _alike(items: Items, unique: dict[tuple, Group]) -> list[Group]:
    """The groups, sorted. What the sum of one set of rows is worth does not depend on which of several equal rows
    it is held against, nor on the way in which the search came upon each."""
    worst: dict[tuple, float] = {}
    for group in unique.values():
        name = _sum_of(items, group)
        if name is not None:
            worst[name] = max(worst.get(name, 0.0), group.chance)
    return [
        replace(unique[key], chance=worst.get(_sum_of(items, unique[key]), unique[key].chance))
        for key in sorted(unique)
    ]


def _sum_of(items: Items, group: Group) -> tuple | None:
    """The several rows and the amount of the one row of the other side; None for other shapes."""
    if min(len(group.left), len(group.right)) != 1 or len(group.left) == len(group.right):
        return None
    many, one = (group.left, group.right) if len(group.left) > 1 else (group.right, group.left)
    return many, int(items.amount[one[0]])
