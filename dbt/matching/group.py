"""Group: a candidate of several rows, and what a sum that fits is worth. Where groups come from is in group_*.py."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from matching.items import NO_DATE, TICKS, Items

#: Rows that one subset search looks at, and the most a group may have when found by search.
POOL = 34
MAX_GROUP = 12
#: Rows of both sides of two blocks with equal sums, and blocks of equal sums that one row may fit.
BLOCKS_OF_BOTH = 60
BLOCK_RIVALS = 20


@dataclass
class Group:
    left: tuple[int, ...]
    right: tuple[int, ...]
    kind: str  # reference, offset, or a key of group_scores.BASE
    chance: float  # probability that amounts fit like this by accident
    linked: int = 0  # members joined by a shared reference
    is_batch: bool = False  # its rows carry one batch, whatever else joins them
    has_usual_fee: bool = False  # its difference is the fee that the other batches have, see batch_fees.py
    is_net: bool = False  # its documents are paid less their early-payment discounts
    notes: list[str] = field(default_factory=list)

    @property
    def is_whole_party(self) -> bool:
        """Several rows of one party on both sides: who owes nothing more, but not which row pays which."""
        return self.kind == "party" and len(self.left) > 1 and len(self.right) > 1


class Hits:
    """How often sums were looked for and found, per kind, stratum and side of the single row.

    A search of a thousand rows finds some sums by accident. As in empirical Bayes testing (Efron 2010,
    "Large-Scale Inference"), the share of true ones is estimated from what was found beyond that: it is the
    prior of each group, and replaces the default once there are enough searches to learn from.
    """

    #: How many searches the default is worth.
    STRENGTH = 10.0

    def __init__(self) -> None:
        self.searched: dict[tuple, int] = {}
        self.by_accident: dict[tuple, float] = {}
        self.found: dict[tuple, int] = {}

    @staticmethod
    def key(items: Items, kind: str, target: int, side: str | None = None) -> tuple:
        """The searches that are alike: of one kind and stratum, for rows of one side (or blocks of both)."""
        return kind, int(items.stratum[target]), side or ("left" if items.is_left[target] else "right")

    def add(
        self, items: Items, kind: str, target: int, chance: float, is_found: bool, side: str | None = None
    ) -> None:
        key = self.key(items, kind, target, side)
        self.searched[key] = self.searched.get(key, 0) + 1
        self.by_accident[key] = self.by_accident.get(key, 0.0) + chance
        self.found[key] = self.found.get(key, 0) + is_found

    def log_odds(self, items: Items, group: Group, default: float) -> float:
        """Log-odds before its own evidence that a group of this kind is true; `default` for unsearched kinds."""
        if len(group.left) != 1 and len(group.right) != 1:
            key = self.key(items, group.kind, (group.left or group.right)[0], "both")
        else:
            key = self.key(items, group.kind, (group.left if len(group.left) == 1 else group.right)[0])
        if key not in self.searched:
            return default
        usual = 1 / (1 + np.exp(-default))
        true = max(self.found[key] - self.by_accident[key], 0.0)
        share = (true + self.STRENGTH * usual) / (self.searched[key] + self.STRENGTH)
        return float(np.clip(np.log(share / (1 - share)), -8.0, 1.5))


def base_chance(size: int) -> float:
    """Probability that an unrelated amount equals this one: round amounts are common."""
    if size % (100 * TICKS) == 0:
        return 3e-3
    return 1e-3 if size % TICKS == 0 else 2e-4


def search_chance(amounts: np.ndarray, searched: float) -> float:
    """Probability that some subset of the pool hits an unrelated target exactly.

    Sums of the pool lie on a grid (its greatest common divisor, at most ten units) between zero and the
    total: as many subsets as grid points, and a hit proves nothing.
    """
    searched = max(searched - len(amounts) - 1, 1.0)  # not the empty set and the single rows
    grid = int(np.gcd.reduce(np.abs(amounts)))
    spread = max(float(np.abs(amounts).sum()) / max(min(grid, 10 * TICKS), 1), 2.0)
    return float(max(1.0 - np.exp(-searched / spread), 1e-9))


#: Sure pairs that tell how far apart in time the two rows of a pair are, and the steps that this is rounded to.
LAGS_FROM = 12
_LAG_STEPS = np.array(
    [-400, -200, -120, -90, -60, -45, -31, -21, -14, -7, -3, 0, 3, 7, 14, 21, 31, 45, 60, 90, 120, 200, 400]
)


def usual_lags(items: Items, left: np.ndarray, right: np.ndarray) -> dict[int, tuple[int, int]]:
    """Between which lags (left minus right, days) the sure pairs of each reconciliation lie, a step of room given.

    In steps, so that a few late rows do not change what is searched.
    """
    found = {}
    known = (items.date[left] != NO_DATE) & (items.date[right] != NO_DATE)
    lag, rec = (items.date[left] - items.date[right])[known], items.rec[left][known]
    for code in np.unique(rec).tolist():
        mine = lag[rec == code]
        if len(mine) >= LAGS_FROM:
            low = int(np.searchsorted(_LAG_STEPS, np.quantile(mine, 0.02), side="right")) - 2
            high = int(np.searchsorted(_LAG_STEPS, np.quantile(mine, 0.98), side="left")) + 1
            found[code] = (int(_LAG_STEPS[max(low, 0)]), int(_LAG_STEPS[min(high, len(_LAG_STEPS) - 1)]))
    return found


def oriented(items: Items, target: int, members: list[int], kind: str, chance: float) -> Group:
    """The group of one target and its members, with left and right in their places."""
    several = tuple(sorted(members))
    return (
        Group((target,), several, kind, chance)
        if items.is_left[target]
        else Group(several, (target,), kind, chance)
    )


def lag_range(items: Items, group: Group) -> tuple[int, int] | None:
    """Smallest and largest left-minus-right lag in days of a group's members; None when a date is unknown."""
    left = items.date[list(group.left)] if group.left else items.date[list(group.right[:1])]
    right = items.date[list(group.right)] if group.right else items.date[list(group.left[1:])]
    if (left == NO_DATE).any() or (right == NO_DATE).any():
        return None
    return int(left.min() - right.max()), int(left.max() - right.min())
