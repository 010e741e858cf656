"""Puts figures and plots into the page. Every value is escaped: bank texts are other people's words."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from dagster_project.report import plots
from dagster_project.report.figures import read_figures


def money(value: Any) -> str:
    """1234.5 -> 1,234.50; keeps a third and fourth decimal only where there is one."""
    if value is None:
        return ""
    text = f"{Decimal(value):,.4f}"
    return text[:-2] if text.endswith("00") else text.rstrip("0")


def build_close_report(published: Path, out: Path) -> Path:
    """Write `close.html` for the published file at `published` to the path `out`, and return it."""
    connection = duckdb.connect(str(published), read_only=True)
    try:
        figures = read_figures(connection)
    finally:
        connection.close()

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["money"] = money
    environment.filters["words"] = lambda name: str(name).replace("_", " ")

    def of(rows: list[dict], entity_id: str) -> list[dict]:
        return [row for row in rows if row["entity_id"] == entity_id]

    sections = []
    for entity in figures.entities:
        entity_id, currency = entity["entity_id"], entity["base_currency"]
        summary = of(figures.summary, entity_id)
        ageing = of(figures.ageing, entity_id)
        types = of(figures.exception_types, entity_id)
        sections.append(
            {
                **entity,
                "summary": summary,
                "types": types,
                "matched_plot": Markup(plots.progress(summary, currency)) if summary else "",
                "ageing_plot": Markup(plots.ageing(ageing, currency)) if ageing else "",
                "types_plot": Markup(plots.exceptions_by_type(types, currency)) if types else "",
            }
        )
    page = environment.get_template("close.html.j2").render(
        figures=figures,
        sections=sections,
        waterfall=Markup(plots.waterfall(figures)),
        streams=Markup(plots.streams(figures.streams)) if figures.streams else "",
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    return out
