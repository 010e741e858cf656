"""Amounts in the other side's currency that a bank writes into the text of a line: "USD 920.00", "/OCMT/GBP12,50/".

Belongs here: reading them where no column gives the original amount. One is taken only where a row of the other
side has exactly that amount in that currency: a fee or a rate that stands beside it points at nothing.
"""

from __future__ import annotations

import duckdb

#: Digits with or without decimals, thousands in groups or not (within an SQL literal, hence the two quotes).
_NUMBER = r"[0-9]{1,3}(?:[ .,''][0-9]{3})+[.,][0-9]{2,3}|[0-9]+(?:[.,][0-9]{1,3})?"


def from_texts(con: duckdb.DuckDBPyConnection, ticks: int) -> None:
    """Fill original_amt and original_currency of the table `item` (signed like amt) from its text."""
    con.execute("""
        create or replace temp table other_currency as
        select distinct l.reconciliation, l.side, r.currency
        from (select distinct reconciliation, side, currency from item) as l
        inner join (select distinct reconciliation, side, currency from item) as r
            on l.reconciliation = r.reconciliation and l.side <> r.side and l.currency <> r.currency
        where length(r.currency) = 3
    """)
    if not con.execute("select count(*) from other_currency").fetchone()[0]:
        return
    con.execute(f"""
        create or replace temp table quoted as
        with spoken as (
            select row, reconciliation, side, currency, amt, upper(text) as text from item
            where original_amt is null and text is not null and regexp_matches(text, '[0-9]')
                and (reconciliation, side) in (select reconciliation, side from other_currency)
        ),
        piece as (
            select spoken.*, other_currency.currency as code, unnest(
                regexp_extract_all(text, '(?:^|[^A-Z])' || other_currency.currency || ' ?({_NUMBER})', 1)
                || regexp_extract_all(text, '({_NUMBER}) ?' || other_currency.currency || '(?:$|[^A-Z])', 1)
            ) as written
            from spoken inner join other_currency
                on spoken.reconciliation = other_currency.reconciliation and spoken.side = other_currency.side and contains(spoken.text, other_currency.currency)
            where spoken.currency <> other_currency.currency
        ),
        -- A point or comma before the last one or two digits is the decimal one; before three it groups thousands.
        number as (
            select *, regexp_extract(written, '[.,]([0-9]{{1,2}})$', 1) as decimals from piece
        ),
        value as (
            select row, reconciliation, side, code, amt,
                try_cast(regexp_replace(case when decimals = '' then written else left(written, -1 - length(decimals)) end, '[^0-9]', '', 'g')
                    || '.' || decimals as decimal(18, 4)) as amount
            from number
        )
        select value.row, min(cast(cast(value.amount as decimal(38, 4)) * {ticks} as bigint)) as amount, min(code) as code
        from value
        semi join item on value.reconciliation = item.reconciliation and value.side <> item.side and value.code = item.currency
            and cast(cast(value.amount as decimal(38, 4)) * {ticks} as bigint) = abs(item.amt)
        group by value.row having count(distinct (amount, code)) = 1
    """)
    con.execute("""
        update item set original_amt = sign(item.amt) * quoted.amount, original_currency = quoted.code
        from quoted where item.row = quoted.row
    """)
    con.execute("drop table quoted; drop table other_currency")
