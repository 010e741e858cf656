"""The Data Docs: Great Expectations' pages of the last run, readable without a network.

Belongs here: what makes the pages our own. Great Expectations' pages load styles and scripts from
public hosts: on a closed network they are bare, the index stays empty, and on an open one the names of
finance tables leave the house with the referrer. So remote parts are taken out, one style is put in,
and the index is a plain table of every rule.
"""

import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.rules import Gate, Result

_REMOTE = re.compile(
    r"<script[^>]*\ssrc=\"https?://[^>]*>\s*</script>|<link[^>]*\shref=\"https?://[^>]*>|<img[^>]*\ssrc=\"https?://[^>]*>|<footer.*?</footer>",
    re.DOTALL | re.IGNORECASE,
)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)
_STYLE = (Path(__file__).parent / "data_docs.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Line:
    """One rule in the index. status: passed, warning, critical or error; rows: those that break it."""

    gate: str
    suite: str
    table: str
    rule: str
    description: str
    status: str
    observed: str
    rows: tuple[dict[str, Any], ...] = ()


def line(gate: Gate, result: Result) -> Line:
    """A result as a line of the index."""
    rule = result.rule
    return Line(
        gate=gate,
        suite=rule.suite,
        table=rule.table,
        rule=rule.name,
        description=rule.description,
        status="error" if result.error else "passed" if result.success else rule.severity,
        observed=result.error or result.observed or "",
        rows=tuple(json.loads(result.details)) if result.details else (),
    )


def keep_lines(kept: Path, gate: Gate, results: Iterable[Result]) -> None:
    """Keep a gate's lines for the index, with exact amounts: Great Expectations' own files hold floats."""
    kept.mkdir(parents=True, exist_ok=True)
    lines = [vars(line(gate, result)) for result in results]
    (kept / f"{gate}.json").write_text(json.dumps(lines, indent=1), encoding="utf-8")


def read_lines(kept: Path) -> list[Line]:
    return [
        Line(**{**entry, "rows": tuple(entry["rows"])})
        for path in sorted(kept.glob("*.json"))
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]


def _page(pages: Path, line: Line) -> str:
    """Great Expectations' page of the rule's suite, relative to the index; empty when there is none."""
    folder = pages / "validations" / line.gate / line.suite / Path(*line.table.split("."))
    found = sorted(folder.rglob("*.html"))
    return found[-1].relative_to(pages).as_posix() if found else ""


def _rows_table(rows: tuple[dict[str, Any], ...]) -> str:
    """The rows that break a rule, as they are."""
    names = list(rows[0])
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(row.get(name, '')))}</td>" for name in names) + "</tr>"
        for row in rows
    )
    return f'<div class="rows"><table><tr>{head}</tr>{body}</table></div>'


def index_page(lines: list[Line], pages: Path) -> str:
    """The index: what did not pass first, with the rows that break it; then gate by gate."""
    order = {"after_load": 0, "after_canonical": 1, "before_publish": 2}
    worst = {"error": 0, "critical": 1, "warning": 2, "passed": 3}
    ordered = sorted(lines, key=lambda line: (worst[line.status], order[line.gate], line.table, line.rule))
    passed = sum(line.status == "passed" for line in lines)
    rows = []
    for entry in ordered:
        rule = html.escape(entry.rule.replace("_", " "))
        if page := _page(pages, entry):
            rule = f'<a href="{html.escape(page)}">{rule}</a>'
        rows.append(
            f'<tr><td class="status {entry.status}">{entry.status}</td>'
            f'<td class="status">{html.escape(entry.gate.replace("_", " "))}</td>'
            f"<td>{html.escape(entry.table)}</td><td>{rule}</td>"
            f"<td>{html.escape(entry.description)}</td><td>{html.escape(entry.observed)}</td></tr>"
        )
        if entry.rows:
            rows.append(f'<tr><td></td><td colspan="5">{_rows_table(entry.rows)}</td></tr>')
    heads = ("status", "gate", "table", "rule", "what must hold", "found")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Tieout checks</title><style>{_STYLE}</style></head><body>"
        "<h1>Tieout checks</h1>"
        f'<p class="lead">{passed} of {len(lines)} rules passed in the last run. A critical rule or an error '
        "stops publishing; a warning is shown to a person.</p>"
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></body></html>\n"
    )


def make_self_contained(pages: Path, kept: Path) -> None:
    """Take every remote part out of the pages below `pages`, and write the index of the kept lines."""
    for page in pages.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = _SCRIPT.sub("", _REMOTE.sub("", text))
        text = text.replace("</head>", f"<style>{_STYLE}</style></head>", 1)
        page.write_text(text, encoding="utf-8")
    (pages / "index.html").write_text(index_page(read_lines(kept), pages), encoding="utf-8")
