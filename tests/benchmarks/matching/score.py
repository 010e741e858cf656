"""Scores of a matcher on labelled files: precision, recall and F1 of links, overall, of sure ones, per shape."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass
class Score:
    precision: float
    recall: float
    f1: float
    auto_precision: float
    auto_share: float
    by_shape: dict[str, float]  # recall per shape
    refused: float  # share of the undecidable rows that were not decided alone


def score(case, found: dict[tuple[str, str], str]) -> Score:
    """`found`: link -> status (auto or suggested)."""
    truth = case.links
    hit = sum(link in truth for link in found)
    precision, recall = hit / max(len(found), 1), hit / max(len(truth), 1)
    auto = [link for link, status in found.items() if status == "auto"]
    shapes, hits = Counter(truth.values()), Counter(shape for link, shape in truth.items() if link in found)
    decided = {left for left, _ in auto}
    return Score(
        precision,
        recall,
        2 * precision * recall / max(precision + recall, 1e-9),
        sum(link in truth for link in auto) / max(len(auto), 1),
        sum(link in truth for link in auto) / max(len(truth), 1),
        {shape: hits[shape] / count for shape, count in sorted(shapes.items())},
        1 - len(decided & case.refuse) / len(case.refuse) if case.refuse else 1.0,
    )
