"""Groups by subset search: rows of a party, of shared words or of a day that add up exactly. Bounded per target and in total."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matching.blocks import BLOCK_LIMIT, month_sql
from matching.features import discount_of
from matching.group import MAX_GROUP, POOL, Group, Hits, oriented, search_chance
from matching.items import NO_DATE, Items
from matching.subsets import find_subsets, subsets_looked_at

#: Sums over all searches among the rows of one entity and currency (about one second per 30 million), once for
#: searches inside parties and texts and once for days. One budget for all would let late rows of one entity decide
#: how far another one's are searched, and parties use up what deposits without any text need.
SEARCH_BUDGET = 150_000_000

#: Where the chance that some sum fits by accident is larger, none is looked for: it could not be told from one.
HOPELESS = 0.75

#: What a search costs before its first sum, in sums.
SEARCH_COST = 10_000


def by_search(con, items: Items, sql: list, hits: Hits, lags: dict[int, tuple[int, int]]) -> list[Group]:
    """Subset search for rows that nothing explains yet, within their party, shared words, or neighbouring days."""
    statement = f"""
        create or replace temp table linked as
        with l as (select rec, block, currency, party, count(*) as n from free where party >= 0 and side = 'left' group by all),
            r as (select rec, block, currency, party, count(*) as n from free where party >= 0 and side = 'right' group by all),
            party_block as (select rec, block, currency, party, l.n * r.n > {BLOCK_LIMIT * 25} as is_large from l inner join r using (rec, block, currency, party)),
            -- The parts of a payment of a party with many rows: those of its month and its neighbours.
            month_of_left as (
                select free.row, rec, block, currency, party, {month_sql("date")} + step.months as month
                from free semi join (select * from party_block where is_large) as big using (rec, block, currency, party)
                cross join (select unnest([-1, 0, 1]) as months) as step
                where side = 'left'
            ),
            month_of_right as (
                select free.row, rec, block, currency, party, {month_sql("date")} as month
                from free semi join (select * from party_block where is_large) as big using (rec, block, currency, party)
                where side = 'right'
            ),
            month_block as (
                select rec, block, currency, party, month
                from (select rec, block, currency, party, month, count(*) as n from month_of_left group by all) as ln
                inner join (select rec, block, currency, party, month, count(*) as n from month_of_right group by all) as rn
                    using (rec, block, currency, party, month)
                where ln.n * rn.n <= {BLOCK_LIMIT * 25}
            ),
            lw as (select word.* from word semi join free on word.row = free.row),
            word_use as (
                select rec, block, word, count(*) filter (where side = 'left') as ln, count(*) filter (where side = 'right') as rn
                from lw group by all having count(*) filter (where side = 'left') * count(*) filter (where side = 'right') between 1 and {BLOCK_LIMIT}
            ),
            found as (
                select l.row as l, r.row as r, 1 as strength
                from (select * from party_block where not is_large) as small
                inner join free as l using (rec, block, currency, party) inner join free as r using (rec, block, currency, party)
                where l.side = 'left' and r.side = 'right'
                union all
                select l.row, r.row, 1
                from month_block
                inner join month_of_left as l using (rec, block, currency, party, month)
                inner join month_of_right as r using (rec, block, currency, party, month)
                union all
                select x.row, y.row, 2
                from word_use inner join lw as x using (rec, block, word) inner join lw as y using (rec, block, word)
                where x.side = 'left' and y.side = 'right'
            )
        select l, r, min(strength) as strength from found group by l, r
    """
    # In two steps: asked at once, the rows of both sides would be joined with each other first.
    filtered = """
        create or replace temp table search_link as
        with left_of as (
            select linked.*, free.currency, free.rec, free.node, free.date, free.item_type, free.account
            from linked inner join free on linked.l = free.row
        )
        select l.l, l.r, l.strength
        from left_of as l inner join free as r on l.r = r.row
        where coalesce(abs(l.date - r.date), 0) <= 200
            and l.currency = r.currency || '' and l.rec = r.rec + 0 and l.node <> r.node
            and (l.item_type <> r.item_type or l.account is distinct from r.account)
    """
    sql += [
        ("rows that a subset search may combine", statement.strip()),
        ("those of one currency and time", filtered.strip()),
    ]
    con.execute(statement)
    con.execute(filtered)
    links = con.execute("select l, r, strength from search_link order by l, r").fetchnumpy()
    groups: list[Group] = []
    spent = np.zeros(items.strata, dtype=np.int64)
    seen: set[int] = set()
    large_parties = f"""
        with l as (select rec, block, currency, party, count(*) as n from free where party >= 0 and side = 'left' group by all),
            r as (select rec, block, currency, party, count(*) as n from free where party >= 0 and side = 'right' group by all)
        select free.row from free semi join
            (select rec, block, currency, party from l inner join r using (rec, block, currency, party) where l.n * r.n > {BLOCK_LIMIT * 25}) as b
            using (rec, block, currency, party)
    """
    items.limits.mark("party_search_cut", con.execute(large_parties).fetchnumpy()["row"])
    common_words = f"""
        with lw as (select word.* from word semi join free on word.row = free.row),
            common as (
                select rec, block, word from lw group by all
                having count(*) filter (where side = 'left') * count(*) filter (where side = 'right') > {BLOCK_LIMIT}
            )
        select distinct lw.row from lw semi join common using (rec, block, word)
        where lw.row not in (select l from linked) and lw.row not in (select r from linked)
    """
    items.limits.mark("words_too_common_for_sums", con.execute(common_words).fetchnumpy()["row"])
    for target_column, pool_column in (("l", "r"), ("r", "l")):
        order = np.lexsort((links[pool_column], links[target_column]))
        target_sorted, pool_sorted = links[target_column][order], links[pool_column][order]
        strength = links["strength"][order]
        starts = np.flatnonzero(np.r_[True, target_sorted[1:] != target_sorted[:-1]]) if len(order) else []
        ends = np.r_[starts[1:], len(order)] if len(order) else []
        for start, end in zip(starts, ends, strict=True):
            target = int(target_sorted[start])
            pool = pool_sorted[start:end]
            best = strength[start:end] == strength[start:end].min()
            pool = pool[best]
            if spent[items.stratum[target]] > SEARCH_BUDGET:
                items.limits.mark("search_budget_exhausted", [target])
                continue
            made, cost = _search(
                items,
                target,
                pool.astype(np.int64),
                "party" if strength[start:end].min() == 1 else "text",
                lags.get(int(items.rec[target])),
            )
            spent[items.stratum[target]] += cost + SEARCH_COST
            groups += made
            if made:
                seen.add(target)
    return groups + _search_days(con, items, seen, hits)


def _search(
    items: Items, target: int, pool: np.ndarray, kind: str, lags: tuple[int, int] | None
) -> tuple[list[Group], int]:
    """Rows of the pool that add up to the target: those at a usual distance in time first, whole or less their
    discounts, then all."""
    pools = [pool]
    if lags is not None and items.date[target] != NO_DATE:
        lag = (items.date[target] - items.date[pool]) * (1 if items.is_left[target] else -1)
        usual = pool[(lag >= lags[0]) & (lag <= lags[1])]
        if len(usual) < len(pool):
            pools = [usual, pool]
    total = 0
    for rows in pools:
        for is_net in (False, True):
            groups, cost = _search_sums(items, target, rows, kind, is_net)
            total += cost
            if groups:
                return groups, total
    return [], total


def _search_sums(
    items: Items, target: int, pool: np.ndarray, kind: str, is_net: bool
) -> tuple[list[Group], int]:
    want = int(items.amount[target])
    amounts = items.amount[pool]
    if is_net:
        # What is paid is the money, on either side; the documents are worth their amount less the discount.
        less_pool = discount_of(items, pool, np.full(len(pool), target))
        less_target = int(discount_of(items, np.array([target]), pool[:1])[0]) if len(pool) else 0
        if less_pool.any():
            amounts = amounts - np.sign(amounts) * less_pool
        elif less_target:
            want -= less_target if want > 0 else -less_target
        else:
            return [], 0
    signed = amounts * (1 if want > 0 else -1)
    size = abs(want)
    usable = (signed <= size) & (pool != target)
    pool, amounts = pool[usable], amounts[usable]
    if len(pool) < 2:
        return [], 1
    if np.abs(amounts).sum() < size:
        return [], 1
    if len(pool) > POOL:
        items.limits.mark("search_pool_cut", [target])
        lag = np.abs(items.date[pool] - items.date[target])
        nearest = np.lexsort((pool, lag))[:POOL]
        pool, amounts = pool[nearest], amounts[nearest]
    order = np.argsort(pool)
    pool, amounts = pool[order], amounts[order]
    found = find_subsets(amounts, want, MAX_GROUP, 1 << 14, 24)
    cost = 2 << min(len(pool) // 2, 14)
    chance = search_chance(amounts, found.searched)
    if len(found.solutions) > 12:
        items.limits.mark("sums_undecided", [target])
        return [], cost
    groups = []
    for positions in found.solutions:
        made = oriented(items, target, [int(pool[i]) for i in positions], kind, chance)
        groups.append(replace(made, is_net=is_net))
    return groups, cost


def _search_days(con, items: Items, seen: set[int], hits: Hits) -> list[Group]:
    """Rows without party or words: combine the rows of the neighbouring days, small groups only."""
    free = con.execute(
        "select row, rec, block, currency, side, date from free order by rec, block, currency, date nulls last, row"
    ).fetchall()
    blocks: dict[tuple, tuple[list[int], list[int]]] = {}
    for row, rec, block, currency, side, _ in free:
        blocks.setdefault((rec, block, currency), ([], []))[0 if side == "left" else 1].append(row)
    groups: list[Group] = []
    spent = np.zeros(items.strata, dtype=np.int64)
    for lefts, rights in blocks.values():
        for targets, pool_rows in ((lefts, rights), (rights, lefts)):
            pool_rows = np.array(pool_rows, dtype=np.int64)
            if len(pool_rows) < 2:
                continue
            # A handful of rows is searched whole, with or without dates; many only around the day.
            is_small = len(pool_rows) <= 24
            reach = 200 if is_small else 7
            undated = pool_rows[items.date[pool_rows] == NO_DATE]
            pool_rows = pool_rows[items.date[pool_rows] != NO_DATE]
            days = items.date[pool_rows]
            for target in targets:
                if target in seen:
                    continue
                is_dated = items.date[target] != NO_DATE
                if not is_dated and not is_small:
                    continue
                begin = np.searchsorted(days, items.date[target] - reach, side="left")
                end = np.searchsorted(days, items.date[target] + reach, side="right")
                near = pool_rows[begin:end] if is_dated else pool_rows
                if is_small:
                    near = np.concatenate([near, undated])
                if len(near) < 2:
                    continue
                if spent[items.stratum[target]] > SEARCH_BUDGET:
                    items.limits.mark("search_budget_exhausted", [target])
                    continue
                want = int(items.amount[target])
                # Without a party, only rows of the same direction: a mixture fits nearly any amount.
                near = near[
                    (np.abs(items.amount[near]) <= abs(want)) & (np.sign(items.amount[near]) == np.sign(want))
                ]
                if len(near) > 15 * POOL:
                    # Among so many rows some sum always fits: a search would prove nothing.
                    items.limits.mark("too_dense_to_search", [target])
                    continue
                made, cost, chance = _search_one_day(items, target, near)
                if chance is not None:
                    hits.add(items, "day_subset", target, chance, bool(made))
                spent[items.stratum[target]] += cost + SEARCH_COST
                if not made and 2 <= len(near) <= 2 * POOL:
                    if len(near) > 24:
                        items.limits.mark("search_pool_cut", [target])
                        lag = np.abs(items.date[near] - items.date[target])
                        near = near[np.lexsort((near, lag))[:24]]
                    found = find_subsets(items.amount[near], want, 5, 1 << 11, 24)
                    spent[items.stratum[target]] += SEARCH_COST
                    if len(found.solutions) > 6:
                        items.limits.mark("sums_undecided", [target])
                    else:
                        chance = search_chance(items.amount[near], found.searched)
                        made = [
                            oriented(items, target, [int(near[i]) for i in positions], "subset", chance)
                            for positions in found.solutions
                        ]
                        hits.add(items, "subset", target, chance, bool(made))
                groups += made
    return groups


def _search_one_day(items: Items, target: int, near: np.ndarray) -> tuple[list[Group], int, float | None]:
    """Subsets of the rows of one single day: a deposit or payout rarely mixes days, so few sums compete.

    Returns the groups, the sums looked at, and the chance that any of the days hits by accident: that of a
    group, too, for whoever looks at ten days finds ten times as many accidents. None: the days were not searched.
    """
    found_sets, cost, quiet = [], 0, 1.0
    days = items.date[near]
    pools = []
    for day in np.unique(days[days != NO_DATE]):
        pool = near[days == day]
        if len(pool) > 26:
            items.limits.mark("too_dense_to_search", [target])
        if not 2 <= len(pool) <= 26 or int(np.abs(items.amount[pool]).sum()) < abs(int(items.amount[target])):
            continue
        pools.append(np.sort(pool))
        searched = subsets_looked_at(len(pool), MAX_GROUP, 1 << 13)
        quiet *= 1.0 - min(search_chance(items.amount[pool], searched), 1.0 - 1e-9)
    if 1.0 - quiet > HOPELESS:
        items.limits.mark("too_dense_to_search", [target])
        return [], 0, None
    for pool in pools:
        found = find_subsets(items.amount[pool], int(items.amount[target]), MAX_GROUP, 1 << 13, 24)
        cost += 2 << (len(pool) // 2)
        if len(found.solutions) > 6:
            items.limits.mark("sums_undecided", [target])
        else:
            found_sets += [[int(pool[i]) for i in positions] for positions in found.solutions]
    chance = max(1.0 - quiet, 1e-9)
    return (
        [oriented(items, target, members, "day_subset", chance) for members in found_sets],
        cost,
        chance,
    )
