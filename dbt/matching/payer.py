"""Which side of a reconciliation is the money: whether too little or too much was paid depends on it.

The sample's own reconciliations say it by their types. Of two unknown files the documents are those whose numbers
stand in a column and are quoted in the other side's texts; where no text quotes any, money comes after documents.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow.compute as pc

from matching.items import NO_DATE, Items

#: Quoted numbers (or pairs by reference or party and an equal amount, for the dates) from which a side can be told.
LEAST = 3
#: Candidates that are asked; of more, every so many-th left row.
SAMPLE = 50_000


def learn(con: duckdb.DuckDBPyConnection, items: Items) -> None:
    """Set left_pays of each reconciliation without bank transactions, from the tables `key` and `pair`."""
    is_bank = pc.equal(items.item_type, "bank_transaction").to_numpy(zero_copy_only=False)
    banks = np.unique(items.rec[is_bank]).tolist()
    if len(banks) == len(items.reconciliations):
        return
    step = con.execute("select 1 + count(*) // ? from pair", [SAMPLE]).fetchone()[0]
    found = con.execute(f"""
        select l.rec,
            count(*) filter (where l.is_declared and not r.is_declared) as right_quotes,
            count(*) filter (where r.is_declared and not l.is_declared) as left_quotes
        from (select l, r, shared_key from pair where l % {step} = 0 and shared_key is not null) as named
        inner join key as l on named.l = l.row and l.side = 'left' and named.shared_key = l.key
        inner join key as r on named.r = r.row and r.side = 'right' and named.shared_key = r.key
        group by l.rec
    """).fetchall()
    told = {
        rec: right_quotes < left_quotes
        for rec, right_quotes, left_quotes in found
        if abs(right_quotes - left_quotes) >= LEAST
    }
    # Compared here and not in the database, which would join all rows of one amount with each other first.
    table = con.execute(
        f"select l, r, key_left_n > 0 as is_named from pair where l % {step} = 0 order by l, r"
    ).fetchnumpy()
    l, r = table["l"].astype(np.int64), table["r"].astype(np.int64)  # noqa: E741
    fits = table["is_named"] | ((items.party[l] >= 0) & (items.party[l] == items.party[r]))
    # Rows of one amount and stratum: of one entity and currency, too.
    fits &= (items.amount[l] == items.amount[r]) & (items.stratum[l] == items.stratum[r])
    fits &= (items.date[l] != NO_DATE) & (items.date[r] != NO_DATE)
    rec, days = items.rec[l[fits]], (items.date[l] - items.date[r])[fits]
    for code in np.unique(rec).tolist():
        later = int(np.sign(days[rec == code]).sum())
        if abs(later) >= LEAST:
            told.setdefault(code, later > 0)
    for rec, left_pays in told.items():
        if rec not in banks:
            items.left_pays[rec] = left_pays
