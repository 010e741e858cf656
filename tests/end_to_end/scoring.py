"""Scoring a run against the truth of its sample: precision and recall per fault, and of the matches.

Belongs here: comparing two lists. Does not belong here: making the sample or running the job.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Expected:
    """One exception that a fault must raise. `exception_types` has several where each is right."""

    fault_type: str
    exception_types: tuple[str, ...]
    document_id: str
    caused_by: str = ""


@dataclass(frozen=True)
class Reported:
    exception_type: str
    document_id: str
    explanation: str = ""


@dataclass
class Score:
    """Of one fault type. `missed` and `extra` hold what a person would look at."""

    expected: int = 0
    found: int = 0
    missed: list[Expected] = field(default_factory=list)
    extra: list[Reported] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        reported = self.found + len(self.extra)
        return self.found / reported if reported else 1.0


def score_faults(expected: Iterable[Expected], reported: Iterable[Reported]) -> dict[str, Score]:
    """Score per fault type.

    A report that no fault expects counts against the fault types that raise exceptions of its type, or
    against `no fault: <exception type>` where none does. One report answers every fault that expects it.
    """
    scores: dict[str, Score] = defaultdict(Score)
    reports = {(row.exception_type, row.document_id): row for row in reported}
    faults_by_exception: dict[str, set[str]] = defaultdict(set)
    answered: set[tuple[str, str]] = set()
    for wanted in expected:
        score = scores[wanted.fault_type]
        score.expected += 1
        for exception_type in wanted.exception_types:
            faults_by_exception[exception_type].add(wanted.fault_type)
        hits = [
            (kind, wanted.document_id)
            for kind in wanted.exception_types
            if (kind, wanted.document_id) in reports
        ]
        if hits:
            score.found += 1
            answered.update(hits)
        else:
            score.missed.append(wanted)
    for key, row in sorted(reports.items()):
        if key not in answered:
            for fault_type in faults_by_exception.get(row.exception_type) or {
                f"no fault: {row.exception_type}"
            }:
                scores[fault_type].extra.append(row)
    return dict(scores)


def read_expected(truth: Path) -> list[Expected]:
    """expected_exceptions.csv of the truth folder; alternatives are separated by `|`."""
    with (truth / "expected_exceptions.csv").open(encoding="utf-8", newline="") as file:
        return [
            Expected(
                fault_type=row["fault_type"],
                exception_types=tuple(row["exception_type"].split("|")),
                document_id=row["document_id"],
                caused_by=row["caused_by"],
            )
            for row in csv.DictReader(file)
        ]


def table(scores: dict[str, Score]) -> str:
    """The table that a person reads, one line per fault type, with what went wrong below it."""
    width = max((len(name) for name in scores), default=10) + 2
    lines = [f"{'fault type':<{width}}{'expected':>9}{'found':>7}{'extra':>7}{'precision':>11}{'recall':>8}"]
    for name in sorted(scores):
        score = scores[name]
        lines.append(
            f"{name:<{width}}{score.expected:>9}{score.found:>7}{len(score.extra):>7}"
            f"{score.precision:>11.3f}{score.recall:>8.3f}"
        )
    for name in sorted(scores):
        for wanted in scores[name].missed:
            lines.append(
                f"missed  {name}: {'|'.join(wanted.exception_types)} {wanted.document_id} {wanted.caused_by}"
            )
        for row in scores[name].extra:
            lines.append(f"extra   {name}: {row.exception_type} {row.document_id}: {row.explanation}")
    return "\n".join(lines)
