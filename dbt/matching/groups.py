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
    return [unique[key] for key in sorted(unique)], notes, hits
