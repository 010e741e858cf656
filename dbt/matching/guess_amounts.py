"""Guessing the amounts: the pair of columns whose values, or whose sums of blocks, meet most often in both files."""

from __future__ import annotations

import re

from matching import parse
from matching.columns import Column, named, quoted, snake
from matching.mapping import CREDITS, DEBITS, Mapping, amount_expression, direction_word

#: Rows whose blocks are summed up when the amount column is looked for.
BLOCK_ROWS = 200_000


def amount_rank(column: Column) -> tuple:
    name = snake(column.name)
    exact = name in (
        "amount",
        "amt",
        "betrag",
        "value",
        "total",
        "total_amount",
        "amount_eur",
        "amount_usd",
        "net_amount",
        "net",
        "transaction_amount",
    )
    return (not exact, named("skip", name), not named("amount", name), -column.money_like, column.position)


def _amount_candidates(columns: list[Column], mapping: Mapping) -> list[Column]:
    found = [
        c
        for c in columns
        if c.amount_share > 0.9
        and c.filled > 0.3
        and c.name != mapping.id
        and c.date is None
        and not (c.is_number and named("reference", snake(c.name)) and not named("amount", snake(c.name)))
        and not (named("id", snake(c.name)) and not named("amount", snake(c.name)))
    ]
    # What was paid in another currency stands beside the amount that was booked.
    booked = [c for c in found if not named("foreign", snake(c.name))]
    if booked and max(c.filled for c in booked) >= max(c.filled for c in found):
        found = booked
    return sorted(found, key=amount_rank)


def choose_amounts(con, profiles, mappings, given) -> list[str]:
    """The pair of amount columns whose values meet most; names decide when values do not."""
    remarks: list[str] = []
    options: dict[str, list[Mapping]] = {}
    for side, columns in profiles.items():
        mapping = mappings[side]
        for c in columns:
            if c.amount_share > 0.8:
                mapping.formats[c.name] = c.mark
        direction = _direction(con, side, columns)
        choices = []
        if given.get(side, {}).get("amount"):
            choices = [Mapping(amount=mapping.amount)]
        else:
            if mapping.debit and mapping.credit:
                choices.append(Mapping(debit=mapping.debit, credit=mapping.credit))
            choices += [
                Mapping(amount=c.name)
                for c in _amount_candidates(columns, mapping)[:6]
                if c.name not in (mapping.debit, mapping.credit)
            ]
            fee = next(
                (
                    c
                    for c in columns
                    if c.amount_share > 0.9
                    and re.search(r"(^|_)(fee|fees|commission|charge|charges|gebuehr)", snake(c.name))
                ),
                None,
            )
            if fee is not None:
                choices += [
                    Mapping(amount=choice.amount, fee=fee.name)
                    for choice in choices[:4]
                    if choice.amount and choice.amount != fee.name
                ]
        if not choices and not con.execute(f"select count(*) from {side}_file").fetchone()[0]:
            likely = sorted(columns, key=amount_rank)
            choices = [Mapping(amount=likely[0].name)]
            remarks.append(f"the {side} file has no rows: every row of the other file stays open")
        if not choices:
            raise ValueError(
                f"the {side} file has no column of amounts; columns: {', '.join(c.name for c in columns)}. Name it with --map {side}.amount=COLUMN"
            )
        for choice in choices:
            choice.formats = mapping.formats
            if direction and choice.amount and _never_negative(con, side, choice):
                choice.direction = direction
        options[side] = choices
    blocks = {side: _blocks(columns, mappings[side]) for side, columns in profiles.items()}
    best = None
    for i, a in enumerate(options["left"]):
        for j, b in enumerate(options["right"]):
            shared = _shared_amounts(con, a, b)
            if shared < 0.3:
                shared = max(shared, 0.9 * _shared_sums(con, a, b, blocks))
            key = (shared * (0.97 ** (i + j)), -i - j)
            if best is None or key > best[0]:
                best = (key, a, b, shared)
    _, a, b, shared = best
    if shared < 0.02:
        a, b = options["left"][0], options["right"][0]
        remarks.append(
            "hardly any amount occurs in both files: the amount columns were chosen by their names"
        )
    for side, choice in (("left", a), ("right", b)):
        mapping = mappings[side]
        mapping.amount, mapping.debit, mapping.credit = choice.amount, choice.debit, choice.credit
        mapping.direction, mapping.fee = choice.direction, choice.fee
    return remarks


def _blocks(columns: list[Column], mapping: Mapping) -> list[str]:
    """SQL of columns by which rows may have been bundled: a batch or payout id, a day."""
    found = [
        quoted(c.name) for c in columns if named("group", snake(c.name)) and c.distinct > 1 and c.unique < 0.8
    ]
    found += [parse.date_sql(quoted(c.name), c.date[0]) for c in columns if c.date is not None][:2]
    return found[:3]


def _shared_sums(con, a: Mapping, b: Mapping, blocks: dict[str, list[str]]) -> float:
    """Like _shared_amounts, when the rows of one file are sums of blocks of the other one's."""
    best = 0.0
    for single, many, single_side, many_side in ((a, b, "left", "right"), (b, a, "right", "left")):
        for block in blocks[many_side]:
            # Whole blocks, of whole files: a sample of rows would leave every block without a part of its sum.
            rows = con.execute(f"select count(*) from {many_side}_file").fetchone()[0]
            every = max(1, rows // BLOCK_ROWS)
            value = con.execute(f"""
                with one as (select abs({amount_expression(single)}) as amount, count(*) as n from {single_side}_file group by 1),
                    sums as (
                        select abs(sum({amount_expression(many)})) as amount from {many_side}_file
                        where {block} is not null and hash({block}) % {every} = 0 group by {block} having count(*) > 1
                    ),
                    s as (select amount, count(*) as n from sums group by 1)
                select coalesce(sum(least(one.n, s.n)), 0) / greatest(1, least((select sum(n) from one), (select sum(n) from s)))
                from one inner join s on one.amount = s.amount where one.amount <> 0
            """).fetchone()[0]
            best = max(best, float(value))
    return best


def _direction(con, side: str, columns: list[Column]) -> str | None:
    """The column that says which way the money went; under a name that nobody foresaw only its words tell it."""
    for c in columns:
        if not (c.is_text and 1 <= c.distinct <= 4 and c.filled > 0.9):
            continue
        out, into = (", ".join(f"'{word}'" for word in words) for words in (DEBITS, CREDITS))
        known, has_out, has_in = con.execute(f"""
            with word as (select distinct {direction_word(c.name)} as word from sample_{side}_file where {quoted(c.name)} is not null)
            select coalesce(bool_and(word in ({out}, {into})), false), count(*) filter (where word in ({out})), count(*) filter (where word in ({into}))
            from word
        """).fetchone()
        if known and (named("direction", snake(c.name)) or (has_out and has_in)):
            return c.name
    return None


def _never_negative(con, side: str, choice: Mapping) -> bool:
    return not con.execute(
        f"select count(*) from sample_{side}_file where {amount_expression(choice)} < 0"
    ).fetchone()[0]


def _shared_amounts(con, a: Mapping, b: Mapping) -> float:
    """Share of the smaller file's rows whose absolute amount occurs in the other file, each used once."""
    return float(
        con.execute(f"""
        with l as (select abs({amount_expression(a)}) as amount, count(*) as n from sample_left_file group by 1),
            r as (select abs({amount_expression(b)}) as amount, count(*) as n from sample_right_file group by 1)
        select coalesce(sum(least(l.n, r.n)), 0) / greatest(1, least((select sum(n) from l), (select sum(n) from r)))
        from l inner join r on l.amount = r.amount where l.amount <> 0
    """).fetchone()[0]
    )
