"""Groups by structure: whole batches, parties, days and neighbouring days whose sum stands on the other side; offsets."""

from __future__ import annotations

from collections import Counter

import numpy as np

from matching.group import BLOCK_RIVALS, BLOCKS_OF_BOTH, Group, Hits, base_chance
from matching.items import NO_DATE, Items, codes_of

#: Members of a batch or day whose sum is looked for.
BLOCK_ROWS = 2_000

#: Days between two days of both sides with one sum.
DAY_LAG = 5


_STRUCTURES = {
    # kind -> (columns that make a block, a condition)
    "group_key": ("group_key", "group_key is not null"),
    "party_day": ("party, date", "party >= 0 and date is not null"),
    "party": ("party", "party >= 0"),
    "day": ("date", "date is not null"),
}


def by_structure(con, items: Items, sql: list, hits: Hits) -> list[Group]:
    """Blocks of rows whose sum equals one row (or one block of the same kind) of the other side."""
    groups = []
    for kind, (columns, condition) in _STRUCTURES.items():
        statement = f"""
            create or replace temp table block_sum as
            select free.rec, free.block, free.side, free.currency, {", ".join("free." + c.strip() if c.strip() != "group_key" else "item.group_key" for c in columns.split(","))},
                sum(free.amt) as amt, count(*) as n, min(free.date) as first_date, max(free.date) as last_date,
                list(free.row order by free.row) as members
            from free inner join item on free.row = item.row
            where {condition.replace("party", "free.party").replace("date", "free.date").replace("group_key", "item.group_key")}
            group by all having count(*) > 1;
        """
        con.execute(statement)
        single = f"""
            select s.row, b.side, b.members, count(*) over (partition by s.row, b.side) as rivals
            from block_sum as b inner join free as s
                on b.rec = s.rec and b.block = s.block and b.currency = s.currency and b.amt = s.amt and b.side <> s.side
            where coalesce(s.date between b.first_date - 45 and b.last_date + 45, true) and b.n <= {BLOCK_ROWS}
                {"and (s.party = b.party or s.party < 0)" if "party" in columns else ""}
            order by s.row, b.side, b.members
        """
        sql += [
            (f"blocks by {kind}", statement.strip()),
            (f"blocks by {kind} whose sum is one row of the other side", single.strip()),
        ]
        rows = con.execute(
            f"select * from ({single}) where rivals <= {BLOCK_RIVALS} order by row, side, members"
        ).fetchall()
        for too_many in (
            f"select distinct row from ({single}) where rivals > {BLOCK_RIVALS}",
            f"select unnest(members) as row from block_sum where n > {BLOCK_ROWS}",
        ):
            items.limits.mark("block_sum_not_compared", con.execute(too_many).fetchnumpy()["row"])
        # Days that one row may fit by accident, in its own reconciliation: other ones' days are no rivals.
        near = {int(rec): 3.0 for rec in np.unique(items.rec)}
        if kind == "day":
            near |= dict(
                con.execute(
                    "select rec, count(*) / count(distinct block) from block_sum group by rec"
                ).fetchall()
            )
        if kind == "day":
            hit = {row for row, *_ in rows}
            for (row,) in con.execute(
                "select row from free where (rec, block) in (select (rec, block) from block_sum) order by row"
            ).fetchall():
                chance = base_chance(abs(int(items.amount[row]))) * min(near[int(items.rec[row])], 60.0)
                hits.add(items, kind, row, chance, row in hit)
        for row, side, members, _ in rows:
            chance = min(1.0, base_chance(abs(int(items.amount[row]))) * min(near[int(items.rec[row])], 60.0))
            groups.append(
                Group(tuple(members), (row,), kind, chance)
                if side == "left"
                else Group((row,), tuple(members), kind, chance)
            )
        both = f"""
            select l.members, r.members, l.amt
            from block_sum as l inner join block_sum as r
                on l.rec = r.rec and l.block = r.block and l.currency = r.currency and l.amt = r.amt
                {_same_columns(kind, columns)}
            where l.side = 'left' and r.side = 'right'
            order by l.members, r.members
        """
        sql.append((f"blocks by {kind} with equal sums on both sides", both.strip()))
        found_both = con.execute(both).fetchall()
        if kind == "day":
            # Deposits of a day often follow the till's day: so many days could fit by accident.
            for (row,) in con.execute(
                "select any_value(members)[1] from block_sum where side = 'left' group by rec, block, currency, date order by 1"
            ).fetchall():
                hits.add(items, "day", row, base_chance(int(items.amount[row])) * 2 * DAY_LAG, False, "both")
        for left, right, amount in found_both:
            if len(left) + len(right) > BLOCKS_OF_BOTH:
                items.limits.mark("block_sum_not_compared", [*left, *right])
                continue
            if kind != "group_key":
                left, right = without_equal(items, left, right)
            if left and right and len(left) + len(right) > 2:
                chance = base_chance(abs(int(amount))) * (2 * DAY_LAG if kind == "day" else 1)
                groups.append(Group(tuple(left), tuple(right), kind, chance))
                if kind == "day":
                    hits.found[hits.key(items, kind, left[0], "both")] += 1
    return groups


def _same_columns(kind: str, columns: str) -> str:
    """SQL: blocks of both sides belong to one batch, party or day; days of tills and deposits may lie apart."""
    if kind == "day":
        return f"and abs(l.date - r.date) <= {DAY_LAG}"
    return "".join(f" and l.{c.strip()} = r.{c.strip()}" for c in columns.split(","))


def without_equal(items: Items, left: list[int], right: list[int]) -> tuple[list[int], list[int]]:
    """Both sides of a block without the amounts that occur on both: those pair off one by one, or, where they
    cannot be told apart, not at all. That two equal heaps have equal sums proves nothing."""
    of_left = Counter(items.amount[left].tolist())
    of_right = Counter(items.amount[right].tolist())
    both = of_left & of_right

    def rest(rows: list[int]) -> list[int]:
        spare = Counter(both)
        kept = []
        for row in rows:
            amount = int(items.amount[row])
            if spare[amount]:
                spare[amount] -= 1
            else:
                kept.append(row)
        return kept

    return rest(left), rest(right)


def by_shared_key(con, items: Items, sql: list) -> list[Group]:
    """All rows of a batch or settlement, and the one row of the other side that names it, whatever the difference."""
    statement = """
        with batch as (
            select free.rec, free.block, free.side, free.currency, item.group_key, list(free.row order by free.row) as members
            from free inner join item on free.row = item.row
            where item.group_key is not null
            group by all having count(*) between 2 and 5000
        ),
        named as (
            select batch.*, free.row, count(*) over (partition by batch.rec, batch.block, batch.side, batch.currency, batch.group_key) as namers
            from batch
            inner join key on key.key = ref_key(batch.group_key) and key.rec = batch.rec and key.block = batch.block and key.side <> batch.side
            inner join free on key.row = free.row and free.currency = batch.currency
        )
        select row, side, members from named where namers = 1 order by row, side, members
    """
    sql.append(("a batch and the one row that names it", statement.strip()))
    return [
        Group(tuple(members), (row,), "group_key", 2e-5)
        if side == "left"
        else Group((row,), tuple(members), "group_key", 2e-5)
        for row, side, members in con.execute(statement).fetchall()
    ]


def by_days(items: Items, open_rows: np.ndarray) -> list[Group]:
    """All rows of two to seven neighbouring days that add up to one row of the other side (a weekend's payout)."""
    groups = []
    rows = np.flatnonzero(open_rows & (items.date != NO_DATE))
    entity, currency = codes_of(items.entity), codes_of(items.currency)
    block = (items.rec[rows].astype(np.int64) * (entity.max(initial=0) + 1) + entity[rows]) * (
        currency.max(initial=0) + 1
    ) + currency[rows]
    for code in np.unique(block):
        mine = rows[block == code]
        for many, single in (
            (mine[items.is_left[mine]], mine[~items.is_left[mine]]),
            (mine[~items.is_left[mine]], mine[items.is_left[mine]]),
        ):
            if len(many) < 2 or not len(single):
                continue
            order = np.lexsort((many, items.date[many]))
            many = many[order]
            day, start = np.unique(items.date[many], return_index=True)
            total = np.concatenate([[0], np.cumsum(items.amount[many])])
            bound = np.concatenate([start, [len(many)]])
            wanted: dict[int, list[int]] = {}
            for row in single.tolist():
                wanted.setdefault(int(items.amount[row]), []).append(row)
            for span in range(2, 8):
                for i in range(len(day) - span + 1):
                    if day[i + span - 1] - day[i] > 10 or bound[i + span] - bound[i] > 2000:
                        continue
                    fitting = wanted.get(int(total[bound[i + span]] - total[bound[i]]), ())
                    items.limits.mark("block_sum_not_compared", fitting[4:])
                    for row in fitting[:4]:
                        if abs(int(items.date[row]) - int(day[i + span - 1])) > 10:
                            continue
                        members = tuple(sorted(many[bound[i] : bound[i + span]].tolist()))
                        chance = min(1.0, 60 * base_chance(abs(int(items.amount[row]))))
                        groups.append(
                            Group(members, (row,), "days", chance)
                            if items.is_left[many[0]]
                            else Group((row,), members, "days", chance)
                        )
    return groups


def offsets(con, items: Items, sql: list) -> list[Group]:
    """Two rows of one side that cancel: same party or reference or text words, opposite amounts, near dates."""
    statement = """
        with candidate as (
            select a.row as a, b.row as b, a.side, a.rec, a.amt
            from free as a inner join free as b
                on a.rec = b.rec and a.block = b.block and a.side = b.side and a.currency = b.currency
                and a.amt = -b.amt and a.amt > 0 and a.item_type = b.item_type
                and a.account is not distinct from b.account
            where a.rec not in (select rec from transfer) and coalesce(abs(a.date - b.date) <= 45, true)
        ),
        related as (
            select c.*,
                exists (select 1 from key as x inner join key as y on x.key = y.key where x.row = c.a and y.row = c.b) as same_key,
                ia.party = ib.party and ia.party >= 0 as same_party,
                jaro_winkler_similarity(coalesce(folded(ia.text), ''), coalesce(folded(ib.text), '')) as similarity,
                regexp_matches(folded(concat_ws(' ', ia.text, ib.text)), '\\b(VOID|VOIDED|REVERSAL|REVERSED|REVERSE|STORNO|STORNIERT|CANCEL|CANCELLED|CANCELED|CORRECTION|CORR|REFUND|RETURN|RETURNED|CHARGEBACK)\\b') as says_so
            from candidate as c inner join item as ia on c.a = ia.row inner join item as ib on c.b = ib.row
        )
        select a, b, side, same_key, same_party, similarity, says_so,
            greatest(count(*) over (partition by a), count(*) over (partition by b)) as rivals
        from related
        where same_key or says_so or (same_party and similarity > 0.85) or similarity > 0.9
        order by a, b
    """
    sql.append(("rows of one side that cancel", statement.strip()))
    groups = []
    for a, b, side, same_key, same_party, similarity, says_so, rivals in con.execute(statement).fetchall():
        if rivals > 10:
            items.limits.mark("offsets_not_compared", [a, b])
            continue
        chance = (
            base_chance(abs(int(items.amount[a])))
            * (0.02 if same_key else 1.0)
            * (0.05 if says_so else 1.0)
            * (0.1 if same_party else 1.0)
            * (0.2 if similarity > 0.9 else 1.0)
        )
        members = tuple(sorted((a, b)))
        group = Group(members, (), "offset", min(chance, 1.0), 2 if same_key else 0)
        if side == "right":
            group = Group((), members, "offset", min(chance, 1.0), 2 if same_key else 0)
        groups.append(group)
    return groups
