"""The Data Docs: Great Expectations' pages of the last run, readable without a network.

Belongs here: what makes the pages our own. Great Expectations' pages load styles and scripts from
public hosts: on a closed network they are bare, the index stays empty, and on an open one the names of
finance tables leave the house with the referrer. So remote parts are taken out, one style is put in,
and the index is a plain table of every rule.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_REMOTE = re.compile(
    r"<script[^>]*\ssrc=\"https?://[^>]*>\s*</script>|<link[^>]*\shref=\"https?://[^>]*>|<img[^>]*\ssrc=\"https?://[^>]*>|<footer.*?</footer>",
    re.DOTALL | re.IGNORECASE,
)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)
_STYLE = (Path(__file__).parent / "data_docs.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Line:
    """One rule in the index. status: passed, warning, critical or error."""

    gate: str
    suite: str
    table: str
    rule: str
    description: str
    status: str
    observed: str
    page: str


def _status(result: dict) -> str:
    info = result["exception_info"]
    entries = [info] if "raised_exception" in info else list(info.values())
    if any(entry.get("raised_exception") for entry in entries):
        return "error"
    return "passed" if result["success"] else result["expectation_config"]["severity"]


def read_results(results: Path, pages: Path) -> Iterator[Line]:
    """Every rule of the kept validation results, with the page that shows it."""
    for path in sorted(results.rglob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        gate, suite, table = content["suite_name"].split(".", 2)
        page = pages / "validations" / path.relative_to(results).with_suffix(".html")
        for result in content["results"]:
            configuration = result["expectation_config"]
            observed = (result["result"] or {}).get("observed_value")
            yield Line(
                gate=gate,
                suite=suite,
                table=table,
                rule=configuration["meta"]["rule"],
                description=configuration["description"],
                status=_status(result),
                observed="" if observed is None else f"{observed} rows",
                page=page.relative_to(pages).as_posix() if page.is_file() else "",
            )


def index_page(lines: list[Line]) -> str:
    """The index: what did not pass first, then gate by gate."""
    order = {"after_load": 0, "after_canonical": 1, "before_publish": 2}
    worst = {"error": 0, "critical": 1, "warning": 2, "passed": 3}
    ordered = sorted(lines, key=lambda line: (worst[line.status], order[line.gate], line.table, line.rule))
    passed = sum(line.status == "passed" for line in lines)
    rows = []
    for line in ordered:
        cells = [line.gate, line.table, line.rule, line.description, line.observed]
        text = [
            html.escape(cell.replace("_", " ") if place in (0, 2) else cell)
            for place, cell in enumerate(cells)
        ]
        if line.page:
            text[2] = f'<a href="{html.escape(line.page)}">{text[2]}</a>'
        rows.append(
            f'<tr><td class="status {line.status}">{line.status}</td>'
            + "".join(f"<td>{cell}</td>" for cell in text)
            + "</tr>"
        )
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


def make_self_contained(pages: Path, results: Path) -> None:
    """Take every remote part out of the pages below `pages`, and write the index."""
    for page in pages.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = _SCRIPT.sub("", _REMOTE.sub("", text))
        text = text.replace("</head>", f"<style>{_STYLE}</style></head>", 1)
        page.write_text(text, encoding="utf-8")
    (pages / "index.html").write_text(index_page(list(read_results(results, pages))), encoding="utf-8")
