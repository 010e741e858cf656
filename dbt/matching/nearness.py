"""Candidates that are merely near: pairs by rare words, and by amounts and dates that lie close to each other."""

from __future__ import annotations

from matching.blocks import BLOCK_LIMIT, LARGE, SAME_BLOCK

#: Percent and days that amounts and dates may lie apart without any other evidence, widest first.
NEAR_STEPS = ((10, 31), (5, 31), (3, 31), (3, 14), (2, 10), (1, 7), (1, 3))
#: Partners of near amounts that a row keeps (the nearest), and pairs that one bucket of them may make.
NEAR_PARTNERS = 100
NEAR_BLOCK = 40_000


def word_pairs(con, run, budget: int) -> None:
    """Pairs that share a rare word and whose amounts are within 30 percent: mangled texts, amounts less fees."""
    run(
        "words",
        """
        create or replace temp table word as
        with spelled as (
            select item.row, line.rec, line.block, line.side,
                unnest(string_split(folded(concat_ws(' ', item.text, item.party_name)), ' ')) as word
            from item inner join line on item.row = line.row
            where item.row not in (select l from settled) and item.row not in (select r from settled)
        )
        select distinct row, rec, block, side, word from spelled
        where length(word) >= 2 and not regexp_matches(word, '[0-9][^0-9]*[0-9][^0-9]*[0-9]')
    """,
    )
    run(
        "rare words first, within the work budget",
        f"""
        create or replace temp table word_use as
        select rec, block, word, count(*) filter (where side = 'left') as left_n, count(*) filter (where side = 'right') as right_n
        from word group by all
        having count(*) filter (where side = 'left') > 0 and count(*) filter (where side = 'right') > 0;
        create or replace temp table word_block as
        with running as (
            select *, sum(left_n * right_n) over (order by left_n * right_n, rec, block, word) as work from word_use
        )
        select rec, block, word, left_n, right_n from running where work <= {budget}
    """,
    )
    run(
        "pairs by rare word",
        f"""
        create or replace temp table word_pair as
        select distinct l.row as l, r.row as r
        from word_block as b
        inner join word as lw on lw.side = 'left' and b.rec = lw.rec and b.block = lw.block and b.word = lw.word
        inner join word as rw on rw.side = 'right' and b.rec = rw.rec and b.block = rw.block and b.word = rw.word
        inner join l_open as l on lw.row = l.row
        inner join r_open as r on rw.row = r.row
        where {SAME_BLOCK} and l.currency = r.currency and sign(l.amt) = sign(r.amt)
            and abs(l.amt) * 10 >= abs(r.amt) * 7 and abs(r.amt) * 10 >= abs(l.amt) * 7
            and coalesce(abs(l.date - r.date) <= 95, true)
    """,
    )


def near_pairs(con, run, cut, rows: int) -> None:
    """Pairs with near amounts and near dates and nothing else, as wide as the work budget allows."""
    # In large files a row that finds its exact amount is not also compared with near ones.
    few = ""
    if rows > LARGE:
        few = " and (rec, block, currency, amt) not in (select rec, block, currency, amt from amount_block)"
    # Thousands of equal amounts would meet each other here once more, for nothing.
    few += f" and (rec, block, currency, amt) not in (select rec, block, currency, amt from amount_block where left_n * right_n > {10 * BLOCK_LIMIT})"
    run(
        "rows that may have a partner of a near amount",
        f"""
        create or replace temp table l_near as select * from l_open
        where date is not null{few};
        create or replace temp table r_near as select * from r_open
        where date is not null{few};
    """,
    )
    allowed = 20 * max(rows, 1000)
    for width, days in NEAR_STEPS:
        run(
            f"buckets of amounts within {width}% and {days} days",
            f"""
            create or replace temp table near_bucket as
            with l as (select row, rec, block, currency, sign(amt) as way, {_amount_bucket(width)} + unnest([-1, 0, 1]) as amount_bucket,
                    date - date '1970-01-01' as day from l_near),
                spread as (select rec, block, currency, way, amount_bucket, day // {days} + unnest([-1, 0, 1]) as date_bucket from l),
                lb as (select rec, block, currency, way, amount_bucket, date_bucket, count(*) as left_n from spread group by all),
                rb as (select rec, block, currency, sign(amt) as way, {_amount_bucket(width)} as amount_bucket,
                    (date - date '1970-01-01') // {days} as date_bucket, count(*) as right_n from r_near group by all)
            select * from lb inner join rb using (rec, block, currency, way, amount_bucket, date_bucket)
        """,
        )
        # Looked at, not guessed: prices crowd together, and an estimate would let one bucket explode.
        if con.execute("select coalesce(sum(left_n * right_n), 0) from near_bucket").fetchone()[0] <= allowed:
            break
    by_bucket = f"""
        with l as (select *, sign(amt) as way, {_amount_bucket(width)} + unnest([-1, 0, 1]) as amount_bucket from l_near),
            lb as (select *, (date - date '1970-01-01') // {days} + unnest([-1, 0, 1]) as date_bucket from l),
            rb as (select *, sign(amt) as way, {_amount_bucket(width)} as amount_bucket, (date - date '1970-01-01') // {days} as date_bucket
                from r_near),
            fit as (select * from near_bucket where left_n * right_n <= {NEAR_BLOCK})
    """
    run(
        "pairs by near amount and date",
        f"""
        create or replace temp table near_all as
        {by_bucket}
        select distinct l.row as l, r.row as r, abs(l.amt - r.amt) as off, abs(l.date - r.date) as lag
        from fit
        inner join lb as l using (rec, block, currency, way, amount_bucket, date_bucket)
        inner join rb as r using (rec, block, currency, way, amount_bucket, date_bucket)
        where {SAME_BLOCK} and abs(l.date - r.date) <= {days}
            and abs(l.amt - r.amt) * 100 <= {width} * greatest(abs(l.amt), abs(r.amt));
        create or replace temp table near_pair as
        select l, r from near_all
        qualify row_number() over (partition by l order by off, lag, r) <= {NEAR_PARTNERS}
            or row_number() over (partition by r order by off, lag, l) <= {NEAR_PARTNERS}
    """,
    )
    for side in ("l", "r"):
        cut(
            "near_amounts_cut",
            f"select {side} as row from near_all group by {side} having count(*) > {NEAR_PARTNERS}",
        )
        cut(
            "near_amounts_cut",
            f"""
            {by_bucket}
            select distinct b.row from {side}b as b semi join (select * from near_bucket where left_n * right_n > {NEAR_BLOCK}) as large
                using (rec, block, currency, way, amount_bucket, date_bucket)
            """,
        )
    con.execute("drop table near_all; drop table near_bucket")


def _amount_bucket(width: int) -> str:
    return f"cast(floor(ln(abs(amt)) / ln({1 + width / 100})) as integer)"
