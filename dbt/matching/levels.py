"""Levels: the steps in which two rows agree or disagree, and what each is called. No probabilities here."""

from __future__ import annotations

import numpy as np

LAG_LABELS = [
    "left more than a year earlier",
    "left 6-12 months earlier",
    "left 3-6 months earlier",
    "left 46-90 days earlier",
    "left 31-45 days earlier",
    "left 15-30 days earlier",
    "left 8-14 days earlier",
    "left 4-7 days earlier",
    "left 2-3 days earlier",
    "left 1 day earlier",
    "same day",
    "left 1 day later",
    "left 2-3 days later",
    "left 4-7 days later",
    "left 8-14 days later",
    "left 15-30 days later",
    "left 31-45 days later",
    "left 46-90 days later",
    "left 3-6 months later",
    "left 6-12 months later",
    "left more than a year later",
    "no date",
]
NO_LAG = len(LAG_LABELS) - 1
RATIOS = (0.001, 0.01, 0.03, 0.1, 0.3)
AMOUNT_LABELS = [
    "equal",
    *(f"left less by up to {100 * x:g}%" for x in RATIOS),
    "left much less",
    *(f"left more by up to {100 * x:g}%" for x in RATIOS),
    "left much more",
    "two digits swapped",
    "equal to the original amount",
    "other currency",
    "worth as much at the usual rate of these files",
    "equal less the early-payment discount",
]
LESS, MUCH_LESS, MORE, MUCH_MORE, SWAPPED = 1, 6, 7, 12, 13
ORIGINAL, OTHER_CURRENCY, USUAL_RATE, DISCOUNTED = 14, 15, 16, 17
KEY_LABELS = [
    "no reference to compare",
    "references differ",
    "shared reference",
    "shared reference in the text",
    "shared batch",
]
PARTY_LABELS = ["party unknown", "different parties", "similar name, or named in the text", "same party"]
TEXT_LABELS = [
    "no text to compare",
    "nothing alike",
    "spelled a little alike",
    "few words shared",
    "spelled alike",
    "some words shared",
    "most words shared",
    "spelled nearly the same",
    "all words shared",
    "same party, text not counted twice",
]
ATTRIBUTE_LABELS = ["not given", "different", "equal"]
#: All of them.
LABELS = (LAG_LABELS, AMOUNT_LABELS, KEY_LABELS, PARTY_LABELS, TEXT_LABELS, ATTRIBUTE_LABELS)


def lag_level(lag: np.ndarray) -> np.ndarray:
    """Bins of LAG_LABELS; symmetric: 0, 1, 2-3, 4-7, 8-14, 15-30, 31-45, 46-90, 91-180, 181-365, more."""
    size = np.searchsorted([1, 2, 4, 8, 15, 31, 46, 91, 181, 366], np.abs(lag), side="right")
    return np.where(lag < 0, 10 - size, 10 + size)
