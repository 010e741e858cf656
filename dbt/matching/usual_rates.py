"""Exchange rates that the files themselves teach: pairs that a reference or an original amount joins show them.

An invoice of 9,549.33 GBP and a receipt of 11,138.14 EUR share nothing but the party. Twenty other pairs of the two
files that share a number, too, say what a pound was worth on that day, and how closely such pairs keep to it.
No table of rates is asked for: a bank's rate is not the central bank's, and between two unknown files there is none.

Rates are medians of the nearest known pairs in time. Floats only say how well two amounts fit; they are never money.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa

#: Known pairs of two currencies that must agree, the share of all that must, and how many make a day's rate.
AGREEING, SHARE, NEAREST = 6, 0.6, 7
#: How far from its neighbours' rate a pair may be; no band is narrower or wider (shares of the amount).
NARROWEST, WIDEST = 0.002, 0.03
#: Days from a day with a known pair beyond which no rate is known, and between two rows of one pair.
KNOWN_DAYS, DAYS = 45, 95
#: Pairs that one block (party or word, amounts within five percent) may make.
BLOCK_LIMIT = 4_000

_KNOWN = """
    with known as (
        select l, r from key_pair where key_left_n = 1 and key_right_n = 1
        union
        select l, r from original_pair
        where l in (select l from original_pair group by l having count(*) = 1)
            and r in (select r from original_pair group by r having count(*) = 1)
    )
    select l.rec, l.currency as left_currency, r.currency as right_currency, r.date - date '1970-01-01' as day,
        cast(r.amt as double) / l.amt as rate
    from known inner join l_line as l on known.l = l.row inner join r_line as r on known.r = r.row
    where l.currency <> r.currency and l.currency <> '' and r.currency <> '' and r.date is not null and sign(l.amt) = sign(r.amt)
    order by l.rec, l.currency, r.currency, r.date, l.row, r.row
"""


def learn(
    con: duckdb.DuckDBPyConnection, run: Callable[[str, str], None], cut: Callable[[str, str], None]
) -> None:
    """Create the table `usual_rate` (rec, left_currency, right_currency, date, rate, band): right = left x rate."""
    known = con.execute(_KNOWN).to_arrow_table()
    columns: dict[str, list] = {
        name: [] for name in ("rec", "left_currency", "right_currency", "date", "rate", "band")
    }
    keys = list(
        zip(
            *(known.column(name).to_pylist() for name in ("rec", "left_currency", "right_currency")),
            strict=True,
        )
    )
    day, rate = known.column("day").to_numpy().astype(np.int64), known.column("rate").to_numpy()
    places: dict[tuple, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    for key, mine in sorted(places.items()):
        days, rates, band = _consensus(day[mine], rate[mine])
        if not len(days):
            continue
        for asked in range(int(days[0]) - KNOWN_DAYS, int(days[-1]) + KNOWN_DAYS + 1):
            near = np.argsort(np.abs(days - asked), kind="stable")[:NEAREST]
            if abs(days[near[0]] - asked) <= KNOWN_DAYS:
                for name, value in zip(
                    columns, (*key, asked, float(np.median(rates[near])), band), strict=True
                ):
                    columns[name].append(value)
    kinds = (pa.int32(), pa.string(), pa.string(), pa.int32(), pa.float64(), pa.float64())
    learnt = pa.table(
        {name: pa.array(columns[name], kind) for name, kind in zip(columns, kinds, strict=True)}
    )
    con.register("learnt_rate", learnt)
    con.execute("""
        create or replace temp table usual_rate as
        select rec, left_currency, right_currency, date '1970-01-01' + date as date, rate, band from learnt_rate
    """)
    con.unregister("learnt_rate")
    _pairs(run, cut)


def _consensus(day: np.ndarray, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Days and rates of the pairs that keep to their neighbours' rate, and how closely; nothing where too few do."""
    off = np.empty(len(day))
    for place in range(len(day)):
        others = np.delete(np.arange(len(day)), place)
        near = others[np.argsort(np.abs(day[others] - day[place]), kind="stable")[:NEAREST]]
        off[place] = abs(rate[place] / np.median(rate[near]) - 1) if len(near) else np.inf
    agree = off <= WIDEST
    if agree.sum() < max(AGREEING, SHARE * len(day)):
        return day[:0], rate[:0], 0.0
    band = float(np.clip(1.5 * np.quantile(off[agree], 0.9), NARROWEST, WIDEST))
    return day[agree], rate[agree], band


def _pairs(run: Callable[[str, str], None], cut: Callable[[str, str], None]) -> None:
    step = "cast(floor(ln({worth}) / ln(1.05)) as integer)"
    names = """
        select row, 'party ' || party as name from {side}_open where party >= 0
        union all
        select row, word from word semi join word_block using (rec, block, word) where side = '{long}'
    """
    run(
        "pairs of one party or rare word, worth as much at the usual rate of these files",
        f"""
        create or replace temp table rate_left as
        with named as ({names.format(side="l", long="left")})
        select l.*, named.name, {step.format(worth="abs(amt)")} + unnest([-1, 0, 1]) as size_step
        from l_open as l
        semi join usual_rate on l.rec = usual_rate.rec and l.currency = usual_rate.left_currency
        inner join named using (row);
        create or replace temp table rate_right as
        with named as ({names.format(side="r", long="right")})
        select r.*, named.name, usual_rate.left_currency, rate, band, {step.format(worth="abs(amt) / rate")} as size_step
        from r_open as r
        inner join usual_rate on r.rec = usual_rate.rec and r.currency = usual_rate.right_currency and r.date = usual_rate.date
        inner join named using (row);
        create or replace temp table rate_block as
        with l as (select rec, block, name, currency, size_step, count(*) as n from rate_left group by all),
            r as (select rec, block, name, left_currency as currency, size_step, count(*) as n from rate_right group by all)
        select rec, block, name, currency, size_step, l.n * r.n > {BLOCK_LIMIT} as is_large
        from l inner join r using (rec, block, name, currency, size_step);
        create or replace temp table rate_pair as
        select distinct l.row as l, r.row as r
        from (select * from rate_block where not is_large) as b
        inner join rate_left as l using (rec, block, name, currency, size_step)
        inner join rate_right as r
            on b.rec = r.rec and b.block = r.block and b.name = r.name and b.currency = r.left_currency and b.size_step = r.size_step
        where l.node <> r.node and (l.item_type <> r.item_type or l.account is distinct from r.account)
            and sign(l.amt) = sign(r.amt) and coalesce(abs(l.date - r.date) <= {DAYS}, true)
            and abs(l.amt * rate - r.amt) <= band * abs(r.amt)
    """,
    )
    for side, currency in (("left", "currency"), ("right", "left_currency as currency")):
        cut(
            "party_block_too_large",
            f"""
            select distinct row from (select row, rec, block, name, size_step, {currency} from rate_{side}) as x
            semi join (select * from rate_block where is_large) as big using (rec, block, name, currency, size_step)
            """,
        )
    run(
        "blocks of the usual rate, no longer needed",
        "drop table rate_left; drop table rate_right; drop table rate_block",
    )


def fits(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table `rate_fit`: candidates that are worth as much at the usual rate (l, r, and `chance`, how likely
    a stranger of that currency would be, too)."""
    con.execute("create or replace temp table rate_fit (l integer, r integer, chance double)")
    if not con.execute("select count(*) from usual_rate").fetchone()[0]:
        return
    con.execute("""
        insert into rate_fit
        with fit as (
            select pair.l, pair.r, l.rec, l.currency, abs(r.amt) / rate as worth, band
            from pair
            inner join l_line as l on pair.l = l.row
            inner join r_line as r on pair.r = r.row
            inner join usual_rate
                on l.rec = usual_rate.rec and l.currency = left_currency and r.currency = right_currency and r.date = usual_rate.date
            where sign(l.amt) = sign(r.amt) and abs(l.amt * rate - r.amt) <= band * abs(r.amt)
        ),
        place as (
            select rec, currency, abs(amt) as size, row_number() over (partition by rec, currency order by abs(amt), row) as n,
                count(*) over (partition by rec, currency) as rows
            from l_line
        ),
        below as (
            select fit.*, place.n from fit asof left join place
                on fit.rec = place.rec and fit.currency = place.currency and fit.worth * (1 + band) >= place.size
        ),
        within as (
            select below.l, below.r, below.rec, below.currency, coalesce(below.n, 0) - coalesce(place.n, 0) as near
            from below asof left join place
                on below.rec = place.rec and below.currency = place.currency and below.worth * (1 - band) >= place.size
        )
        select l, r, (greatest(near - 1, 0) + 20 * 0.01) / (sizes.rows - 1 + 20) as chance
        from within inner join (select distinct rec, currency, rows from place) as sizes using (rec, currency)
    """)
