"""Two large files, bank against ledger, made by vectors: references for most rows, amounts for the rest.

60 percent of the rows carry a document number that the other side's text holds, 30 percent only an amount
and a date (with lags), 5 percent exist on one side only, 5 percent are fees or differences.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def two_sides(rows: int, seed: int = 7) -> tuple[pa.Table, pa.Table, np.ndarray]:
    """(left, right, truth): truth[i] is the right row number of left row i, -1 when it has none."""
    rng = np.random.default_rng(seed)
    cents = np.round(np.exp(rng.uniform(np.log(500), np.log(50_000_000), rows))).astype(np.int64)
    day = rng.integers(0, 365, rows)
    kind = rng.random(rows)
    lag = rng.choice([0, 0, 1, 1, 2, 3, 5], rows)
    document = np.char.add("INV-", (1_000_000 + np.arange(rows)).astype(str))
    other = np.char.add("TRF ", rng.integers(10**9, 10**10, rows).astype(str))
    name = np.char.add("CUSTOMER ", rng.integers(0, max(rows // 20, 10), rows).astype(str))
    left_text = np.where(
        kind < 0.6,
        np.char.add(np.char.add("PAYMENT ", document), np.char.add(" ", name)),
        np.char.add(other, np.char.add(" ", name)),
    )
    right_cents = np.where(kind > 0.95, cents - np.maximum(cents // 100, 1), cents)
    left_only, right_only = (kind > 0.9) & (kind <= 0.925), (kind > 0.925) & (kind <= 0.95)
    base = np.datetime64("2026-01-01")
    # Each file numbers its rows by itself: a number of one says nothing about the other.
    left_rows, right_rows = np.flatnonzero(~right_only), rng.permutation(np.flatnonzero(~left_only))

    def money(values: np.ndarray) -> pa.Array:
        whole, part = (values // 100).astype(str), np.char.zfill((values % 100).astype(str), 2)
        return pa.array(np.char.add(np.char.add(whole, "."), part))

    left = pa.table(
        {
            "bank_id": pa.array(np.char.add("B", (10_000_000 + left_rows).astype(str))),
            "booking_date": pa.array((base + day + lag)[left_rows].astype(str)),
            "text": pa.array(left_text[left_rows]),
            "amount": money(cents[left_rows]),
        }
    )
    right = pa.table(
        {
            "entry": pa.array(np.char.add("G", (70_000_000 + rng.permutation(rows)[right_rows]).astype(str))),
            "document": pa.array(document[right_rows]),
            "posting_date": pa.array((base + day)[right_rows].astype(str)),
            "customer": pa.array(name[right_rows]),
            "amount": money(right_cents[right_rows]),
        }
    )
    place = np.full(rows, -1)
    place[right_rows] = np.arange(len(right_rows))
    return left, right, place[left_rows]
