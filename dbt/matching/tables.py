"""Two tables as items, matched with no rules given: the road from any two files into the engine."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching import engine, parse
from matching.columns import quoted
from matching.guess import guess
from matching.mapping import Mapping, amount_expression
from matching.result import MatchResult
from matching.rules import Rule, Tolerance, default_rules


@dataclass
class TableMatch:
    """A result, with what the engine took the columns for."""

    result: MatchResult
    left: Mapping
    right: Mapping
    remarks: list[str]


def match_tables(
    left: pa.Table,
    right: pa.Table,
    rules: list[Rule] | None = None,
    tolerances: list[Tolerance] | None = None,
    mapping: dict | None = None,
    options: engine.Options = engine.Options(),  # noqa: B008
) -> TableMatch:
    """Match the rows of two tables of text columns, guessing what the columns are.

    `mapping` = {"left": {"amount": "Betrag", …}, "right": {…}} overrules the guess; roles are the fields of
    guess.Mapping. Ids are the values of the id column, or the row number from 1. Raises ValueError when a
    table has no amounts.
    """
    left, right = _in_pieces(left), _in_pieces(right)
    with tempfile.TemporaryDirectory(prefix="tieout-match-") as spill:
        con = engine.connect(options, spill, keep_order=True)
        try:
            left_map, right_map, remarks = guess(con, left, right, mapping)
            _drop_false_keys(con, left_map, right_map, remarks)
            items = pa.concat_tables(
                [
                    _items(con, "left", left, left_map, remarks),
                    _items(con, "right", right, right_map, remarks),
                ]
            )
        finally:
            con.close()
    known = [_currency(mapping) is not None for mapping in (left_map, right_map)]
    if not all(known) and (left_map.original_currency or right_map.original_currency):
        # Beside amounts of other currencies stand those of the account's own: what most rows elsewhere are in.
        currency = items.column("currency")
        counts = pc.value_counts(currency.drop_null()).to_pylist()
        if counts:
            code = max(counts, key=lambda row: row["counts"])["values"]
            items = items.set_column(
                items.column_names.index("currency"), "currency", pc.fill_null(currency, code)
            )
            remarks.append(f"amounts without a currency were taken as {code}")
            known = [True, True]
    if not all(known):
        # One side names no currency: compare amounts as they are rather than find nothing.
        items = items.set_column(
            items.column_names.index("currency"), "currency", pa.array([""] * items.num_rows)
        )
        if any(known):
            remarks.append("only one file has a currency column: amounts were compared as they are")
    handed = [items]
    del items
    result = engine.run(handed.pop(), default_rules() if rules is None else rules, tolerances or [], options)
    return TableMatch(result, left_map, right_map, remarks)


def _in_pieces(table: pa.Table) -> pa.Table:
    """The same rows in batches: one batch is read by one thread only."""
    return pa.Table.from_batches(table.combine_chunks().to_batches(max_chunksize=60_000), table.schema)


def _currency(mapping: Mapping) -> str | None:
    """SQL for the currency of a row: its column, or the code that the header of the amounts names; None when unknown."""
    if mapping.currency:
        return f"upper(trim({quoted(mapping.currency)}))"
    code = re.search(
        rf"(?<![A-Za-z])({parse.CODES})(?![A-Za-z])", (mapping.amount or mapping.credit or "").upper()
    )
    return f"'{code.group(1)}'" if code else None


def _items(con, side: str, table: pa.Table, mapping: Mapping, remarks: list[str]) -> pa.Table:
    con.register("source_file", table.append_column("__row", pa.array(np.arange(1, table.num_rows + 1))))

    def text(names: list[str]) -> str:
        return (
            f"nullif(concat_ws(' ', {', '.join(quoted(n) for n in names)}), '')"
            if names
            else "cast(null as varchar)"
        )

    def one(name: str | None) -> str:
        return f"trim({quoted(name)})" if name else "cast(null as varchar)"

    def day(name: str | None) -> str:
        return parse.date_sql(quoted(name), mapping.formats[name]) if name else "cast(null as date)"

    original = (
        parse.amount_sql(quoted(mapping.original_amount), mapping.formats.get(mapping.original_amount, "."))
        if mapping.original_amount
        else "cast(null as decimal(18, 4))"
    )
    ids = quoted(mapping.id) if mapping.id else "cast(__row as varchar)"
    references = [*mapping.references]
    if mapping.id and mapping.formats.get("__id_is_key"):
        references.append(mapping.id)
    keys = (
        f"list_filter([{', '.join(quoted(n) for n in references)}], x -> x is not null)"
        if references
        else "cast(null as varchar[])"
    )
    attributes = (
        f"[{', '.join(quoted(n) for n in mapping.attributes)}]"
        if mapping.attributes
        else "cast(null as varchar[])"
    )
    # A reference stays text too: another file may hold it among words.
    items = con.execute(f"""
        select __row, case when {day(mapping.date)} is null then {_names_a_total(table.column_names)} end as names_a_total, 'files' as reconciliation, '{side}' as side, '{side}' as item_type, {ids} as item_id,
            {_currency(mapping) or "cast(null as varchar)"} as currency, {amount_expression(mapping)} as amount,
            {day(mapping.date)} as item_date, {day(mapping.due_date)} as due_date,
            {one(mapping.party)} as party_name, {one(mapping.party_id)} as party_id,
            {original} as original_amount, upper({one(mapping.original_currency)}) as original_currency, {one(mapping.party_account)} as party_account,
            {text([*mapping.texts, *([mapping.group] if mapping.group else [])])} as reference_text, {keys} as reference_keys,
            {one(mapping.group)} as group_key, {attributes} as attributes
        from source_file order by __row
    """).to_arrow_table()
    items = _without_totals(con, side, items, remarks)
    unread = items.column("amount").null_count
    if unread:
        remarks.append(f"{side}: {unread} rows have no amount that can be read; they stay open")
    con.unregister("source_file")
    return items


#: A cell that is nothing but this names a sum or a balance of the file.
_TOTAL = (
    "((grand|sub|net|report|account|page) ?-?)?totals?|(end|gesamt|zwischen|saldo)?summe|gesamt(betrag)?|(sub)?totaa?l|sub-?totaux?|totaux|"
    "total (general|général|generale)|somme|suma|razem|sum|summa|((opening|closing|ending|final|beginning) )?balance|"
    "(end|anfangs|schluss)?saldo( (final|inicial|finale|iniziale|końcowe|początkowe))?|solde( (final|initial))?|(begin|eind)saldo"
)


def _names_a_total(names: list[str]) -> str:
    cells = ", ".join(f"rtrim(lower(trim({quoted(name)})), ': ')" for name in names)
    return f"len(list_filter([{cells}], lambda cell: regexp_full_match(cell, '{_TOTAL}'))) > 0"


def _without_totals(con, side: str, items: pa.Table, remarks: list[str]) -> pa.Table:
    """The items without the columns __row and names_a_total; a total line keeps its place and loses its amount.

    It has no date where nearly all rows have one, and either names itself or is the sum of the rows above: counted as
    open, it would double what is.
    """
    con.register("read_items", items)
    undated, rows = con.execute(
        "select count(*) filter (where item_date is null and amount is not null), count(*) from read_items"
    ).fetchone()
    if not 0 < undated <= 0.2 * rows:
        con.unregister("read_items")
        return items.drop_columns(["__row", "names_a_total"])
    con.execute("""
        create or replace temp table totals as
        with above as (
            select __row, item_date, amount, names_a_total,
                sum(amount) filter (where item_date is not null) over up_to_here as sum_above,
                count(amount) filter (where item_date is not null) over up_to_here as rows_above
            from read_items
            window up_to_here as (order by __row rows between unbounded preceding and 1 preceding)
        )
        select __row from above
        where item_date is null and amount is not null
            and (names_a_total or (rows_above > 2 and amount <> 0 and abs(amount) = abs(sum_above)))
    """)
    found = [str(row[0]) for row in con.execute("select __row from totals order by 1").fetchall()]
    kept = con.execute("""
        select read_items.* exclude (__row, names_a_total)
            replace (case when totals.__row is null then amount end as amount)
        from read_items left join totals on read_items.__row = totals.__row order by read_items.__row
    """).to_arrow_table()
    con.unregister("read_items")
    if found:
        remarks.append(
            f"{side}: {'row' if len(found) == 1 else 'rows'} {', '.join(found[:10])}{' ...' if len(found) > 10 else ''} "
            "of the table say a total or a balance, and are no items"
        )
    return kept


def _drop_false_keys(con, left: Mapping, right: Mapping, remarks: list[str]) -> None:
    """Keep a column as reference only if rows that share it also resemble each other in amount.

    Two files numbered 1, 2, 3… share every number and mean nothing by it: taken as a key it would pair every
    row with a stranger. An id column has to prove itself; a column called reference must only not be refuted.
    """
    proven: dict[str, set[str]] = {"left": set(), "right": set()}
    refuted: dict[str, set[str]] = {"left": set(), "right": set()}
    # In large files one key of several is asked, the same ones on both sides.
    share = max(
        1,
        con.execute(
            "select greatest((select count(*) from left_file), (select count(*) from right_file))"
        ).fetchone()[0]
        // KEYS_ASKED,
    )
    for a in [*left.references, *([left.id] if left.id else [])]:
        for b in [*right.references, *([right.id] if right.id else [])]:
            total, equal, near = con.execute(f"""
                with l as ({_amount_by_key("left_file", a, left, share)}), r as ({_amount_by_key("right_file", b, right, share)})
                select count(*), count(*) filter (where l.amount = r.amount),
                    count(*) filter (where abs(l.amount - r.amount) * 4 <= greatest(l.amount, r.amount))
                from l inner join r on l.k = r.k where l.k <> ''
            """).fetchone()
            if total and (equal >= 0.5 * total or (total >= 20 and near >= 0.7 * total)):
                proven["left"].add(a)
                proven["right"].add(b)
            elif total >= 10 and equal < 0.2 * total and near < 0.45 * total:
                refuted["left"].add(a)
                refuted["right"].add(b)
    for side, mapping in (("left", left), ("right", right)):
        bad = refuted[side] - proven[side]
        for name in [name for name in mapping.references if name in bad]:
            mapping.references.remove(name)
            remarks.append(
                f"{side}: rows that share {name!r} have unrelated amounts; it is not used as a reference"
            )
        if mapping.id and (
            mapping.id in proven[side] or (_has_letters(con, side, mapping.id) and mapping.id not in bad)
        ):
            mapping.formats["__id_is_key"] = "yes"


#: Keys of a file that are asked whether their rows resemble each other.
KEYS_ASKED = 50_000


def _amount_by_key(relation: str, column: str, mapping: Mapping, share: int) -> str:
    key = f"regexp_replace(upper({quoted(column)}), '[^A-Z0-9]', '', 'g')"
    return f"""
        select __key as k, any_value(abs({amount_expression(mapping)})) as amount
        from (select *, {key} as __key from {relation}) as keyed where hash(__key) % {share} = 0
        group by __key having count(*) = 1
    """


def _has_letters(con, side: str, name: str) -> bool:
    """Whether ids look like document numbers (INV-1001), which other files quote, rather than counters."""
    return bool(
        con.execute(
            f"select avg(cast(regexp_matches({quoted(name)}, '[A-Za-z]') or length({quoted(name)}) >= 6 as integer)) > 0.9 from {side}_file"
        ).fetchone()[0]
    )
