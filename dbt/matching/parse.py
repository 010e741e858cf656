"""Amounts and dates as people write them, read exactly and by the whole column. No decision what a column is.

A single "1,234" or "03/04/2026" cannot be read; a column can: one value of it that has only one reading
settles the rest. Money goes from text to DECIMAL(18,4) in SQL and never through a float.
"""

from __future__ import annotations

import duckdb

#: Spaces that stand between thousands: no-break, narrow no-break, thin and figure space.
_SPACES = "\u00a0\u202f\u2009\u2007"

#: Text without spaces, currency signs and letters; parentheses, trailing minus, DR and S(oll) become a leading minus.
_CLEAN = r"""
    case
        when regexp_matches({c}, '^\s*\(.*\)\s*$') or regexp_matches({c}, '-\s*$') or regexp_matches(upper({c}), '[0-9]\s*(D|DR|DB|S)\s*$')
            then '-' else ''
    end || regexp_replace(replace(translate({c}, '−–’''', '--'), ' ', ''), '[^0-9.,+-]', '', 'g')
"""

#: Codes that may stand beside an amount. Any three letters would make an amount of "INV-5001".
CODES = "EUR|USD|GBP|CHF|JPY|CNY|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|ILS|AED|SAR|KWD|BHD|INR|SGD|HKD|KRW|ZAR|BRL|MXN"

DATE_FORMATS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%d-%b-%y",
    "%d-%m-%y",
    "%m-%d-%y",
)


def amount_sql(column: str, decimal_mark: str) -> str:
    """SQL that reads a text column as DECIMAL(18,4), null when it is no amount."""
    cleaned = _CLEAN.format(c=column)
    group = "," if decimal_mark == "." else "."
    plain = f"replace(replace({cleaned}, '{group}', ''), '{decimal_mark}', '.')"
    # Two signs (a minus in parentheses) are one.
    plain = f"regexp_replace({plain}, '^-([+-])', '-')"
    plain = f"regexp_replace({plain}, '^(-?)(.*)-$', '\\1\\2')"
    return f"case when regexp_matches({column}, '[0-9]') then try_cast({plain} as decimal(18, 4)) end"


def decimal_mark(
    con: duckdb.DuckDBPyConnection, relation: str, column: str, delimiter_is_semicolon: bool = False
) -> str:
    """'.' or ',' for a column, from the values that can be read in one way only."""
    dot, comma = con.execute(rf"""
        select
            count(*) filter (where regexp_matches({column}, '\.[0-9]{{1,2}}\D*$') or regexp_matches({column}, ',[0-9]{{3}}\.') or regexp_matches({column}, '\.[0-9]{{4,}}\D*$')),
            count(*) filter (where regexp_matches({column}, ',[0-9]{{1,2}}\D*$') or regexp_matches({column}, '\.[0-9]{{3}},') or regexp_matches({column}, ',[0-9]{{4,}}\D*$'))
        from {relation}
    """).fetchone()
    if dot == comma:
        return "." if not delimiter_is_semicolon else ","
    return "." if dot > comma else ","


def amount_share(con: duckdb.DuckDBPyConnection, relation: str, column: str) -> float:
    """Share of the filled values that look like an amount (digits with marks, a sign, a currency)."""
    signs = f"{CODES}|[€$£¥]|ZŁ|KČ|KR\\.?|FR\\.?|FT|R\\$|LEI"
    number = f"translate(upper(trim({column})), '{_SPACES}', '{' ' * len(_SPACES)}')"
    value = con.execute(rf"""
        select coalesce(avg(cast(regexp_matches({number}, '^[(+−-]?\s*({signs})?\s*[(+−-]?[0-9][0-9., ’'']*\s*(-|\))?\s*({signs})?\s*(CR|DR|C|D|S|H)?\)?$') as integer)), 0)
        from {relation} where {column} is not null
    """).fetchone()[0]
    return float(value)


def date_format(con: duckdb.DuckDBPyConnection, relation: str, column: str) -> tuple[str, bool] | None:
    """(format, is_ambiguous) that reads nearly every filled value of a column; None when it holds no dates.

    Day and month are ambiguous when both orders read all: then the order in which the file runs decides
    (exports are sorted by date), and the day comes first when that says nothing either.
    """
    values = con.execute(
        f"select count(*), count(distinct {column}) from {relation} where {column} is not null"
    ).fetchone()
    if not values[0]:
        return None
    head = f"regexp_replace(regexp_replace(trim({column}), '[T ][0-9]{{1,2}}:[0-9]{{2}}.*$', ''), ',? +(AM|PM)$', '')"
    counts = con.execute(f"""
        with head as (select {head} as h from {relation} where {column} is not null)
        select {", ".join(f"count(*) filter (where year(try_strptime(h, '{form}')) between 1980 and 2100)" for form in DATE_FORMATS)} from head
    """).fetchone()
    reads = [form for form, good in zip(DATE_FORMATS, counts, strict=True) if good >= 0.95 * values[0]]
    if not reads:
        return None
    if len(reads) == 1:
        return reads[0], False
    if {"%Y-%m-%d", "%Y%m%d"} & set(reads[:1]):
        return reads[0], False
    disorder = [
        con.execute(f"""
            select count(*) from (select d, lag(d) over () as before from (select try_strptime({head}, '{form}') as d from {relation} where {column} is not null limit 5000))
            where abs(date_diff('day', before, d)) > 7
        """).fetchone()[0]
        for form in reads
    ]
    return reads[min(range(len(reads)), key=lambda k: (disorder[k], k))], True


def date_sql(column: str, form: str) -> str:
    """SQL that reads a text column as a date with one format."""
    head = f"regexp_replace(regexp_replace(trim({column}), '[T ][0-9]{{1,2}}:[0-9]{{2}}.*$', ''), ',? +(AM|PM)$', '')"
    return f"cast(try_strptime({head}, '{form}') as date)"
