"""Looking into one file without loading it: format, records, control totals, problems, rejects.

Belongs here: reading a file of unknown origin with the readers of the kinds and naming what they give
as the canonical tables do. Does not belong here: how it is recognised (`recognition`), what is wrong with
a statement (`bank.checks`) or how it is shown (the command).

No source is configured for such a file: ids come without the source's name in front, dates of
timestamps are those of UTC, and an export that does not name its account or currency says so.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.bank.checks import Problem, Row, Severity, identifier_problems, residual, statement_problems
from pipelines.config import Kind, SourceInstance
from pipelines.einvoice.inspected import canonical as canonical_einvoices
from pipelines.einvoice.inspected import strangers
from pipelines.inspected_names import canonical_rows
from pipelines.kinds import COMMON_TABLES, kind_spec
from pipelines.landing import landing_file
from pipelines.loading import LoadingError, read_files
from pipelines.recognition import Recognised, recognise_file
from pipelines.rejects import WHOLE_FILE, Reason
from pipelines.settings import settings
from pipelines.tabular.chain import balance_problems, statements_of_lines
from pipelines.tabular.guess import UNKNOWN_ACCOUNT, UNKNOWN_CURRENCY
from pipelines.tabular.inspected_orders import orders_of_lines
from pipelines.tabular.read import LEFT_OUT

_SHOWN_PAYLOAD = 2_000
_CENT = Decimal("0.01")  # per line, what programs lose by rounding
_REJECT_FIELDS = (
    "stream", "source_position", "reason_code", "field", "value", "expected", "message", "currency",
    "business_date", "amount", "payload",
)  # fmt: skip
_TOTAL_FIELDS = ("stream", "currency", "business_date", "declared_count", "declared_amount", "declared_by")


@dataclass(frozen=True)
class Inspection:
    """What a file holds. records: canonical-like rows by table; rejects and control_totals: rows."""

    format: str
    recognised_by: str
    records: dict[str, list[Row]]
    control_totals: list[Row]
    problems: list[Problem]
    rejects: list[Row]

    def as_json(self) -> dict[str, Any]:
        """The object of `tieout inspect --json`: amounts as text, dates in ISO 8601."""
        return {
            "format": self.format,
            "recognised_by": self.recognised_by,
            "records": _plain(self.records),
            "control_totals": _plain(self.control_totals),
            "problems": [_plain(problem._asdict()) for problem in self.problems],
            "rejects": _plain(self.rejects),
        }


def inspect(path: Path) -> Inspection:
    """Read one file and say what it holds. Raises OSError when it cannot be opened, and nothing else
    because of its content."""
    path = path.resolve()
    recognised = recognise_file(path)
    if recognised.kind is None:
        return _refused(recognised.reason)
    try:
        return _inspect(path, recognised)
    except OSError:
        raise
    except (LoadingError, MemoryError, RecursionError, ValueError, ArithmeticError, LookupError) as error:
        return _refused(f"{recognised.kind}: the reader failed: {error}")


def _inspect(path: Path, recognised: Recognised) -> Inspection:
    assert recognised.kind is not None
    spec = kind_spec(recognised.kind)
    instance = SourceInstance(
        name=UNKNOWN_ACCOUNT.lower(), kind=spec.kind, entity_id="", path="*", csv=recognised.mapping
    )  # fmt: skip
    tables: dict[str, list[Row]] = defaultdict(list)
    for batch in read_files(spec, [landing_file(path.parent, path, instance)], instance):
        tables[batch.table] += batch.rows.to_pylist()
    (file,) = tables["files"]
    data = {name: rows for name, rows in tables.items() if name not in COMMON_TABLES}
    problems = [
        *_reject_problems(tables["rejects"]),
        *_data_problems(data),
        *(_order_problems(data) if spec.kind == "csv" else ()),
        *_finding_problems(data),
        *_drift_problems(tables["schema_drift"]),
    ]
    reason = file["recognised_by"]
    return Inspection(
        format=file["format"],
        recognised_by=recognised.reason if reason in ("content", "source configuration") else reason,
        records=_records(spec.kind, data),
        control_totals=[{name: row[name] for name in _TOTAL_FIELDS} for row in tables["control_totals"]],
        problems=problems,
        rejects=[_reject(row) for row in tables["rejects"]],
    )


def _records(kind: Kind, data: dict[str, list[Row]]) -> dict[str, list[Row]]:
    if kind == "einvoice":
        return canonical_einvoices(data, settings().seeds)
    if kind == "csv" and data.get("order_lines"):
        orders = orders_of_lines(data["order_lines"], data.get("orders", []))
        data = {**data, "orders": [*data.get("orders", []), *orders]}
    return canonical_rows(kind, data)


def _data_problems(data: dict[str, list[Row]]) -> Iterator[Problem]:
    """Problems of statements; a CSV's are derived from its lines and added to the data."""
    lines = data.get("bank_transactions")
    if lines:
        data["statements"] = list(statements_of_lines(lines))
        yield from balance_problems(lines)
    statements = data.get("statements", [])
    for name, unknown in (("account_number", UNKNOWN_ACCOUNT), ("account_currency", UNKNOWN_CURRENCY)):
        if any(statement[name] == unknown for statement in statements):
            what = name.split("_")[-1] if name != "account_number" else "account"
            message = f"the file does not name its {what}; name it where its source is configured"
            yield Problem(f"{what}_unknown", "warning", message)
    for statement in statements:
        statement["balance_residual_amount"] = residual(statement)
    yield from statement_problems(statements)
    yield from identifier_problems(statements, data.get("transactions") or lines or [])


def _order_problems(data: dict[str, list[Row]]) -> Iterator[Problem]:
    """Shops whose export names no currency, and orders whose stated total is not that of their lines."""
    rows = [*data.get("orders", []), *data.get("order_lines", [])]
    if any(row.get("currency") == UNKNOWN_CURRENCY for row in rows):
        message = (
            "the file does not name its currency; loaded, its amounts are in the base currency of the entity, or in "
            "what its source says (constants: {currency: GBP})"
        )
        yield Problem("currency_unknown", "warning", message)
    for order in orders_of_lines(data.get("order_lines", [])):
        difference = order["difference_amount"]
        if abs(difference) > _CENT * (order["line_count"] + 1):
            message = f"order {order['order_id']}: its stated total differs from its lines by {amount_text(difference)}"
            yield Problem(
                "order_total_differs",
                "warning",
                message,
                order["source_position"],
                difference,
                order["currency"],
            )


_SEVERITIES: dict[str, Severity] = {"fatal": "critical", "warning": "warning", "information": "info"}


def _finding_problems(data: dict[str, list[Row]]) -> Iterator[Problem]:
    """Rules that an e-invoice breaks, under their published numbers; then whether it is anything of ours."""
    for row in data.get("findings", []):
        is_sum = row["expected_amount"] is not None and row["found_amount"] is not None
        where = f" at {row['location']}" if row["location"] else ""
        yield Problem(
            row["rule_id"],
            _SEVERITIES[row["severity"]],
            row["message"] + where,
            row["source_position"],
            row["found_amount"] - row["expected_amount"] if is_sum else None,
            row["currency"] if is_sum else None,
        )
    for sentence in strangers(data, settings().seeds):
        yield Problem("einvoice_party_unknown", "warning", sentence)


def _reject_problems(rejects: list[Row]) -> Iterator[Problem]:
    for row in rejects:
        is_file = row["source_position"] == WHOLE_FILE or row["reason_code"] == Reason.UNREADABLE_FILE
        yield Problem(
            "rejected_file" if is_file else "rejected_record",
            "critical",
            row["message"],
            None if is_file else row["source_position"],
            row["amount"] or None,
            row["currency"] if row["amount"] else None,
        )


def _drift_problems(drift: list[Row]) -> Iterator[Problem]:
    for row in drift:
        if row["field"].startswith(LEFT_OUT):
            what = row["field"].removeprefix(LEFT_OUT)
            message = f"{row['stream']}: {row['occurrences']} lines are no records: {what}; the first: {row['example']}"
            yield Problem("lines_left_out", "info", message)
            continue
        message = f"{row['stream']}: field {row['field']!r} has no column; kept in extra_json, {row['occurrences']} times"
        yield Problem("schema_drift", "info", message)


def _reject(row: Row) -> Row:
    kept = {name: row[name] for name in _REJECT_FIELDS}
    kept["position"] = kept.pop("source_position")
    kept["payload"] = (kept["payload"] or "")[:_SHOWN_PAYLOAD]
    return kept


def _refused(reason: str) -> Inspection:
    """A file that no reader takes: one reject, as loading it from a configured source would give."""
    reject = {name: None for name in _REJECT_FIELDS if name != "source_position"}
    reject |= {"stream": "unknown", "position": WHOLE_FILE, "message": reason}
    reject |= {
        "reason_code": Reason.UNREADABLE_FILE.value,
        "amount": Decimal(0),
        "currency": UNKNOWN_CURRENCY,
    }
    return Inspection("unknown", reason, {}, [], [Problem("rejected_file", "critical", reason)], [reject])


def _plain(value: Any) -> Any:
    """Decimals as text with at least two decimals and no empty ones behind, days and times as ISO 8601."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def amount_text(value: Decimal) -> str:
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"
