"""Kept: the candidate pairs of all pieces as if they were one table, without holding them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from matching.evidence import Weighed
from matching.store import Store


class Kept:
    """Pairs by their place among all, ordered by l and r. Only who meets whom is held."""

    def __init__(self, store: Store, names: list[str]) -> None:
        """names: results of the task weigh, in the order of their pieces."""
        self.store = store
        self.names = names
        pieces = []
        for name in names:
            table = store.get(name).kept
            rule = table.column("rule").to_numpy()
            named = table.column("has_reference").to_numpy()
            # Copies, or each piece would stay mapped.
            pieces.append(
                (table.column("l").to_numpy().copy(), table.column("r").to_numpy().copy(), rule >= 0, named)
            )
        self.l, self.r, self.is_allowed, self.has_reference = (
            np.concatenate(columns) for columns in zip(*pieces, strict=True)
        )
        self.start = np.cumsum([0, *(len(piece[0]) for piece in pieces)])

    def take(self, places: np.ndarray, columns: list[str] | None = None) -> pa.Table:
        """Some of the pairs (ascending places)."""
        bound = np.searchsorted(places, self.start)
        tables = []
        for piece in np.flatnonzero(np.diff(bound)).tolist() or [0]:
            weighed: Weighed = self.store.get(self.names[piece])
            table = weighed.kept if columns is None else weighed.kept.select(columns)
            tables.append(table.take(pa.array(places[bound[piece] : bound[piece + 1]] - self.start[piece])))
        return pa.concat_tables(tables).combine_chunks()


@dataclass
class Named:
    """Pairs of open rows that a reference joins: what groups are made from. See features.Pairs for the columns."""

    l: np.ndarray  # noqa: E741
    r: np.ndarray
    has_reference: np.ndarray
    is_fx: np.ndarray
    difference: np.ndarray


def named(kept: Kept, is_open: np.ndarray) -> Named:
    """Those of them whose rows are both open."""
    places = np.flatnonzero(kept.has_reference & is_open[kept.l] & is_open[kept.r])
    table = kept.take(places, ["is_fx", "difference"])
    return Named(
        kept.l[places].astype(np.int64),
        kept.r[places].astype(np.int64),
        np.ones(len(places), dtype=bool),
        table.column("is_fx").to_numpy(),
        table.column("difference").to_numpy(),
    )
