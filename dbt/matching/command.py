"""`tieout match LEFT RIGHT --out DIR`: two files in, five files out. Orchestrates; decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from matching import report
from matching.files import read
from matching.rules import Rule, Tolerance, default_rules, read_rules, read_tolerances, rule_case
from matching.tables import TableMatch, match_tables


@dataclass
class Outcome:
    """What `match_files` wrote, and the figures that a person asks first."""

    out: Path
    match: TableMatch
    counts: dict[str, int]
    files: list[Path]
    summary: str


def match_files(
    left: Path,
    right: Path,
    out: Path,
    rules: Path | None = None,
    mapping: dict | Path | str | list[str] | None = None,
    explain: bool = False,
    echo: Callable[[str], None] | None = print,
) -> Outcome:
    """Match two files and write matches, match_allocations, left_open, right_open (Parquet) and report.html.

    `rules`: a YAML file with `rules:` (rows of match_rules) and optionally `tolerances:`; None means the
    defaults. `mapping`: {"left": {role: column}, "right": {…}}, a YAML file with the same, or texts such as
    "left.amount=Betrag". `explain` shows the SQL of every pass. `echo` receives what a person should read.
    Raises ValueError with a message for a person when a file or mapping cannot be used.
    """
    left, right, out = Path(left), Path(right), Path(out)
    left_table, right_table = read(left), read(right)
    rule_list, tolerances = load_rules(rules)
    matched = match_tables(left_table, right_table, rule_list, tolerances, load_mapping(mapping))
    out.mkdir(parents=True, exist_ok=True)
    result = matched.result
    files = {
        "matches.parquet": result.matches,
        "match_allocations.parquet": result.allocations,
        "left_open.parquet": open_rows(left_table, matched, "left"),
        "right_open.parquet": open_rows(right_table, matched, "right"),
    }
    for name, table in files.items():
        pq.write_table(table, out / name)
    html = report.render(
        left.name, right.name, left_table, right_table, matched, rule_list or default_rules(), tolerances
    )
    (out / "report.html").write_text(html, encoding="utf-8")
    counts = figures(matched)
    outcome = Outcome(out, matched, counts, [*(out / name for name in files), out / "report.html"], "")
    outcome.summary = _summary(left, right, outcome)
    if echo:
        echo(outcome.summary)
        if explain:
            echo(explanation(matched, rule_list or default_rules(), tolerances))
    return outcome


def load_rules(path: Path | None) -> tuple[list[Rule] | None, list[Tolerance]]:
    """Rules and tolerances of a YAML file; (None, []) without one."""
    if path is None:
        return None, []
    data = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    rows = data.get("rules") if isinstance(data, dict) else data
    tolerances = data.get("tolerances") if isinstance(data, dict) else None
    if rows is None and not tolerances:
        raise ValueError(
            f"{path}: expected a list `rules:` (match_rule_id, evidence, difference_reason, …) or `tolerances:`"
        )

    def as_table(given: list[dict]) -> pa.Table:
        return pa.Table.from_pylist(
            [{k: None if v is None else str(v) for k, v in row.items()} for row in given]
        )

    if rows:
        names = sorted({key for row in rows for key in row} - set(Rule.__dataclass_fields__))
        if names:
            raise ValueError(
                f"{path}: unknown fields {', '.join(names)}; a rule has {', '.join(Rule.__dataclass_fields__)}"
            )
        rows = [
            {field: row.get(field) for field in Rule.__dataclass_fields__}
            | {
                "match_rule_id": row.get("match_rule_id") or f"rule_{i + 1}",
                "priority": row.get("priority") or 10 * (i + 1),
            }
            for i, row in enumerate(rows)
        ]
    return (read_rules(as_table(rows)) if rows else None), (
        read_tolerances(as_table(tolerances)) if tolerances else []
    )


def load_mapping(mapping) -> dict | None:
    """A mapping in any of the forms that match_files takes, as {"left": {role: column}, "right": {…}}."""
    if not mapping:
        return None
    if isinstance(mapping, dict):
        return mapping
    if isinstance(mapping, str | Path) and Path(mapping).is_file():
        return yaml.safe_load(Path(mapping).read_text(encoding="utf-8"))
    found: dict[str, dict] = {}
    for text in [mapping] if isinstance(mapping, str) else mapping:
        for part in str(text).split(";"):
            place, _, column = part.partition("=")
            side, _, role = place.strip().partition(".")
            if side not in ("left", "right") or not role or not column:
                raise ValueError(
                    f"--map {part!r}: expected left.ROLE=COLUMN or right.ROLE=COLUMN, for example left.amount=Betrag"
                )
            role, column = role.strip(), column.strip()
            value: str | list[str] = (
                [c.strip() for c in column.split(",")]
                if role in ("references", "texts", "attributes")
                else column
            )
            found.setdefault(side, {})[role] = value
    return found


def open_rows(table: pa.Table, matched: TableMatch, side: str) -> pa.Table:
    """Rows of one file that are not, or not fully, part of a match: id, open amount, why, and the row as given."""
    con = duckdb.connect(":memory:")
    try:
        con.register("positions", matched.result.positions)
        con.register("notes", matched.result.notes)
        mapping = matched.left if side == "left" else matched.right
        names = [
            name
            for name in table.column_names
            if name not in (f"{side}_id", "amount", "open_amount", "currency", "status", "match_id", "reason")
        ]
        source = table.append_column(
            "__id",
            table.column(mapping.id)
            if mapping.id
            else pa.array(range(1, table.num_rows + 1)).cast(pa.string()),
        )
        source = source.append_column("__row", pa.array(range(table.num_rows), pa.int64()))
        con.register("source_file", source)
        kept = "".join(f', source_file."{name.replace(chr(34), chr(34) * 2)}"' for name in names)
        return con.execute(f"""
            with note as (select item_id, min(message) as message from notes where item_type = '{side}' group by item_id)
            select positions.item_id as {side}_id, positions.amount, positions.open_amount, positions.currency,
                case when positions.match_id is null then 'open' else 'partly open' end as status, positions.match_id,
                coalesce(note.message, case when positions.match_id is null then 'no partner found' else 'the rest of a match' end) as reason{kept}
            from positions
            inner join source_file on positions.item_id = source_file.__id
            left join note on positions.item_id = note.item_id
            where positions.side = '{side}' and (positions.open_amount <> 0 or positions.match_id is null)
            order by source_file.__row
        """).to_arrow_table()
    finally:
        con.close()


def figures(matched: TableMatch) -> dict[str, int]:
    """Counts of rows and matches by status."""
    rows = matched.result.positions.group_by(["side", "status"]).aggregate([("item_id", "count")]).to_pylist()
    counts = {f"{row['side']}_{row['status']}": row["item_id_count"] for row in rows}
    for status in ("auto", "suggested"):
        counts[f"matches_{status}"] = (
            pc.sum(pc.equal(matched.result.matches.column("status"), status)).as_py() or 0
        )
    return counts


def amounts_open(matched: TableMatch, side: str) -> dict[str, Decimal]:
    """Open amount per currency of one side."""
    table = matched.result.positions
    mine = table.filter(
        pc.and_(pc.equal(table.column("side"), side), pc.not_equal(table.column("open_amount"), 0))
    )
    rows = mine.group_by("currency").aggregate([("open_amount", "sum")]).to_pylist()
    return dict(sorted((row["currency"] or "", row["open_amount_sum"]) for row in rows))


def _summary(left: Path, right: Path, outcome: Outcome) -> str:
    matched, counts = outcome.match, outcome.counts
    lines = ["Columns were taken as follows (change one with --map side.role=COLUMN):"]
    for side, path, mapping in (("left", left, matched.left), ("right", right, matched.right)):
        lines.append(f"  {side} {path.name}")
        lines += [f"    {role:<14} {column}" for role, column in mapping.words()]
    lines += [f"  note: {remark}" for remark in matched.remarks]
    lines.append(
        f"Matches: {counts['matches_auto']} sure, {counts['matches_suggested']} suggested for review"
    )
    for side in ("left", "right"):
        total = sum(counts.get(f"{side}_{status}", 0) for status in ("auto", "suggested", "open"))
        open_text = (
            ", ".join(
                f"{amount:,.2f} {currency}".strip()
                for currency, amount in amounts_open(matched, side).items()
            )
            or "nothing"
        )
        lines.append(
            f"  {side}: {total} rows, {counts.get(f'{side}_auto', 0)} matched, {counts.get(f'{side}_suggested', 0)} suggested, {counts.get(f'{side}_open', 0)} open ({open_text})"
        )
    lines += [
        f"  note: {row['message']}" for row in matched.result.notes.to_pylist() if row["item_id"] is None
    ]
    lines.append(f"Read {outcome.out / 'report.html'}")
    return "\n".join(lines)


def explanation(matched: TableMatch, rules: list[Rule], tolerances: list[Tolerance]) -> str:
    """The SQL of every pass, as it ran, and the rules as SQL."""
    parts = [
        f"-- {name}\n{sql}" for name, sql in matched.result.sql if not sql.startswith("select candidate,")
    ]
    return "\n\n".join(
        [
            *parts,
            "-- the first rule that allows a candidate\nselect candidate,\n"
            + rule_case(rules, tolerances)
            + " as rule\nfrom measured",
        ]
    )
