"""Components: rows that compete for each other, and their packing into batches of bounded size. No decisions here.

Two candidates can only hinder each other if a chain of candidates joins them. So the components of this graph can be
decided apart, in any order and by any process, with the same result as all at once.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def components(a: np.ndarray, b: np.ndarray, nodes: int) -> np.ndarray:
    """Number of the component of each node, when each a[i] is joined with b[i]."""
    graph = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1]


def packed(label: np.ndarray, limit: int) -> np.ndarray:
    """The batch of each candidate, given its component: whole components, in their order, about `limit` candidates each."""
    size = np.bincount(label)
    before = np.cumsum(size) - size
    batch = before // max(limit, 1)
    # Numbers without gaps: a large component takes the place of several batches.
    _, place = np.unique(batch[size > 0], return_inverse=True)
    number = np.zeros(len(size), dtype=np.int64)
    number[size > 0] = place
    return number[label]


def slices(order_of: np.ndarray, count: int) -> list[np.ndarray]:
    """Positions of each of `count` batches, ascending."""
    order = np.argsort(order_of, kind="stable")
    return np.split(order, np.searchsorted(order_of[order], np.arange(1, count)))
