"""The certificate as one readable page: no script, no network, printable. Every value is escaped."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from dagster_project.report.page import money

# The JSON holds all of them; a page of ten thousand file names is read by nobody.
SHOWN_FILES = 100

Row = Mapping[str, Any]


def _stages(certificate: Row) -> list[dict[str, Any]]:
    """Control totals with what landed beside them; streams that are derived have no landing count."""
    landed = {(row["source_name"], row["stream"], row["currency"]): row for row in certificate["landed"]}
    rows = []
    for row in certificate["control_totals"]:
        found = landed.get((row["source_name"], row["stream"], row["currency"]))
        rows.append(
            {
                **row,
                "landed_count": found["landed_count"] if found else None,
                "has_residual": bool(row["count_residual"]) or bool(Decimal(row["amount_residual"])),
            }
        )
    return rows


_COUNTS = (
    "declared_count",
    "landed_count",
    "rejected_count",
    "superseded_count",
    "duplicate_count",
    "canonical_count",
    "count_residual",
)


def _without_money(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Streams that carry no amounts (rates, statements) on one line, whatever the number of currencies."""
    shown: list[dict[str, Any]] = []
    streams: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        streams.setdefault(row["stream"], []).append(row)
    for together in streams.values():
        has_money = any(
            Decimal(row["declared_amount"]) or Decimal(row["canonical_amount"]) for row in together
        )
        if has_money or len(together) < 3 or any(row["has_residual"] for row in together):
            shown += together
            continue
        sums = {name: _sum(row[name] for row in together) for name in _COUNTS}
        shown.append({**together[0], **sums, "currency": f"{len(together)} currencies"})
    return shown


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _by_source(stages: list[dict[str, Any]], inputs: Row) -> list[dict[str, Any]]:
    sources = {source["source_name"]: source for source in inputs["sources"]}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in stages:
        found.setdefault(row["source_name"], []).append(row)
    return [
        {"source_name": name, "stages": _without_money(rows), "files": sources.get(name)}
        for name, rows in found.items()
    ]


def has_residual(certificate: Row) -> bool:
    """Whether any record or amount is lost or invented, or the journal does not balance."""
    residuals = certificate["residuals"]
    amounts = [*residuals["amounts"].values(), *residuals["journal"].values()]
    return bool(residuals["records"]) or any(Decimal(amount) for amount in amounts)


def render(certificate: Row) -> str:
    """The page of a certificate as it was written."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["money"] = money
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    environment.filters["count"] = lambda value: "" if value is None else f"{value:,}"
    environment.filters["percent"] = lambda value: "" if value is None else f"{100 * Decimal(value):.1f} %"
    environment.filters["moment"] = lambda value: str(value).replace("T", " ").replace("+00:00", " UTC")
    stages = _stages(certificate)
    gates = certificate["gates"]
    new_files = certificate["inputs"]["new_files"]
    return environment.get_template("certificate.html.j2").render(
        certificate=certificate,
        by_source=_by_source(stages, certificate["inputs"]),
        totals={name: sum(row[name] or 0 for row in stages) for name in _COUNTS},
        ties=not has_residual(certificate),
        checks=sum(gate["checks"] for gate in gates),
        passed=sum(gate["passed"] for gate in gates),
        rows=sum(table["rows"] for table in certificate["published"]["tables"]),
        new_files=new_files[:SHOWN_FILES],
        more_files=max(len(new_files) - SHOWN_FILES, 0),
    )
