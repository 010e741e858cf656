"""The results as a picture: cost against size on logarithmic axes, and what each phase takes."""

from pathlib import Path
from typing import Any

from tests.benchmarks.nightly.table import PHASES, UNIT


def draw(results: dict[str, Any], target: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    sizes = results["sizes"]
    orders = [size["orders"] for size in sizes]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), dpi=120)
    hand = [size["limit"]["read"][UNIT] + size["limit"]["transform"][UNIT] for size in sizes]
    with_rows = [size for size in sizes if "rows" in size]
    for label, x, y, style in (
        ("tieout run, everything new", orders, [size["full"]["total"][UNIT] for size in sizes], "o-"),
        ("tieout run, no news", orders, [size["no_news"]["total"][UNIT] for size in sizes], "o--"),
        (
            "tieout, extract and load",
            orders,
            [size["full"]["phases"]["extract"][UNIT] for size in sizes],
            "s-",
        ),
        (
            "dlt, row by row (load only)",
            [size["orders"] for size in with_rows],
            [size["rows"][UNIT] for size in with_rows],
            "^:",
        ),
        ("hand-written SQL (no checks)", orders, hand, "d-"),
    ):
        left.plot(x, y, style, label=label, linewidth=1.6, markersize=4)
    left.set(xscale="log", yscale="log", xlabel="orders", ylabel="CPU seconds")
    left.grid(visible=True, which="both", alpha=0.2)
    left.legend(frameon=False, fontsize=8)
    bottom = [0.0] * len(sizes)
    names = [f"{count:,}" for count in orders]
    for phase in PHASES:
        values = [100 * size["full"]["phases"][phase][UNIT] / size["full"]["total"][UNIT] for size in sizes]
        right.bar(names, values, bottom=bottom, label=phase, width=0.6)
        bottom = [below + value for below, value in zip(bottom, values, strict=True)]
    right.set(xlabel="orders", ylabel="share of CPU seconds, %", ylim=(0, 100))
    right.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"The nightly job by size: {results['machine']}", fontsize=9)
    figure.tight_layout()
    figure.savefig(target)
    pyplot.close(figure)
