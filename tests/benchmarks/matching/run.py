"""Prints the benchmark table: `python tests/benchmarks/matching/run.py [families] [noise levels]`.

Every matcher sees the same files. Precision, recall and F1 count links; `sure P` is the precision of what
the engine decides without a person; `refused` the share of undecidable rows that it left to one.
"""

from __future__ import annotations

import sys
import time
import warnings

import labelled
import rivals
from matching.tables import match_tables
from score import score


def engine(case) -> tuple[dict, object, float]:
    start = time.process_time()
    matched = match_tables(case.left, case.right)
    seconds = time.process_time() - start
    status = dict(
        zip(
            matched.result.matches.column("match_id").to_pylist(),
            matched.result.matches.column("status").to_pylist(),
            strict=True,
        )
    )
    found = {
        (a["left_id"], a["right_id"]): status[a["match_id"]]
        for a in matched.result.allocations.to_pylist()
        if a["left_id"] is not None and a["right_id"] is not None
    }
    return found, matched, seconds


def main(families: list[str], levels: list[str]) -> None:
    print("| files | matcher | P | R | F1 | sure P | sure R | refused | recall per shape | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for family in families:
        for level in levels:
            case = labelled.FAMILIES[family](level)
            found, matched, seconds = engine(case)
            _line(case, "tieout", found, seconds)
            left, right = rivals.rows(case.left, matched.left), rivals.rows(case.right, matched.right)
            for name in ("exact", "greedy", "splink"):
                start = time.process_time()
                try:
                    others = getattr(rivals, name)(left, right)
                except ImportError:
                    continue
                except Exception as problem:  # a rival that cannot train on a file is shown as such
                    print(
                        f"| {case.name} | {name} | failed: {type(problem).__name__}: {str(problem).splitlines()[0][:80]} | | | | | | | |"
                    )
                    continue
                _line(case, name, others, time.process_time() - start)


def _line(case, name: str, found: dict, seconds: float) -> None:
    s = score(case, found)
    shapes = ", ".join(f"{shape} {value:.3f}" for shape, value in s.by_shape.items())
    sure = (
        (f"{s.auto_precision:.4f}", f"{s.auto_share:.3f}", f"{s.refused:.3f}")
        if name == "tieout"
        else ("", "", "")
    )
    print(
        f"| {case.name} | {name} | {s.precision:.4f} | {s.recall:.4f} | {s.f1:.4f} | {sure[0]} | {sure[1]} | {sure[2]} | {shapes} | {seconds:.1f} |",
        flush=True,
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(
        sys.argv[1].split(",") if len(sys.argv) > 1 else list(labelled.FAMILIES),
        sys.argv[2].split(",") if len(sys.argv) > 2 else list(labelled.NOISE),
    )
