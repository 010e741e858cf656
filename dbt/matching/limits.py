"""Limits: where the work was bounded, remembered for each row, so that nothing is cut in silence.

A row that is open or only suggested carries what was left out when a partner was looked for: a person then
knows that the engine did not look everywhere, and where to look. No search happens here.
"""

from __future__ import annotations

import numpy as np

#: code -> what a person reads at the row; each begins with what happened.
LIMITS = {
    "reference_block_too_large": "block too large: its reference stands on so many rows that only those of an equal amount were compared",
    "party_block_too_large": "block too large: its party has so many open rows that only those of near amounts or of neighbouring months were compared one by one",
    "amount_block_too_large": "block too large: so many rows carry its amount that only those within three days were compared",
    "block_undecided": "block too large: so many equal amounts lie around its day that only a reference can tell them apart",
    "too_many_alike": "block too large: more than 20 rows could be its amount with two digits swapped, or its amount in another currency",
    "words_too_common": "search budget exhausted: its words stand on so many rows that they were not compared",
    "near_amounts_cut": "block too large: many rows lie near its amount and date; only the nearest were compared",
    "spelling_not_compared": "search budget exhausted: its text was compared by whole words only, not by spelling",
    "reference_group_too_large": "block too large: its reference joins more than 200 rows, too many for one group",
    "block_sum_not_compared": "block too large: the sum of its batch or day fits so many rows, or has so many members, that it was not compared",
    "offsets_not_compared": "block too large: more than 10 rows of its side could cancel it",
    "too_dense_to_search": "block too large: so many rows lie around its date that some sum always fits, and would prove nothing",
    "search_budget_exhausted": "search budget exhausted: it was not compared with sums of several rows",
    "party_search_cut": "search budget exhausted: its party has so many open rows that only those of neighbouring months were tried in sums",
    "words_too_common_for_sums": "search budget exhausted: its words stand on so many rows that sums of the rows that share them were not tried",
    "search_pool_cut": "search budget exhausted: only the rows nearest in time were tried in sums",
    "sums_undecided": "several sums fit: too many combinations of rows add up to its amount to tell which is right",
    "component_too_large": "search budget exhausted: too many rows compete for each other to find the best solution",
}
_CODES = tuple(LIMITS)


class Limits:
    """What was left out, per item row (a bit per code)."""

    def __init__(self, rows: int) -> None:
        self.mask = np.zeros(rows, dtype=np.uint32)

    def mark(self, code: str, rows) -> None:
        """Remember that the search for partners of these rows was bounded."""
        self.mask[np.asarray(rows, dtype=np.int64)] |= np.uint32(1 << _CODES.index(code))

    def words(self, row: int) -> list[str]:
        """What a person should know about this row's search."""
        return [LIMITS[code] for k, code in enumerate(_CODES) if int(self.mask[row]) >> k & 1]

    def notes(self, rows: np.ndarray) -> list[tuple[np.ndarray, str, str]]:
        """(rows, code, message) of the given rows, one entry per distinct combination of limits."""
        found = []
        marked = rows[self.mask[rows] > 0]
        for mask in np.unique(self.mask[marked]).tolist():
            codes = [code for k, code in enumerate(_CODES) if mask >> k & 1]
            message = "; ".join(LIMITS[code] for code in codes)
            found.append((marked[self.mask[marked] == mask], codes[0], message))
        return found

    def summary(self, rows: np.ndarray) -> list[tuple[str, str]]:
        """(code, one line for the report) for each limit that these rows met."""
        lines = []
        for k, code in enumerate(_CODES):
            count = int(((self.mask[rows] >> k) & 1).sum())
            if count:
                lines.append((code, f"{count:,} rows that are open or only suggested: {LIMITS[code]}"))
        return lines
