"""How cost grows: both sides of `large.two_sides` in sizes up to three million rows, each in a process of its own.

python tests/benchmarks/matching/scaling.py measure ROWS    one size, one JSON line
python tests/benchmarks/matching/scaling.py equal ROWS      ROWS equal amounts on one day on each side
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)
PICTURE = Path(__file__).parents[3] / ".github" / "images" / "matching_scaling.png"


def measure(rows: int, table) -> dict:
    """CPU seconds (all threads and processes), wall seconds and peak memory of one match, with the links found.

    Memory is the sum of what all processes of the run have resident at once; a page that several have counts for each.
    """
    from matching.tables import match_tables

    left, right, truth = table(rows)
    with Memory() as memory:
        before = memory.peak
        cpu, wall = _cpu(), time.perf_counter()
        matched = match_tables(left, right)
        cpu, wall = _cpu() - cpu, time.perf_counter() - wall
    counts = _links(matched, left, right, truth)
    return {"rows": rows, "cpu": cpu, "wall": wall, "gib": memory.peak, "gib_before": before, **counts}


def _cpu() -> float:
    """CPU seconds of this process and of those that it started and saw end."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


class Memory:
    """The most that this process and its children had resident together (GiB), looked at ten times a second."""

    def __init__(self) -> None:
        self.peak = _resident()
        self._is_over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Memory:
        self._watch.start()
        return self

    def __exit__(self, *_) -> None:
        self._is_over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.1):
            self.peak = max(self.peak, _resident())


def _resident() -> float:
    me = os.getpid()
    pages = 0
    for process in (me, *map(int, Path(f"/proc/{me}/task/{me}/children").read_text().split())):
        try:
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        except OSError:
            continue  # it ended while we looked
    return pages * resource.getpagesize() / 2**30


def _links(matched, left, right, truth) -> dict:
    import duckdb
    import pyarrow as pa

    con = duckdb.connect(":memory:", config={"preserve_insertion_order": False})
    con.register("matches", matched.result.matches.select(["match_id", "status"]))
    con.register("allocations", matched.result.allocations.select(["match_id", "left_id", "right_id"]))
    con.register("notes", matched.result.notes.select(["code", "item_id"]))
    con.register("l", pa.table({"id": left.column(0), "place": pa.array(truth)}))
    con.register("r", pa.table({"id": right.column(0), "place": pa.array(range(right.num_rows), pa.int64())}))
    auto, wrong, found, true = con.execute("""
        with link as (select l.id as left_id, r.id as right_id from l inner join r using (place)),
            made as (
                select allocations.*, status, link.left_id is not null as is_true
                from allocations inner join matches using (match_id)
                left join link on allocations.left_id = link.left_id and allocations.right_id = link.right_id
            )
        select count(*) filter (where status = 'auto'), count(*) filter (where status = 'auto' and not is_true),
            count(*) filter (where is_true), (select count(*) from link)
        from made
    """).fetchone()
    noted = con.execute("select count(distinct item_id) from notes where item_id is not null").fetchone()[0]
    return {"auto": auto, "auto_wrong": wrong, "found": found, "true": true, "noted": noted}


def equal_rows(rows: int):
    """Nothing tells these rows apart: the same amount on one day, no reference, on both sides."""
    import numpy as np
    import pyarrow as pa

    def side(name: str) -> pa.Table:
        numbers = np.arange(rows).astype(str)
        return pa.table(
            {
                f"{name}_id": pa.array(np.char.add(name[0].upper(), numbers)),
                "date": pa.array(["2026-05-10"] * rows),
                "amount": pa.array(["100.00"] * rows),
            }
        )

    return side("left"), side("right"), np.full(rows, -1)


def in_own_process(kind: str, rows: int) -> dict:
    """Peak memory of one run says nothing after a larger one: every size starts afresh."""
    done = subprocess.run(
        [sys.executable, __file__, kind, str(rows)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{kind} {rows}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def table_of(results: list[dict]) -> list[str]:
    """The figures as lines of a Markdown table."""
    lines = [
        "| rows a side | CPU s | wall s | peak GiB | CPU ms per 1,000 rows | decided links | of them wrong | recall |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for r in results:
        recall = f"{r['found'] / r['true']:.4f}" if r["true"] else ""
        lines.append(
            f"| {r['rows']:,} | {r['cpu']:.1f} | {r['wall']:.1f} | {r['gib']:.2f} | {1e6 * r['cpu'] / r['rows']:.0f} | {r['auto']:,} | {r['auto_wrong']:,} | {recall} |"
        )
    return lines


def draw(results: list[dict], path: Path) -> None:
    """The curve on two logarithmic axes, beside a line that grows exactly with the number of rows."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [r["rows"] for r in results]
    figure, (time_axis, memory_axis) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    linear = [results[-1]["cpu"] * n / rows[-1] for n in rows]
    time_axis.loglog(rows, linear, "--", color="#9aa7b4", label="linear")
    time_axis.loglog(
        rows, [r["cpu"] for r in results], "o-", color="#1a7f5a", label="CPU seconds (all threads)"
    )
    # Wall time is in the table only: it shows what else the machine did.
    time_axis.set(title="Time", xlabel="rows on each side", ylabel="seconds")
    time_axis.legend(frameon=False)
    memory_axis.loglog(
        rows, [results[-1]["gib"] * n / rows[-1] for n in rows], "--", color="#9aa7b4", label="linear"
    )
    memory_axis.loglog(rows, [r["gib"] for r in results], "o-", color="#30507a", label="peak memory")
    memory_axis.set(title="Memory", xlabel="rows on each side", ylabel="GiB")
    memory_axis.legend(frameon=False)
    for axis in (time_axis, memory_axis):
        axis.grid(True, which="major", color="#e3e8ed")
        axis.set_xticks(rows, [f"{n // 1000:,}k" if n < 1_000_000 else f"{n // 1_000_000:,}M" for n in rows])
        axis.minorticks_off()
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    for axis, name, form in ((time_axis, "cpu", "{:.0f} s"), (memory_axis, "gib", "{:.1f} GiB")):
        last = results[-1]
        axis.annotate(
            form.format(last[name]),
            (last["rows"], last[name]),
            textcoords="offset points",
            xytext=(-8, 8),
            ha="right",
        )
    figure.suptitle("tieout match, default rules, two cores")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


if __name__ == "__main__":
    import large

    kind, count = sys.argv[1], int(sys.argv[2])
    print(json.dumps(measure(count, large.two_sides if kind == "measure" else equal_rows)))
