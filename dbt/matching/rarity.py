"""Rarity: how probable it is that two rows that have nothing to do with each other agree in a value.

Known of every row before pairs are compared, because it depends on all rows: an equal amount of 1,234.56 that
occurs once says far more than an equal 100.00 that occurs often (Newcombe et al. 1959, "Automatic linkage of vital
records"; Winkler 1989, frequency-based matching). A small constant is added to each count, so that a few rows do not
look like proof. Date and amount levels get theirs exactly, from the histograms of both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.items import NO_DATE, TICKS, Items, codes_of
from matching.levels import (
    AMOUNT_LABELS,
    LAG_LABELS,
    LESS,
    MORE,
    MUCH_LESS,
    MUCH_MORE,
    RATIOS,
    SWAPPED,
    lag_level,
)


@dataclass
class Rarity:
    """Log probabilities of accidental agreement. Per row arrays hold for left rows; right ones are never asked."""

    left: np.ndarray  # left rows per stratum
    right: np.ndarray
    amount: np.ndarray  # per row: another row carries this very amount
    party: np.ndarray  # per row: another row names this party
    amount_levels: np.ndarray  # stratum x level of AMOUNT_LABELS, as probabilities
    lag_levels: np.ndarray  # stratum x level of LAG_LABELS, as probabilities
    currency: np.ndarray  # code per row
    attributes: list[np.ndarray]  # code per row, -1 when not given
    attribute: list[np.ndarray]  # per row: another row has this value
    density: Density | None  # for amounts less a discount; None where nobody grants any


def measure(con, items: Items) -> Rarity:
    """How rare each row's values are, among the rows of its stratum: only these can be its partners."""
    left = np.bincount(items.stratum[items.is_left], minlength=items.strata).astype(float)
    right = np.bincount(items.stratum[~items.is_left], minlength=items.strata).astype(float)
    currency = codes_of(items.currency)
    size = np.abs(items.amount)
    base = np.where(size % (100 * TICKS) == 0, 3e-3, np.where(size % TICKS == 0, 1e-3, 2e-4))
    lefts = np.flatnonzero(items.is_left)
    density = Density(items)
    amount = np.zeros(len(items))
    amount[lefts] = np.maximum(
        _agreement(items, left, right, items.amount * 1000 + currency, base, lefts),
        np.log(np.maximum(density.at(items.stratum[lefts], size[lefts]), 1e-12)),
    )
    party = np.zeros(len(items))
    party[lefts] = _agreement(items, left, right, items.party, 2e-3, lefts)
    attributes, attribute = [], []
    for position in range(items.attribute_count):
        code = _attribute(con, position)
        chance = np.zeros(len(items))
        chance[lefts] = _agreement(items, left, right, code, 0.02, lefts)
        attributes.append(code)
        attribute.append(chance)
    return Rarity(
        left,
        right,
        amount,
        party,
        _amount_chances(items),
        _lag_chances(items),
        currency,
        attributes,
        attribute,
        density if items.discount.any() else None,
    )


def _attribute(con, position: int) -> np.ndarray:
    values = con.execute(
        f"select nullif(upper(trim(attributes[{position + 1}])), '') as value from item order by row"
    ).to_arrow_table()
    return codes_of(values.column(0).combine_chunks().dictionary_encode())


def by_stratum(items: Items, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(stratum, those of `rows` that are in it), for strata that have any; rows keep their order."""
    order = rows[np.argsort(items.stratum[rows], kind="stable")]
    codes, start = np.unique(items.stratum[order], return_index=True)
    if len(order):
        yield from zip(codes.tolist(), np.split(order, start[1:]), strict=True)


def _occurrences(items: Items, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row, how many left and how many right rows of its stratum carry its value."""
    _, code = np.unique(value, return_inverse=True)
    code = code.astype(np.int64) * items.strata + items.stratum
    _, code = np.unique(code, return_inverse=True)
    left = np.bincount(code[items.is_left], minlength=code.max(initial=0) + 1)
    right = np.bincount(code[~items.is_left], minlength=code.max(initial=0) + 1)
    return left[code].astype(float), right[code].astype(float)


def chance_of(
    count: np.ndarray, total: np.ndarray, base: np.ndarray | float, strength: float = 20.0
) -> np.ndarray:
    """Probability that an unrelated row carries this value: its other occurrences, smoothed by `base`."""
    return (np.maximum(count - 1, 0) + strength * base) / (total - 1 + strength)


def _agreement(
    items: Items, of_left: np.ndarray, of_right: np.ndarray, value: np.ndarray, base, rows: np.ndarray
):
    """Log probability that an unrelated partner of each row carries its value: on the side where that is likelier."""
    left, right = _occurrences(items, value)
    stratum = items.stratum[rows]
    base = base[rows] if isinstance(base, np.ndarray) else base
    return np.log(
        np.maximum(
            chance_of(right[rows], of_right[stratum], base), chance_of(left[rows], of_left[stratum], base)
        )
    )


class Density:
    """How close amounts lie to each other: the sorted amounts of each stratum, side and grid.

    Counting how often an amount occurs says nothing where each occurs once: among two hundred whole amounts
    below five hundred a stranger hits one of them once in five hundred times, among amounts in cents hardly
    ever. The density is that of the rows within a fifth, on the coarsest grid that the amount itself lies on.
    """

    def __init__(self, items: Items) -> None:
        size = np.abs(items.amount)
        self.sides: dict[int, list[tuple[int, int, np.ndarray]]] = {}
        for stratum, rows in by_stratum(items, np.arange(len(items))):
            is_left = items.is_left[rows]
            self.sides[stratum] = [
                (grid, len(side), np.sort(side[side % grid == 0]))
                for side in (size[rows[is_left]], size[rows[~is_left]])
                for grid in (TICKS // 100, TICKS)
            ]

    def at(self, stratum: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Probability that an unrelated row of each stratum carries exactly the wanted amount (ticks)."""
        result = np.zeros(len(wanted))
        # In the order of their amounts: a search for neighbours goes on where the last one ended.
        order = np.lexsort((wanted, stratum))
        codes, start = np.unique(stratum[order], return_index=True)
        for code, mine in zip(codes.tolist(), np.split(order, start)[1:], strict=True):
            value = wanted[mine]
            for grid, rows, fits in self.sides[code]:
                if len(fits) < 2:
                    continue
                reach = np.maximum(value // 5, 5 * grid)
                low, high = np.maximum(value - reach, 0), value + reach
                near = np.searchsorted(fits, high, side="right") - np.searchsorted(fits, low, side="left")
                cells = (high - low) // grid + 1
                # The row itself is one of those near it.
                chance = np.maximum(near - 1, 0) / (rows - 1) / cells
                result[mine] = np.maximum(result[mine], np.where(value % grid == 0, chance, 0.0))
        return result


def _amount_chances(items: Items) -> np.ndarray:
    """Probability of each amount level for unrelated rows, from the sorted amounts of both sides, exactly."""
    table = np.empty((items.strata, len(AMOUNT_LABELS)))
    steps = (1e-3, 4e-3, 1e-2, 3e-2, 7e-2, 0.38)
    prior = np.array([1e-3, *steps, *steps, 2e-3, 2e-3, 0.5, 1e-2, 2e-3])
    for stratum, mine in by_stratum(items, np.arange(len(items))):
        left = np.abs(items.amount[mine[items.is_left[mine]]]).astype(float)
        right = np.sort(np.abs(items.amount[mine[~items.is_left[mine]]]).astype(float))
        if len(left) > 20_000:
            left = np.sort(left)[:: len(left) // 20_000]
        count = np.zeros(len(AMOUNT_LABELS))
        total = max(len(left) * len(right), 1)
        if len(left) and len(right):
            edges = [0.0, *RATIOS]
            previous_up = np.searchsorted(right, left, side="right")
            previous_down = np.searchsorted(right, left, side="left")
            for i, edge in enumerate(edges[1:]):
                up = np.searchsorted(right, left / (1 - edge), side="right")
                down = np.searchsorted(right, left * (1 - edge), side="left")
                count[LESS + i] = (up - previous_up).sum()
                count[MORE + i] = (previous_down - down).sum()
                previous_up, previous_down = up, down
            count[MUCH_LESS] = (len(right) - previous_up).sum()
            count[MUCH_MORE] = previous_down.sum()
        strength = 2000.0
        chance = (count + strength * prior) / (total + strength)
        chance[SWAPPED] = 1e-3
        table[stratum] = np.clip(chance, 1e-6, 1)
    return table


def _lag_chances(items: Items) -> np.ndarray:
    """Probability of each lag level for unrelated rows: the cross-correlation of both sides' days."""
    table = np.ones((items.strata, len(LAG_LABELS)))
    prior = np.array(
        [
            0.02,
            0.04,
            0.05,
            0.06,
            0.05,
            0.08,
            0.06,
            0.05,
            0.03,
            0.015,
            0.015,
            0.015,
            0.03,
            0.05,
            0.06,
            0.08,
            0.05,
            0.06,
            0.05,
            0.04,
            0.02,
        ]
    )
    prior = prior / prior.sum()
    table[:, :-1] = np.maximum(prior, 1e-6)
    for stratum, mine in by_stratum(items, np.flatnonzero(items.date != NO_DATE)):
        left, right = items.date[mine[items.is_left[mine]]], items.date[mine[~items.is_left[mine]]]
        count = np.zeros(len(LAG_LABELS) - 1)
        if len(left) and len(right):
            start = min(left.min(), right.min())
            span = int(max(left.max(), right.max()) - start) + 1
            if span <= 20_000:
                both = np.convolve(
                    np.bincount(left - start, minlength=span).astype(float),
                    np.bincount(right - start, minlength=span)[::-1].astype(float),
                )
                count += np.bincount(
                    lag_level(np.arange(-(span - 1), span)), weights=both, minlength=len(count)
                )
        strength = 200.0
        table[stratum, :-1] = np.maximum((count + strength * prior) / (count.sum() + strength), 1e-6)
    return table
