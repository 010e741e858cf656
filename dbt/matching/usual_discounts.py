"""Discounts that nobody declared: that some payments are short by the same percentage, to the cent, shows them.

One payment that is 2.00 % short proves nothing. Where a file pays most documents whole and several of one party or
reference short by exactly two percent of each, the two percent are terms of payment. They are then granted to every
document of that side, and a sum of documents may be paid less their discounts. Nothing is learnt where the items
bring terms of their own, nor where nearly every payment is short: that is a fee (`batch_fees`, and the rules of fees).
"""

from __future__ import annotations

import duckdb
import numpy as np

from matching.items import NO_DATE, Items, codes_of

#: Percentages of terms of payment that occur, in hundredths of a percent.
PERCENTS = (*range(50, 525, 25), 600, 700, 750, 800, 1000)
#: Documents that must be short by one percentage, how many times more than accidents would be, and the share of
#: all paid documents that may be.
AGREEING, TIMES, AT_MOST = 4, 5.0, 0.7
#: How near to a percentage others are counted to know how many hits are accidents (hundredths of a percent).
AROUND = 20

#: Candidates that are looked at (of more, those of every so many-th left row), and days between their rows.
SAMPLE = 2_000_000
DAYS = 120


def learn(con: duckdb.DuckDBPyConnection, items: Items) -> None:
    """Set discount and discount_until of the items whose reconciliation brings no terms, from the table `pair`."""
    step = con.execute("select 1 + count(*) // ? from pair", [SAMPLE]).fetchone()[0]
    # Compared here and not in the database, which would join all rows of a currency with each other first.
    table = con.execute(
        f"select l, r, key_left_n = 1 or key_right_n = 1 as is_named from pair where l % {step} = 0 order by l, r"
    ).fetchnumpy()
    l, r = table["l"].astype(np.int64), table["r"].astype(np.int64)  # noqa: E741
    currency = codes_of(items.currency)
    size, sign, party, day = np.abs(items.amount), np.sign(items.amount), items.party, items.date
    fits = table["is_named"] | ((party[l] >= 0) & (party[l] == party[r]))
    fits &= (currency[l] == currency[r]) & (sign[l] == sign[r])
    dated = (day[l] != NO_DATE) & (day[r] != NO_DATE)
    fits &= ~dated | (np.abs(day[l] - day[r]) <= DAYS)
    has_terms = np.bincount(items.rec, weights=items.discount > 0, minlength=len(items.reconciliations)) > 0
    fits &= ~has_terms[items.rec[l]]
    most = max(PERCENTS) + AROUND
    for is_left, document, money in ((True, l, r), (False, r, l)):
        short = size[document] - size[money]
        near = fits & (short >= 0) & (short <= most / 10_000 * size[document])
        for rec in np.unique(items.rec[l[near]]).tolist():
            mine = near & (items.rec[l] == rec)
            _grant(items, rec, is_left, document[mine], money[mine])


def _grant(items: Items, rec: int, is_left: bool, document: np.ndarray, money: np.ndarray) -> None:
    """Look for percentages among the pairs of one reconciliation, and grant them to the documents of that side."""
    total, paid = np.abs(items.amount[document]), np.abs(items.amount[money])
    whole = len(np.unique(document[total == paid]))
    taken: list[tuple[int, int, np.ndarray]] = []
    for percent in PERCENTS:
        off = total - paid - _discount(total, percent)
        # To a cent either way: who rounds the discount, and who the payment.
        exact = (np.abs(off) <= 100) & (total > paid)
        near = (np.abs(off) <= AROUND / 10_000 * total) & (total > paid) & ~exact
        accidents = float((202 * 10_000 / (2.0 * AROUND * total[near])).sum()) if near.any() else 0.0
        documents = len(np.unique(document[exact]))
        if documents >= max(AGREEING, TIMES * accidents) and documents <= AT_MOST * (documents + whole):
            taken.append((documents, percent, exact))
    if not taken:
        return
    taken.sort(key=lambda found: (-found[0], found[1]))
    rows = np.flatnonzero((items.rec == rec) & (items.is_left == is_left))
    items.discount[rows] = _discount(np.abs(items.amount[rows]), taken[0][1])
    for _, percent, exact in reversed(taken):
        # Who took another percentage has other terms.
        own = np.unique(document[exact])
        items.discount[own] = _discount(np.abs(items.amount[own]), percent)
    used = np.any([exact for _, _, exact in taken], axis=0)
    lag = items.date[money[used]] - items.date[document[used]]
    known = (items.date[money[used]] != NO_DATE) & (items.date[document[used]] != NO_DATE)
    latest = items.date[rows] + int(lag[known].max(initial=0))
    items.discount_until[rows] = np.where(items.date[rows] == NO_DATE, np.iinfo(np.int32).max, latest)


def _discount(amount: np.ndarray, percent: int) -> np.ndarray:
    """Hundredths of a percent of an amount in ticks, rounded half up to a hundredth of the currency."""
    whole, rest = amount // 10_000, amount % 10_000  # ticks times a percentage do not fit 64 bits
    return (whole * percent + rest * percent // 10_000 + 50) // 100 * 100
