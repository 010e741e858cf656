"""report.html of `tieout match`: one page that a finance person can read, print and file. No network.

Everything from the files is escaped: a memo of a bank line is foreign text and may hold markup.
"""

from __future__ import annotations

import json
from decimal import Decimal
from html import escape

import pyarrow as pa
import pyarrow.compute as pc

from matching.explain import REASON_WORDS
from matching.limits import LIMITS
from matching.rules import Rule, Tolerance, rule_case
from matching.tables import TableMatch

#: Rows shown per list; the Parquet files hold all of them.
SHOWN = 300

_STYLE = """
:root{--ink:#1b2733;--soft:#5b6b7a;--line:#dde4ea;--paper:#fff;--ground:#f4f6f8;--good:#1a7f5a;--warn:#b26a00;--bad:#a3333d}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1100px;margin:0 auto;padding:24px 16px 64px}h1{font-size:26px;margin:8px 0 2px}h2{font-size:19px;margin:36px 0 8px}
p{margin:6px 0}.soft{color:var(--soft)}.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:12px;margin:18px 0}
.card{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:12px 14px}.card b{display:block;font-size:24px;font-variant-numeric:tabular-nums}
.good b{color:var(--good)}.warn b{color:var(--warn)}.bad b{color:var(--bad)}
.bar{display:flex;height:16px;border-radius:8px;overflow:hidden;background:var(--line);margin:4px 0 10px}.bar i{display:block;height:100%}
.scroll{overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:10px}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--soft);font-weight:600;white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tr:last-child td{border-bottom:0}
td.n .soft{display:inline-block;white-space:normal;max-width:11em}
details{margin:6px 0}summary{cursor:pointer}pre{white-space:pre-wrap;background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:12px;font-size:12.5px;overflow-x:auto}
.tag{display:inline-block;border-radius:6px;padding:0 7px;font-size:12.5px;background:var(--ground);border:1px solid var(--line)}
"""


def _money(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    places = 2 if amount == amount.quantize(Decimal("0.01")) else 4
    return f"{amount:,.{places}f}"


def _table(headers: list[tuple[str, bool]], rows: list[list[str]]) -> str:
    """HTML table; headers are (text, is_number); cells are HTML already."""
    head = "".join(
        f'<th class="n">{escape(text)}</th>' if number else f"<th>{escape(text)}</th>"
        for text, number in headers
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="n">{cell}</td>' if number else f"<td>{cell}</td>"
            for cell, (_, number) in zip(row, headers, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _bar(parts: list[tuple[int, str]]) -> str:
    total = max(sum(count for count, _ in parts), 1)
    return (
        '<div class="bar">'
        + "".join(
            f'<i style="width:{100 * count / total:.2f}%;background:{colour}"></i>' for count, colour in parts
        )
        + "</div>"
    )


def render(
    left_name: str,
    right_name: str,
    left: pa.Table,
    right: pa.Table,
    matched: TableMatch,
    rules: list[Rule],
    tolerances: list[Tolerance],
) -> str:
    """The whole page as text."""
    result = matched.result
    positions = result.positions
    status = {"left": {}, "right": {}}
    for row in positions.group_by(["side", "status"]).aggregate([("item_id", "count")]).to_pylist():
        status[row["side"]][row["status"]] = row["item_id_count"]
    matches = result.matches
    counts = {
        name: pc.sum(pc.equal(matches.column("status"), name)).as_py() or 0 for name in ("auto", "suggested")
    }
    words = _row_words(left, right, matched)
    parts = [
        f"<h1>{escape(left_name)} against {escape(right_name)}</h1>",
        f'<p class="soft">{left.num_rows:,} rows on the left, {right.num_rows:,} on the right. Rule set {escape(matches.column("rule_set_hash")[0].as_py()) if matches.num_rows else ""}</p>',
        '<div class="cards">',
        f'<div class="card good"><b>{counts["auto"]:,}</b>matches decided</div>',
        f'<div class="card warn"><b>{counts["suggested"]:,}</b>suggestions to confirm</div>',
        f'<div class="card bad"><b>{status["left"].get("open", 0):,}</b>left rows open</div>',
        f'<div class="card bad"><b>{status["right"].get("open", 0):,}</b>right rows open</div>',
        "</div>",
    ]
    for side, name in (("left", left_name), ("right", right_name)):
        s = status[side]
        parts.append(
            f"<p>{escape(name)}: {s.get('auto', 0):,} matched, {s.get('suggested', 0):,} suggested, {s.get('open', 0):,} open</p>"
        )
        parts.append(
            _bar(
                [
                    (s.get("auto", 0), "#1a7f5a"),
                    (s.get("suggested", 0), "#e0a030"),
                    (s.get("open", 0), "#c9565f"),
                ]
            )
        )
    parts += [
        "<h2>Does the money add up?</h2>",
        '<p class="soft">Every amount is matched, written off for a stated reason, or open; the four columns add up to the cent.</p>',
        _conservation(positions),
    ]
    limited = [row for row in result.notes.to_pylist() if row["item_id"] is None and row["code"] in LIMITS]
    if limited:
        parts += [
            "<h2>What was not searched</h2>",
            '<p class="soft">The work per row is bounded. These rows stay open or are only suggested; each says so in the lists below and in the files.</p>',
            "<ul>" + "".join(f"<li>{escape(row['message'])}</li>" for row in limited) + "</ul>",
        ]
    parts += _match_section(
        "Suggestions to confirm",
        "The engine is not sure enough to decide these alone. The reason is in each row.",
        result,
        words,
        "suggested",
    )
    differing = matches.filter(pc.not_equal(matches.column("difference_amount"), 0))
    if differing.num_rows:
        sums = (
            differing.set_column(
                differing.column_names.index("difference_amount"),
                "difference_amount",
                pc.abs(differing.column("difference_amount")),
            )
            .group_by(["difference_reason", "currency"])
            .aggregate([("difference_amount", "sum"), ("match_id", "count")])
            .to_pylist()
        )
        sums.sort(key=lambda row: (row["difference_reason"], row["currency"]))
        parts += [
            "<h2>Differences, by reason</h2>",
            _table(
                [("reason", False), ("currency", False), ("matches", True), ("amount", True)],
                [
                    [
                        escape(REASON_WORDS.get(row["difference_reason"], row["difference_reason"])),
                        escape(row["currency"] or ""),
                        f"{row['match_id_count']:,}",
                        _money(row["difference_amount_sum"]),
                    ]
                    for row in sums
                ],
            ),
        ]
    for side, name in (("left", left_name), ("right", right_name)):
        parts += _open_section(side, name, result, words)
    parts += _match_section("Matches decided", "Each with its evidence.", result, words, "auto")
    parts += [
        "<h2>How the columns were understood</h2>",
        '<p class="soft">Wrong? Run again with --map side.role=COLUMN.</p>',
    ]
    for side, name, mapping in (("left", left_name, matched.left), ("right", right_name, matched.right)):
        parts += [
            f"<p><b>{side}</b> {escape(name)}</p>",
            _table(
                [("role", False), ("column", False)],
                [[escape(role), escape(column)] for role, column in mapping.words()],
            ),
        ]
    parts += [f"<p>Note: {escape(remark)}</p>" for remark in matched.remarks]
    parts += [
        f"<p>Note: {escape(row['message'])}</p>"
        for row in result.notes.to_pylist()
        if row["item_id"] is None and row["code"] not in LIMITS
    ]
    parts += [
        "<h2>What the evidence is worth</h2>",
        '<p class="soft">Log-odds: plus speaks for a match, minus against; 2.3 makes it ten times likelier. Learnt from these files.</p>',
        _weights(result.weights),
    ]
    parts += [
        "<h2>Rules</h2>",
        f"<details><summary>The rules as SQL, first match wins</summary><pre>{escape(rule_case(rules, tolerances))}</pre></details>",
    ]
    body = "\n".join(parts)
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(left_name)} against {escape(right_name)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n'


def _row_words(left: pa.Table, right: pa.Table, matched: TableMatch) -> dict[str, object]:
    """Look-up of a row's own words by side and id, made only for the rows that are shown."""

    def reader(table: pa.Table, mapping):
        ids = (
            table.column(mapping.id).to_pylist()
            if mapping.id
            else [str(i + 1) for i in range(table.num_rows)]
        )
        place = {value: i for i, value in enumerate(ids)}
        names = [
            n
            for n in (
                mapping.date,
                mapping.amount,
                mapping.debit,
                mapping.credit,
                mapping.currency,
                mapping.party,
                mapping.group,
                *mapping.references,
                *mapping.texts,
            )
            if n
        ]
        names = [n for n in dict.fromkeys(names) if n != mapping.id][:7]

        def words(value: str) -> str:
            i = place.get(value)
            return (
                ""
                if i is None
                else " · ".join(str(v) for v in (table.column(n)[i].as_py() for n in names) if v is not None)
            )

        return words

    return {"left": reader(left, matched.left), "right": reader(right, matched.right)}


def _conservation(positions: pa.Table) -> str:
    names = ("amount", "allocated_amount", "written_off_amount", "open_amount")
    rows = positions.group_by(["side", "currency"]).aggregate([(name, "sum") for name in names]).to_pylist()
    return _table(
        [
            ("side", False),
            ("currency", False),
            ("total", True),
            ("matched", True),
            ("written off", True),
            ("open", True),
        ],
        [
            [row["side"], escape(row["currency"] or ""), *(_money(row[f"{name}_sum"]) for name in names)]
            for row in sorted(rows, key=lambda row: (row["side"], row["currency"] or ""))
        ],
    )


def _members(result, wanted: list[str]) -> dict[str, dict[str, list[str]]]:
    members: dict[str, dict[str, list[str]]] = {}
    table = result.positions.filter(
        pc.is_in(result.positions.column("match_id"), pa.array(wanted, pa.string()))
    )
    for row in table.select(["match_id", "side", "item_id"]).to_pylist():
        members.setdefault(row["match_id"], {"left": [], "right": []})[row["side"]].append(row["item_id"])
    return members


def _match_section(title: str, intro: str, result, words, status: str) -> list[str]:
    table = result.matches.filter(pc.equal(result.matches.column("status"), status))
    if not table.num_rows:
        return []
    # The least sure first: those are worth a look; then the larger groups.
    order = pc.sort_indices(
        table, [("confidence", "ascending"), ("left_count", "descending"), ("match_id", "ascending")]
    )
    shown = table.take(order[:SHOWN]).to_pylist()
    members = _members(result, [row["match_id"] for row in shown])
    cells = []
    for row in shown:
        sides = members.get(row["match_id"], {"left": [], "right": []})
        text = {
            side: "<br>".join(f"<b>{escape(i)}</b> {escape(words[side](i))}" for i in sides[side][:12])
            + (f"<br>and {len(sides[side]) - 12} more" if len(sides[side]) > 12 else "")
            for side in ("left", "right")
        }
        why = json.loads(row["explanation"])
        evidence = "".join(
            f"<li>{escape(str(e['feature']))}: {escape(str(e['seen']))}{(' ' + escape(str(e['value']))) if e.get('value') else ''} ({e['contribution']:+.1f})</li>"
            for e in why["evidence"]
        )
        rival = why["runner_up"]
        if rival:
            evidence += f"<li>next best: {escape(', '.join(rival['left']))} with {escape(', '.join(rival['right']))} ({rival['confidence']:.1%})</li>"
        evidence += "".join(f"<li>not looked at: {escape(limit)}</li>" for limit in why.get("limits", []))
        difference = (
            f"{_money(row['difference_amount'])}<br><span class='soft'>{escape(REASON_WORDS.get(row['difference_reason'], row['difference_reason']))}</span>"
            if row["difference_reason"]
            else ""
        )
        cells.append(
            [
                text["left"],
                text["right"],
                f"{_money(row['right_amount'] if row['right_count'] else row['left_amount'])} {escape(row['currency'] or '')}",
                difference,
                f"{row['confidence']:.1%}",
                f"<span class='tag'>{escape(row['match_rule_id'])}</span><details><summary>why</summary>{escape(why['summary'])}<ul>{evidence}</ul></details>",
            ]
        )
    more = (
        f'<p class="soft">{table.num_rows - SHOWN:,} more in matches.parquet.</p>'
        if table.num_rows > SHOWN
        else ""
    )
    return [
        f"<h2>{escape(title)} ({table.num_rows:,})</h2>",
        f'<p class="soft">{escape(intro)}</p>',
        _table(
            [
                ("left", False),
                ("right", False),
                ("amount", True),
                ("difference", True),
                ("sure", True),
                ("rule", False),
            ],
            cells,
        ),
        more,
    ]


def _open_section(side: str, name: str, result, words) -> list[str]:
    table = result.positions
    is_open = pc.or_(pc.not_equal(table.column("open_amount"), 0), pc.is_null(table.column("match_id")))
    table = table.filter(pc.and_(pc.equal(table.column("side"), side), is_open))
    if not table.num_rows:
        return []
    notes = {
        (row["item_type"], row["item_id"]): row["message"]
        for row in result.notes.to_pylist()
        if row["item_id"]
    }
    size = pc.abs(table.column("open_amount"))
    order = pc.sort_indices(
        table.append_column("size", size), [("size", "descending"), ("item_id", "ascending")]
    )
    rows = table.take(order[:SHOWN]).to_pylist()
    cells = [
        [
            f"<b>{escape(row['item_id'])}</b>",
            escape(words[side](row["item_id"])),
            f"{_money(row['open_amount'])} {escape(row['currency'] or '')}",
            escape(
                notes.get(
                    (side, row["item_id"]),
                    "no partner found" if row["match_id"] is None else "rest of a match",
                )
            ),
        ]
        for row in rows
    ]
    more = (
        f'<p class="soft">{table.num_rows - SHOWN:,} more in {side}_open.parquet.</p>'
        if table.num_rows > SHOWN
        else ""
    )
    return [
        f"<h2>Open in {escape(name)} ({table.num_rows:,})</h2>",
        _table([("id", False), ("row", False), ("open", True), ("why", False)], cells),
        more,
    ]


def _weights(table: pa.Table) -> str:
    return _table(
        [
            ("comparison", False),
            ("level", False),
            ("share of true matches", True),
            ("weight", True),
            ("candidates", True),
        ],
        [
            [
                escape(row["feature"]),
                escape(row["level"]),
                f"{100 * Decimal(row['share_among_matches']):.1f}%",
                f"{Decimal(row['average_weight']):+.2f}",
                f"{row['candidates']:,}",
            ]
            for row in table.to_pylist()
        ],
    )
