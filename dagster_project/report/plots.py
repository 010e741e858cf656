"""Plots of the close report as inline SVG: no script and no network, so the page opens anywhere.

Amounts become floats only here, where they turn into pixels; the numbers beside them are exact.
"""

import io
from collections.abc import Callable

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from dagster_project.report.figures import AGEING_BUCKETS, Figures, Row

INK, GRID = "#334155", "#e2e8f0"
SEVERITY = {"critical": "#b91c1c", "warning": "#d97706", "info": "#64748b"}
KEPT, LEFT, WAITING, OPEN = "#0f766e", "#94a3b8", "#cbd5e1", "#d97706"
# A fixed salt keeps the ids inside the SVG, and so the page, the same from run to run.
plt.rcParams.update(
    {
        "svg.hashsalt": "tieout",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.edgecolor": GRID,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.grid.axis": "x",
        "axes.axisbelow": True,
        "grid.color": GRID,
    }
)


def short(value: float, _position: int | None = None) -> str:
    """1234567 -> 1.2M, for axes only."""
    for limit, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"


def _svg(draw: Callable[[Axes], None], *, height: float, label: str, width: float = 7.2) -> str:
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    draw(axes)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Title": label})
    plt.close(figure)
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def waterfall(figures: Figures) -> str:
    """Records from declared by the sources down to matched or open, over all sources."""
    totals = figures.waterfall
    steps = [
        ("declared", totals["declared"], KEPT),
        ("rejected", -totals["rejected"], SEVERITY["critical"]),
        ("superseded", -totals["superseded"], LEFT),
        ("duplicate", -totals["duplicate"], LEFT),
        ("canonical", totals["canonical"], KEPT),
    ]

    def draw(axes: Axes) -> None:
        level = 0
        for position, (_, value, colour) in enumerate(steps):
            start = 0 if value >= 0 else level + value
            axes.bar(position, abs(value), bottom=start, color=colour, width=0.62)
            axes.annotate(
                f"{value:,}",
                (position, start + abs(value)),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
            )
            level = value if value >= 0 else level + value
        axes.set_xticks(range(len(steps)), [name for name, _, _ in steps])
        axes.grid(axis="x", visible=False)
        axes.grid(axis="y", visible=True)
        axes.yaxis.set_major_formatter(FuncFormatter(short))
        axes.margins(y=0.12)

    return _svg(draw, height=2.8, label="Records from declared to canonical")


def streams(rows: list[Row]) -> str:
    """What became of every declared record: one bar per stream, each record in exactly one part."""
    parts = (
        ("reconciled", KEPT),
        ("waiting", WAITING),
        ("still_open", OPEN),
        ("superseded", LEFT),
        ("duplicate", "#64748b"),
        ("rejected", SEVERITY["critical"]),
    )

    def draw(axes: Axes) -> None:
        names = [f"{row['stream'].replace('_', ' ')}, {row['declared']:,}" for row in rows]
        start = [0.0] * len(rows)
        for part, colour in parts:
            shares = [100 * float(row[part]) / float(row["declared"] or 1) for row in rows]
            axes.barh(names, shares, left=start, color=colour, label=part.replace("_", " "))
            start = [below + share for below, share in zip(start, shares, strict=True)]
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of declared records")
        axes.legend(
            frameon=False,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=3,
            borderaxespad=0,
            fontsize=9,
            columnspacing=1.2,
        )

    return _svg(draw, height=1.1 + 0.36 * len(rows), label="From declared to reconciled, by stream")


def progress(summary: list[Row], currency: str) -> str:
    """Matched, waiting and open amount per reconciliation of one entity, in its base currency."""

    def draw(axes: Axes) -> None:
        names = [row["reconciliation"].replace("_", " ") for row in summary]
        start = [0.0] * len(names)
        for part, colour in (("matched", KEPT), ("waiting", WAITING), ("open", OPEN)):
            amounts = [float(row[f"base_{part}_amount"] or 0) for row in summary]
            axes.barh(names, amounts, left=start, color=colour, label=part)
            start = [below + amount for below, amount in zip(start, amounts, strict=True)]
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(FuncFormatter(short))
        axes.set_xlabel(currency)
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0)

    return _svg(
        draw, height=0.9 + 0.34 * len(summary), label=f"Matched, waiting and open amounts, {currency}"
    )


def ageing(rows: list[Row], currency: str) -> str:
    """Open exceptions of one entity by age, in base currency."""

    def draw(axes: Axes) -> None:
        by_bucket = {row["bucket"]: row for row in rows}
        amounts = [
            float(by_bucket[bucket]["base_amount"]) if bucket in by_bucket else 0 for bucket in AGEING_BUCKETS
        ]
        bars = axes.barh(AGEING_BUCKETS, amounts, color=OPEN)
        labels = [
            f"{by_bucket[bucket]['items']} items" if bucket in by_bucket else "" for bucket in AGEING_BUCKETS
        ]
        axes.bar_label(bars, labels=labels, padding=3)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(FuncFormatter(short))
        axes.set_xlabel(currency)
        axes.margins(x=0.18)

    return _svg(draw, height=2.2, label=f"Open exceptions by age, {currency}")


def exceptions_by_type(rows: list[Row], currency: str) -> str:
    """Open exceptions of one entity by type, coloured by severity, in base currency."""

    def draw(axes: Axes) -> None:
        names = [row["exception_type"].replace("_", " ") for row in rows]
        bars = axes.barh(
            names,
            [float(row["base_amount"]) for row in rows],
            color=[SEVERITY.get(row["severity"], LEFT) for row in rows],
        )
        axes.bar_label(bars, labels=[f"{row['items']}" for row in rows], padding=3)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(FuncFormatter(short))
        axes.set_xlabel(currency)
        axes.margins(x=0.1)

    return _svg(draw, height=0.9 + 0.3 * len(rows), label=f"Open exceptions by type, {currency}")
