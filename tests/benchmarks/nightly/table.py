"""The results as Markdown: what a run costs per phase, and how far that is from the limit."""

from typing import Any

PHASES = ("start", "extract", "transform", "check", "publish")
UNIT = "cpu"  # of a machine that does other work as well, only CPU seconds can be compared


def ratios(size: dict[str, Any], unit: str = UNIT) -> dict[str, float | None]:
    """extract: extraction and load over DuckDB's own reading of the same files; job: everything above the
    fixed floor (a run without news) over the whole limit; rows: dlt's row path over our extraction; news: a
    night with 0.3 % news over the full run, both above that floor."""
    full, limit = size["full"], size["limit"]
    extract = full["phases"]["extract"][unit]
    hand = limit["read"][unit] + limit["transform"][unit]
    rows, news = size.get("rows"), size.get("news")
    floor = size["no_news"]["total"][unit]
    return {
        "extract": extract / limit["read"][unit],
        "job": full["total"][unit] / hand,
        "job above floor": (full["total"][unit] - floor) / hand,
        "rows": rows[unit] / extract if rows else None,
        "news": (news["total"][unit] - floor) / (full["total"][unit] - floor) if news else None,
    }


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}" if value < 1 else f"{value:,.1f}"


def markdown(results: dict[str, Any]) -> str:
    sizes = results["sizes"]
    lines = [
        f"Machine: {results['machine']}. Seconds of CPU; in brackets wall seconds.",
        "",
        _line(
            [
                "orders",
                "records",
                "MB",
                *PHASES,
                "all",
                "peak memory",
                "no news",
                "0.3 % news",
                "limit",
                "row path",
            ]
        ),
        _line(["---:"] * 14),
    ]
    for size in sizes:
        full, quiet, limit = size["full"], size["no_news"], size["limit"]
        both = lambda found: f"{found['cpu']:,.0f} ({found['wall']:,.0f})"  # noqa: E731
        hand = {unit: limit["read"][unit] + limit["transform"][unit] for unit in ("cpu", "wall")}
        lines.append(
            _line(
                [
                    f"{size['orders']:,}",
                    f"{size['records']:,}",
                    f"{size['bytes'] / 1e6:,.0f}",
                    *(both(full["phases"][phase]) for phase in PHASES),
                    both(full["total"]),
                    f"{full['total']['peak_bytes'] / 1e9:.1f} GB",
                    both(quiet["total"]),
                    both(size["news"]["total"]) if "news" in size else "",
                    both(hand),
                    both(size["rows"]) if "rows" in size else "",
                ]
            )
        )
    lines += [
        "",
        "Ratios, of CPU seconds:",
        "",
        _line(
            [
                "orders",
                "extract and load / DuckDB reading the files",
                "job / limit",
                "job above its floor / limit",
                "dlt's row path / our extract and load",
                "0.3 % news / full, both above the floor",
            ]
        ),
        _line(["---:"] * 6),
    ]
    lines += [_line([f"{size['orders']:,}", *map(_shown, ratios(size).values())]) for size in sizes]
    return "\n".join(lines) + "\n"
