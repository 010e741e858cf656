"""Candidates: SQL passes that say which left and right rows may belong together. No scores here.

Every pass joins on a blocking key, never a cross join; what a block may cost is bounded, and a block that
is too large is split by amount or date, or reported in `notes`, because a truncated block would hide the
right partner in silence. The statements are kept as text in `Passes.sql` for `--explain`.

Blocking as in Steorts, Ventura, Sadinle, Fienberg (2014), "A comparison of blocking methods for record
linkage": several cheap keys, united.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import numpy as np

from matching import nearness, usual_rates
from matching.blocks import BLOCK_LIMIT, LARGE, SAME_BLOCK, month_sql
from matching.normalise import TEXT_REFERENCES

#: Work (pairs looked at) that a pass may do per item row; keeps cost linear in the number of rows.
WORK_PER_ROW = 40
MIN_WORK = 2_000_000
#: Blocks of equal amounts that are told one by one, the largest first; the rows of all of them are marked.
LARGEST_SHOWN = 20


@dataclass
class Passes:
    """What was asked of the database, in order, and what had to be left out."""

    sql: list[tuple[str, str]] = field(default_factory=list)
    notes: list[dict] = field(default_factory=list)
    #: (code of limits.LIMITS, rows whose partners were not all compared)
    cuts: list[tuple[str, np.ndarray]] = field(default_factory=list)


def build(con: duckdb.DuckDBPyConnection, rows: int) -> Passes:
    """Create the table `pair` (l, r, and how they share a key) from the table `item`."""
    passes = Passes()
    budget = max(MIN_WORK, WORK_PER_ROW * rows)

    def run(name: str, sql: str) -> None:
        passes.sql.append((name, sql.strip()))
        con.execute(sql)

    def cut(code: str, sql: str) -> None:
        rows = con.execute(sql).fetchnumpy()["row"]
        if len(rows):
            passes.cuts.append((code, rows))

    run(
        "sides",
        """
        create or replace temp table transfer as
        select rec from item group by rec, item_type having count(distinct side) = 2;
        create or replace temp table line as
        select row, rec, node, case when rec in (select rec from transfer) and item_type = 'bank_transaction' then '' else entity end as block,
            item_type, account, currency, amt, coalesce(date, due) as date, party, original_amt, original_currency, side
        from item where amt <> 0;
        create or replace temp table l_line as select * exclude (side) from line where side = 'left';
        create or replace temp table r_line as select * exclude (side) from line where side = 'right';
    """,
    )
    run(
        "reference keys",
        f"""
        -- In tables of their own, because a filter on a form would be computed again for every form.
        create or replace temp table declared_form as
        with declared as (
            select row, creditor_reference(unnest(reference_keys)) as raw, false as is_group from item
            union all
            select row, creditor_reference(group_key), true from item where group_key is not null
        )
        select row, ref_key(raw) as key, ref_digits(raw) as digits, case when not is_group then serial_digits(raw) end as serial, is_group
        from declared;
        create or replace temp table token_form as
        with token as (
            select distinct row, case when starts_with(raw, 'RF') then creditor_reference(raw) else raw end as raw
            from ({TEXT_REFERENCES}) where not regexp_matches(raw, '^[0-9]+[.,][0-9]{{2}}$')
        )
        select row, token_key(raw) as key, token_digits(raw) as digits from token;
        -- Codes of letters ("po_adrzamirif") are no numbers of a text: they are looked for as they were declared.
        create or replace temp table code as
        select distinct key from declared_form
        where length(key) >= 8 and not regexp_matches(key, '[0-9]{{3}}') and (is_group or regexp_matches(key, '[0-9]'));
        create or replace temp table coded_form as
        with spoken as (
            select row, unnest(string_split_regex(upper(text), '[\\s,;:+]+')) as raw from item
            where text is not null and (select count(*) from code) > 0
        )
        select distinct row, ref_key(raw) as key from spoken semi join code on ref_key(spoken.raw) = code.key;
        create or replace temp table key_form as
        with forms as (
            select row, key, true as is_declared, is_group, false as is_serial from declared_form
            union all
            select row, digits, true, is_group, false from declared_form where length(digits) >= 4 and digits <> key
            union all
            -- "INV-2026-00138" is called "0138" by those who pay it.
            select row, serial, false, false, true from declared_form where serial is not null
            union all
            select row, key, false, false, false from token_form
            union all
            select row, digits, false, false, false from token_form where length(digits) >= 4 and digits <> key
            union all
            select row, padded(digits), false, false, false from token_form where length(digits) between 1 and 3
            union all
            select row, key, false, false, false from coded_form
        )
        select row, key, is_declared, is_group, is_serial from forms where length(key) >= 3;
        drop table declared_form;
        drop table token_form;
        drop table coded_form;
        create or replace temp table key as
        with met as (
            -- By the hash of a key, which is a number; of two keys with one hash the next step keeps only what meets.
            select hash(key) as hashed from key_form inner join line on key_form.row = line.row
            group by hashed having bool_or(line.side = 'left') and bool_or(line.side = 'right')
        ),
        kept as (
            select key_form.row, key_form.key, bool_or(is_declared) as is_declared, bool_or(is_group) as is_group, bool_and(is_serial) as is_serial
            from key_form semi join met on hash(key_form.key) = met.hashed
            where (regexp_matches(key_form.key, '[0-9]') or key_form.key in (select key from code))
                -- Dates and years are in every text and point at nothing.
                and not regexp_matches(key_form.key, '^((19|20)[0-9]{{2}}|(19|20)[0-9]{{2}}(0[1-9]|1[0-2])([0-2][0-9]|3[01])|([0-2][0-9]|3[01])(0[1-9]|1[0-2])(19|20)[0-9]{{2}})$')
            group by key_form.row, key_form.key
        )
        select kept.*, line.rec, line.block, line.side from kept inner join line on kept.row = line.row
    """,
    )
    run(
        "how often a key is used",
        """
        create or replace temp table key_block as
        select rec, block, key, count(*) filter (where side = 'left') as left_n, count(*) filter (where side = 'right') as right_n
        from key group by all
        having count(*) filter (where side = 'left') > 0 and count(*) filter (where side = 'right') > 0
    """,
    )
    run(
        "pairs by reference key",
        f"""
        create or replace temp table key_pair as
        select
            l.row as l, r.row as r,
            min(key_block.left_n) as key_left_n, min(key_block.right_n) as key_right_n,
            bool_or(key_block.left_n = 1 and key_block.right_n = 1 and length(key_block.key) >= 6) as is_unique,
            bool_or(l.is_declared and r.is_declared) as is_declared, bool_or(l.is_group or r.is_group) as is_group,
            min_by(key_block.key, (key_block.right_n * key_block.left_n, -length(key_block.key), key_block.key)) as shared_key
        from key_block
        inner join key as l on l.side = 'left' and key_block.rec = l.rec and key_block.block = l.block and key_block.key = l.key
        inner join key as r on r.side = 'right' and key_block.rec = r.rec and key_block.block = r.block and key_block.key = r.key
        inner join l_line as ll on l.row = ll.row
        inner join r_line as rl on r.row = rl.row
        where (key_block.left_n * key_block.right_n <= {BLOCK_LIMIT}
               -- A large block (one batch number on hundreds of rows) is split by amount.
               or (ll.amt = rl.amt and key_block.left_n * key_block.right_n <= {BLOCK_LIMIT * 1000}))
            -- Two numbers made of parts are compared whole: order 2026-17 is not invoice 2026-17.
            and not (l.is_serial and r.is_serial)
            and ll.node <> rl.node and (ll.item_type <> rl.item_type or ll.account is distinct from rl.account)
        group by l.row, r.row
    """,
    )
    cut(
        "reference_block_too_large",
        f"select distinct key.row from key inner join key_block using (rec, block, key) where left_n * right_n > {BLOCK_LIMIT}",
    )
    # Rows that one unique key and an equal amount join, with no other row in sight, need no search: the later passes
    # would only add partners that lose. In large files numbers meet by accident, and other rows that share one are
    # no rivals unless theirs is unique, too, or their amount equal.
    own, rival = ("is_unique", "is_unique or is_equal") if rows > LARGE else ("is_sole", "true")
    run(
        "settled by a unique key and an equal amount",
        f"""
        create or replace temp table settled as
        with met as (
            select key_pair.l, key_pair.r, l.node as left_node, r.node as right_node, is_unique,
                key_left_n = 1 and key_right_n = 1 as is_sole, l.amt = r.amt and l.currency = r.currency as is_equal
            from key_pair
            inner join l_line as l on key_pair.l = l.row
            inner join r_line as r on key_pair.r = r.row
        ),
        counted as (
            select *, count(*) filter (where {rival}) over (partition by l) as of_left,
                count(*) filter (where {rival}) over (partition by r) as of_right
            from met
        ),
        -- A node that stands in several reconciliations may have a better place in another one.
        elsewhere as (select node from line group by node having count(*) > 1)
        select l, r from counted
        where {own} and is_equal and of_left = 1 and of_right = 1
            and left_node not in (select node from elsewhere) and right_node not in (select node from elsewhere);
        create or replace temp table l_open as select * from l_line where row not in (select l from settled);
        create or replace temp table r_open as select * from r_line where row not in (select r from settled);
    """,
    )
    run(
        "amounts",
        """
        create or replace temp table amount_block as
        with l as (select rec, block, currency, amt, count(*) as n from l_open group by all),
            r as (select rec, block, currency, amt, count(*) as n from r_open group by all)
        select l.rec, l.block, l.currency, l.amt, l.n as left_n, r.n as right_n
        from l inner join r on l.rec = r.rec and l.block = r.block and l.currency = r.currency and l.amt = r.amt
    """,
    )
    run(
        "pairs by equal amount",
        f"""
        create or replace temp table amount_pair as
        select l.row as l, r.row as r
        from amount_block as b
        inner join l_open as l on b.rec = l.rec and b.block = l.block and b.currency = l.currency and b.amt = l.amt
        inner join r_open as r on b.rec = r.rec and b.block = r.block and b.currency = r.currency and b.amt = r.amt
        where b.left_n * b.right_n <= {BLOCK_LIMIT} and {SAME_BLOCK}
    """,
    )
    run(
        "equal amounts in large blocks: by day",
        f"""
        create or replace temp table day_block as
        with big as (select rec, block, currency, amt from amount_block where left_n * right_n > {BLOCK_LIMIT}),
            l as (select l_open.*, l_open.date + step.days as day, step.days as step
                  from l_open semi join big using (rec, block, currency, amt)
                  cross join (select unnest([-3, -2, -1, 0, 1, 2, 3]) as days) as step),
            r as (select r_open.* from r_open semi join big using (rec, block, currency, amt)),
            ln as (select rec, block, currency, amt, day, count(*) as n from l group by all),
            rn as (select rec, block, currency, amt, date as day, count(*) as n from r group by all)
        select ln.rec, ln.block, ln.currency, ln.amt, ln.day, ln.n as left_n, rn.n as right_n
        from ln inner join rn using (rec, block, currency, amt, day);
        create or replace temp table day_pair as
        select l.row as l, r.row as r
        from day_block as b
        inner join r_open as r on b.rec = r.rec and b.block = r.block and b.currency = r.currency and b.amt = r.amt and b.day = r.date
        inner join l_open as l on b.rec = l.rec and b.block = l.block and b.currency = l.currency and b.amt = l.amt
            and l.date between r.date - 3 and r.date + 3
        where b.left_n * b.right_n <= {BLOCK_LIMIT * 10} and {SAME_BLOCK}
    """,
    )
    day_limit = BLOCK_LIMIT * 10
    large = con.execute(f"""
        select rec, currency, amt, day, left_n, right_n from day_block where left_n * right_n > {day_limit}
        order by left_n * right_n desc, rec, block, currency, amt, day limit {LARGEST_SHOWN}
    """).fetchall()
    for rec, currency, amt, day, left_n, right_n in large:
        passes.notes.append(
            {
                "rec": rec,
                "code": "block_undecided",
                "message": f"{left_n:,} left and {right_n:,} right rows of {abs(amt) / 10000:.2f} {currency} around {day} have nothing that tells them apart by amount and date; only references can decide, the rest stays open",
            }
        )
    for side, day in (
        ("l", "unnest([o.date - 3, o.date - 2, o.date - 1, o.date, o.date + 1, o.date + 2, o.date + 3])"),
        ("r", "o.date"),
    ):
        cut(
            "block_undecided",
            f"""
            with big as (select rec, block, currency, amt, day from day_block where left_n * right_n > {day_limit}),
                o as (select o.row, o.rec, o.block, o.currency, o.amt, {day} as day from {side}_open as o)
            select distinct o.row from o semi join big using (rec, block, currency, amt, day)
            """,
        )
        cut(
            "amount_block_too_large",
            f"""
            select o.row from {side}_open as o semi join
                (select rec, block, currency, amt from amount_block where left_n * right_n > {BLOCK_LIMIT}) as big
                using (rec, block, currency, amt)
            """,
        )
    run(
        "pairs by party; of parties with many rows, those of neighbouring months",
        f"""
        create or replace temp table party_block as
        with l as (select rec, block, currency, party, count(*) as n from l_open where party >= 0 group by all),
            r as (select rec, block, currency, party, count(*) as n from r_open where party >= 0 group by all)
        select rec, block, currency, party, l.n * r.n > {BLOCK_LIMIT} as is_large from l inner join r using (rec, block, currency, party);
        create or replace temp table party_month_l as
        select l_open.row, rec, block, currency, party, node, item_type, account, amt, {month_sql("date")} + step.months as month
        from l_open semi join (select * from party_block where is_large) as big using (rec, block, currency, party)
        cross join (select unnest([-1, 0, 1]) as months) as step;
        create or replace temp table party_month_r as
        select r_open.row, rec, block, currency, party, node, item_type, account, amt, {month_sql("date")} as month
        from r_open semi join (select * from party_block where is_large) as big using (rec, block, currency, party);
        -- A table of its own: joined in one query, all rows of a month met before the large months were left out.
        create or replace temp table party_month_block as
        with ln as (select rec, block, currency, party, month, count(*) as n from party_month_l group by all),
            rn as (select rec, block, currency, party, month, count(*) as n from party_month_r group by all)
        select rec, block, currency, party, month from ln inner join rn using (rec, block, currency, party, month)
        where ln.n * rn.n <= {BLOCK_LIMIT};
        -- Asked one after the other: in one query every row of a block met every other before the parties were compared.
        create or replace temp table party_pair as
        select l.row as l, r.row as r
        from (select * from party_block where not is_large) as b
        inner join l_open as l using (rec, block, currency, party) inner join r_open as r using (rec, block, currency, party)
        where {SAME_BLOCK} and sign(l.amt) = sign(r.amt);
        insert into party_pair
        with l as (select * from party_month_l semi join party_month_block using (rec, block, currency, party, month)),
            r as (select * from party_month_r semi join party_month_block using (rec, block, currency, party, month))
        select l.row as l, r.row as r from l inner join r using (rec, block, currency, party, month)
        where {SAME_BLOCK} and sign(l.amt) = sign(r.amt);
    """,
    )
    for side in ("l", "r"):
        cut(
            "party_block_too_large",
            f"select row from {side}_open semi join (select * from party_block where is_large) as big using (rec, block, currency, party)",
        )
    run(
        "pairs by original amount (another currency)",
        f"""
        create or replace temp table original_all as
        with found as (
            select l.row as l, r.row as r from l_open as l inner join r_open as r
                on l.original_currency = r.currency and l.original_amt = r.amt and l.currency <> r.currency and {SAME_BLOCK}
            union
            select l.row, r.row from l_open as l inner join r_open as r
                on r.original_currency = l.currency and r.original_amt = l.amt and l.currency <> r.currency and {SAME_BLOCK}
        )
        select l, r from found;
        create or replace temp table original_pair as
        select l, r from original_all qualify count(*) over (partition by l) <= 20 and count(*) over (partition by r) <= 20
    """,
    )
    run(
        "pairs by transposed digits",
        f"""
        create or replace temp table transposed_all as
        with l as (select *, list_sort(string_split(cast(abs(amt) as varchar), '')) as digits from l_open
                   where (rec, block, currency, amt) not in (select rec, block, currency, amt from amount_block)),
            r as (select *, list_sort(string_split(cast(abs(amt) as varchar), '')) as digits from r_open
                  where (rec, block, currency, amt) not in (select rec, block, currency, amt from amount_block))
        select l.row as l, r.row as r
        from l inner join r
            on {SAME_BLOCK} and l.currency = r.currency and l.digits = r.digits and l.amt <> r.amt and sign(l.amt) = sign(r.amt)
        where abs(l.date - r.date) <= 31
            -- One swap of neighbours: the difference is 9 times a power of ten times the digits' distance.
            and (l.amt - r.amt) % 9 = 0;
        create or replace temp table transposed_pair as
        select l, r from transposed_all qualify count(*) over (partition by l) <= 20 and count(*) over (partition by r) <= 20
    """,
    )
    for name in ("original", "transposed"):
        for side in ("l", "r"):
            cut(
                "too_many_alike", f"select {side} as row from {name}_all group by {side} having count(*) > 20"
            )
    nearness.word_pairs(con, run, budget)
    nearness.near_pairs(con, run, cut, rows)
    usual_rates.learn(con, run, cut)
    run(
        "all pairs",
        """
        create or replace temp table pair as
        with found as (
            select l, r from key_pair
            union select l, r from amount_pair
            union select l, r from day_pair
            union select l, r from party_pair
            union select l, r from original_pair
            union select l, r from transposed_pair
            union select l, r from word_pair
            union select l, r from near_pair
            union select l, r from rate_pair
        )
        select found.l, found.r, coalesce(key_left_n, 0) as key_left_n, coalesce(key_right_n, 0) as key_right_n,
            coalesce(is_declared, false) as is_declared, coalesce(is_group, false) as is_group, shared_key
        from found left join key_pair on found.l = key_pair.l and found.r = key_pair.r
        order by found.l, found.r
    """,
    )
    cut(
        "words_too_common",
        """
        with unused as (select rec, block, word from word_use anti join word_block using (rec, block, word)),
            paired as (select l as row from pair union select r from pair)
        select distinct word.row from word semi join unused using (rec, block, word) anti join paired using (row)
        """,
    )
    # Only the blocks; later steps still ask key, word, line and transfer.
    con.execute(
        "drop table key_form; drop table amount_pair; drop table day_pair; drop table word_pair; drop table near_pair; drop table rate_pair; drop table party_pair; drop table party_month_l; drop table party_month_r; drop table party_month_block; drop table party_block; drop table word_use; drop table original_all; drop table transposed_all"
    )
    return passes
