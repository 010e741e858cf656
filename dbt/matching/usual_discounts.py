"""Discounts that nobody declared: that some payments are short by the same percentage, to the cent, shows them.

One payment that is 2.00 % short proves nothing. Where a file pays most documents whole and several of one party or
reference short by exactly two percent of each, the two percent are terms of payment. They are then granted to every
document of that side, and a sum of documents may be paid less their discounts. Nothing is learnt where the items
bring terms of their own, nor where nearly every payment is short: that is a fee (`batch_fees`, and the rules of fees).
"""

from __future__ import annotations

import duckdb
import numpy as np

from matching.items import Items

#: Percentages of terms of payment that occur, in hundredths of a percent.
PERCENTS = (*range(50, 525, 25), 600, 700, 750, 800, 1000)
#: Documents that must be short by one percentage, how many times more than accidents would be, and the share of
#: all paid documents that may be.
AGREEING, TIMES, AT_MOST = 4, 5.0, 0.7
#: How near to a percentage others are counted to know how many hits are accidents (hundredths of a percent).
AROUND = 20

_SHORT = f"""
    with named as (
        select pair.l, pair.r from pair inner join l_line as l on pair.l = l.row inner join r_line as r on pair.r = r.row
        where l.currency = r.currency and sign(l.amt) = sign(r.amt)
            and (pair.key_left_n = 1 or pair.key_right_n = 1 or (l.party >= 0 and l.party = r.party))
    ),
    side as (
        select 'left' as document_side, l.row as document, r.row as money, abs(l.amt) as total, abs(r.amt) as paid, l.rec, l.date, r.date as paid_date
        from named inner join l_line as l on named.l = l.row inner join r_line as r on named.r = r.row where abs(l.amt) >= abs(r.amt)
        union all
        select 'right', r.row, l.row, abs(r.amt), abs(l.amt), l.rec, r.date, l.date
        from named inner join l_line as l on named.l = l.row inner join r_line as r on named.r = r.row where abs(r.amt) >= abs(l.amt)
    )
    select rec, document_side, document, money, total, paid, coalesce(paid_date - date, 0) as lag from side
    where (total - paid) * 10000 <= {max(PERCENTS) + AROUND} * total and coalesce(abs(paid_date - date) <= 120, true)
    order by rec, document_side, document, money
"""


def learn(con: duckdb.DuckDBPyConnection, items: Items) -> None:
    """Set discount and discount_until of the items whose reconciliation brings no terms, from the table `pair`."""
    table = con.execute(_SHORT).fetchnumpy()
    if not len(table["rec"]):
        return
    has_terms = np.bincount(items.rec, weights=items.discount > 0, minlength=len(items.reconciliations)) > 0
    for rec in np.unique(table["rec"]).tolist():
        if has_terms[rec]:
            continue
        for side in ("left", "right"):
            mine = (table["rec"] == rec) & (table["document_side"] == side)
            if mine.any():
                _grant(items, rec, side == "left", {name: column[mine] for name, column in table.items()})


def _grant(items: Items, rec: int, is_left: bool, short: dict[str, np.ndarray]) -> None:
    document, total, paid = (short[name].astype(np.int64) for name in ("document", "total", "paid"))
    whole = len(np.unique(document[total == paid]))
    taken: list[tuple[int, int, np.ndarray]] = []
    for percent in PERCENTS:
        off = total - paid - _discount(total, percent)
        # To a cent either way: who rounds the discount, and who the payment.
        exact = (np.abs(off) <= 100) & (total > paid)
        near = (np.abs(off) * 10_000 <= AROUND * total) & (total > paid) & ~exact
        accidents = float((202 * 10_000 / (2.0 * AROUND * total[near])).sum()) if near.any() else 0.0
        documents = len(np.unique(document[exact]))
        if documents >= max(AGREEING, TIMES * accidents) and documents <= AT_MOST * (documents + whole):
            taken.append((documents, percent, exact))
    if not taken:
        return
    taken.sort(key=lambda found: (-found[0], found[1]))
    rows = np.flatnonzero((items.rec == rec) & (items.is_left == is_left))
    items.discount[rows] = _discount(np.abs(items.amount[rows]), taken[0][1])
    for _, percent, exact in reversed(taken[:1] + taken[1:]):
        # Who took another percentage has other terms.
        own = np.unique(document[exact])
        items.discount[own] = _discount(np.abs(items.amount[own]), percent)
    latest = int(max(short["lag"][exact].max() for _, _, exact in taken))
    items.discount_until[rows] = items.date[rows] + latest


def _discount(amount: np.ndarray, percent: int) -> np.ndarray:
    """Hundredths of a percent of an amount in ticks, rounded half up to a hundredth of the currency."""
    return (amount * percent // 10_000 + 50) // 100 * 100
