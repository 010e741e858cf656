"""Chosen: candidates with what was decided about them, as those need it who write it down. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Chosen:
    """Everything the assembly needs: the candidates (pairs first, then groups) and what was decided."""

    items: object
    pairs: object
    allowed: np.ndarray  # pair candidates, as positions in pairs
    contribution: np.ndarray
    pair_rule: np.ndarray
    groups: list  # group candidates
    group_parts: list
    group_rule: np.ndarray
    decision: object
    score: np.ndarray
    own: np.ndarray
    rules: list
    tolerances: list
    options: object

    def members(self, candidate: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if candidate < len(self.allowed):
            k = self.allowed[candidate]
            return (int(self.pairs.l[k]),), (int(self.pairs.r[k]),)
        group = self.groups[candidate - len(self.allowed)]
        return group.left, group.right

    def limits(self, candidate: int) -> list[str]:
        """Where the search for the members' partners was bounded, in words."""
        found = [
            word for rows in self.members(candidate) for row in rows for word in self.items.limits.words(row)
        ]
        return list(dict.fromkeys(found))

    def rival(self, candidate: int) -> dict | None:
        """The runner-up in words, None when nothing else was possible."""
        other = int(self.decision.runner_up[candidate])
        if other < 0:
            return None
        left, right = self.members(other)
        ids = self.items.item_id
        return {
            "left": [ids[i].as_py() for i in left[:5]],
            "right": [ids[i].as_py() for i in right[:5]],
            "confidence": round(float(self.decision.probability[other]), 4),
            "margin": round(float(self.score[candidate] - self.score[other]), 2),
        }


class Book:
    """Per item row: what was allocated and written off, and by which match (row of the unsorted matches)."""

    def __init__(self, rows: int) -> None:
        self.allocated = np.zeros(rows, dtype=np.int64)
        self.written_off = np.zeros(rows, dtype=np.int64)
        self.match = np.full(rows, -1, dtype=np.int64)
        self.count = 0
