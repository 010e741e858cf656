"""Groups: candidates of more than one row on a side. Where they come from, and nothing about their score.

- by reference: one row that names several documents, several rows that name one, and chains of these;
- by structure: all rows of a batch, of a party, of a party's day, of a day, whose sum is found on the other side;
- by subset search: those of a party's (or a day's) rows that add up exactly;
- offsets: two rows of one side that cancel (a void and its original).

Search is bounded per target and in total; what could not be searched is noted and stays open.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from matching import batch_fees
from matching.candidates import BLOCK_LIMIT, month_sql
from matching.items import NO_DATE, TICKS, Items
from matching.subsets import find_subsets, subsets_looked_at

#: Rows that one subset search looks at, and the most a group may have when found by search.
POOL = 34
MAX_GROUP = 12
#: Sums over all searches among the rows of one entity and currency (about one second per 30 million), once for
#: searches inside parties and texts and once for days. One budget for all would let late rows of one entity decide
#: how far another one's are searched, and parties use up what deposits without any text need.
SEARCH_BUDGET = 150_000_000
#: Where the chance that some sum fits by accident is larger, none is looked for: it could not be told from one.
HOPELESS = 0.75
#: What a search costs before its first sum, in sums.
SEARCH_COST = 10_000
#: Rows that one reference may join into a group, and rows of both sides of two blocks with equal sums.
REFERENCE_GROUP = 200
BLOCKS_OF_BOTH = 60
#: Members of a batch or day whose sum is looked for, and blocks of equal sums that one row may fit.
BLOCK_ROWS = 2_000
BLOCK_RIVALS = 20
#: Days that the parts of one payment may lie apart.
REMAINDER_DAYS = 95
#: Days between two days of both sides with one sum.
DAY_LAG = 5


@dataclass
class Group:
    left: tuple[int, ...]
    right: tuple[int, ...]
    kind: str  # reference, offset, or a key of scoring.BASE
    chance: float  # probability that amounts fit like this by accident
    linked: int = 0  # members joined by a shared reference
    is_batch: bool = False  # its rows carry one batch, whatever else joins them
    has_usual_fee: bool = False  # its difference is the fee that the other batches have, see batch_fees.py
    notes: list[str] = field(default_factory=list)

    @property
    def is_whole_party(self) -> bool:
        """Several rows of one party on both sides: who owes nothing more, but not which row pays which."""
        return self.kind == "party" and len(self.left) > 1 and len(self.right) > 1


class Hits:
    """How often sums were looked for and found, per kind, stratum and side of the single row.

    A search of a thousand rows finds some sums by accident. As in empirical Bayes testing (Efron 2010,
    "Large-Scale Inference"), the share of true ones is estimated from what was found beyond that: it is the
    prior of each group, and replaces the default once there are enough searches to learn from.
    """

    #: How many searches the default is worth.
    STRENGTH = 10.0

    def __init__(self) -> None:
        self.searched: dict[tuple, int] = {}
        self.by_accident: dict[tuple, float] = {}
        self.found: dict[tuple, int] = {}

    @staticmethod
    def key(items: Items, kind: str, target: int, side: str | None = None) -> tuple:
        """The searches that are alike: of one kind and stratum, for rows of one side (or blocks of both)."""
        return kind, int(items.stratum[target]), side or ("left" if items.is_left[target] else "right")

    def add(
        self, items: Items, kind: str, target: int, chance: float, is_found: bool, side: str | None = None
    ) -> None:
        key = self.key(items, kind, target, side)
        self.searched[key] = self.searched.get(key, 0) + 1
        self.by_accident[key] = self.by_accident.get(key, 0.0) + chance
        self.found[key] = self.found.get(key, 0) + is_found

    def log_odds(self, items: Items, group: Group, default: float) -> float:
        """Log-odds before its own evidence that a group of this kind is true; `default` for unsearched kinds."""
        if len(group.left) != 1 and len(group.right) != 1:
            key = self.key(items, group.kind, (group.left or group.right)[0], "both")
        else:
            key = self.key(items, group.kind, (group.left if len(group.left) == 1 else group.right)[0])
        if key not in self.searched:
            return default
        usual = 1 / (1 + np.exp(-default))
        true = max(self.found[key] - self.by_accident[key], 0.0)
        share = (true + self.STRENGTH * usual) / (self.searched[key] + self.STRENGTH)
        return float(np.clip(np.log(share / (1 - share)), -8.0, 1.5))


def find(
    con: duckdb.DuckDBPyConnection, items: Items, open_rows: np.ndarray, pairs, sql: list
) -> tuple[list[Group], list[dict], Hits]:
    """All group candidates among the open rows (bool per row). Sorted, without repetition."""
    hits = Hits()
    con.register("open_rows", {"row": np.flatnonzero(open_rows).astype(np.int32)})
    con.execute(
        "create or replace temp table free as select line.* from line semi join open_rows on line.row = open_rows.row"
    )
    con.unregister("open_rows")
    notes: list[dict] = []
    groups = [
        *_by_reference(items, open_rows, pairs),
        *_by_remainder(con, items, open_rows, pairs, sql, hits),
        *_by_structure(con, items, sql, hits),
        *_by_shared_key(con, items, sql),
        *_by_days(items, open_rows),
        *(
            replace(_oriented(items, batch.single, list(batch.many), "day", batch.chance), has_usual_fee=True)
            for batch in batch_fees.find(con, items, sql)
        ),
        *_offsets(con, items, sql),
    ]
    groups += _by_search(con, items, sql, hits)
    unique: dict[tuple, Group] = {}
    for group in groups:
        key = (group.left, group.right)
        known = unique.get(key)
        if known is None:
            unique[key] = group
            continue
        # The same rows found in two ways: shared references say more than any structure, and the
        # smaller chance of an accident holds for both.
        better = min(known, group, key=lambda found: (found.kind != "reference", found.chance))
        unique[key] = replace(
            better,
            chance=min(known.chance, group.chance),
            is_batch=any(found.is_batch or found.kind == "group_key" for found in (known, group)),
            has_usual_fee=known.has_usual_fee or group.has_usual_fee,
        )
    return [unique[key] for key in sorted(unique)], notes, hits


def base_chance(size: int) -> float:
    """Probability that an unrelated amount equals this one: round amounts are common."""
    if size % (100 * TICKS) == 0:
        return 3e-3
    return 1e-3 if size % TICKS == 0 else 2e-4


def _by_reference(items: Items, open_rows: np.ndarray, pairs) -> list[Group]:
    usable = pairs.has_reference & open_rows[pairs.l] & open_rows[pairs.r] & ~pairs.is_fx
    l, r = pairs.l[usable], pairs.r[usable]  # noqa: E741
    if not len(l):
        return []
    groups = []
    rights: dict[int, list[int]] = {}
    lefts: dict[int, list[int]] = {}
    for a, b in zip(l.tolist(), r.tolist(), strict=True):
        rights.setdefault(a, []).append(b)
        lefts.setdefault(b, []).append(a)
    for sides in (rights, lefts):
        items.limits.mark(
            "reference_group_too_large",
            [row for row, several in sides.items() if len(several) > REFERENCE_GROUP],
        )
    for a, several in sorted(rights.items()):
        if 2 <= len(several) <= REFERENCE_GROUP:
            groups.append(
                Group((a,), tuple(several), "reference", base_chance(abs(int(items.amount[a]))), len(several))
            )
            groups += _subset_groups(items, a, several, "reference", True)
    for b, several in sorted(lefts.items()):
        if 2 <= len(several) <= REFERENCE_GROUP:
            groups.append(
                Group(tuple(several), (b,), "reference", base_chance(abs(int(items.amount[b]))), len(several))
            )
            groups += _subset_groups(items, b, several, "reference", False)
    size = len(items)
    _, label = connected_components(
        coo_matrix((np.ones(len(l), dtype=np.int8), (l, r)), shape=(size, size)), directed=False
    )
    chains: dict[int, tuple[set, set]] = {}
    for a, b in zip(l.tolist(), r.tolist(), strict=True):
        sides = chains.setdefault(int(label[a]), (set(), set()))
        sides[0].add(a)
        sides[1].add(b)
    for left, right in chains.values():
        if len(left) > 1 and len(right) > 1 and len(left) + len(right) > BLOCKS_OF_BOTH:
            items.limits.mark("reference_group_too_large", [*left, *right])
        elif len(left) > 1 and len(right) > 1:
            total = int(items.amount[list(left)].sum())
            if total == int(items.amount[list(right)].sum()):
                groups.append(
                    Group(
                        tuple(sorted(left)),
                        tuple(sorted(right)),
                        "reference",
                        base_chance(abs(total)),
                        len(left) + len(right),
                    )
                )
    return groups


def _by_remainder(con, items: Items, open_rows: np.ndarray, pairs, sql: list, hits: Hits) -> list[Group]:
    """A payment that names a document and leaves a rest, and the one row that is exactly this rest.

    The second part of a payment often says nothing at all, nor does the credit note that was deducted; their
    amounts do, to the cent.
    """
    usable = (
        pairs.has_reference
        & open_rows[pairs.l]
        & open_rows[pairs.r]
        & ~pairs.is_fx
        & (pairs.difference != 0)
        & (np.sign(items.amount[pairs.l]) == np.sign(items.amount[pairs.r]))
    )
    if not usable.any():
        return []
    con.register(
        "short_pair",
        pa.table({"l": pairs.l[usable], "r": pairs.r[usable], "difference": pairs.difference[usable]}),
    )
    statement = f"""
        with rest as (
            select l, r, way.side,
                case when way.side = 'left' then right_row.amt - left_row.amt else left_row.amt - right_row.amt end as missing,
                right_row.rec, right_row.block, right_row.currency, right_row.amt, least(left_row.date, right_row.date) as first_date,
                greatest(left_row.date, right_row.date) as last_date, greatest(left_row.party, right_row.party) as party
            from short_pair
            inner join free as left_row on short_pair.l = left_row.row
            inner join free as right_row on short_pair.r = right_row.row
            cross join (values ('left'), ('right')) as way (side)
        )
        select l, r, rest.side, free.row, count(*) over (partition by l, r) as rivals
        from rest inner join free
            on rest.rec = free.rec and rest.block = free.block and rest.currency = free.currency and rest.side = free.side
            and free.amt = rest.missing and free.row not in (l, r)
        where coalesce(free.date between first_date - {REMAINDER_DAYS} and last_date + {REMAINDER_DAYS}, true)
            -- A second part stands on the shorter side. What reduces the longer side is a credit note of the same party.
            and (sign(free.amt) = sign(rest.amt) or (free.party >= 0 and free.party = rest.party))
        qualify rivals <= {BLOCK_RIVALS}
        order by l, r, free.row
    """
    sql.append(("a payment that leaves a rest, and the row that is this rest", statement.strip()))
    groups = []
    found = con.execute(statement).fetchall()
    l, r, missing = pairs.l[usable], pairs.r[usable], np.abs(pairs.difference[usable])  # noqa: E741
    accident = _accidents(items, open_rows, items.stratum[l], missing)
    rests = {(left, right, side) for left, right, side, *_ in found}
    for a, b, of_left, of_right in zip(l.tolist(), r.tolist(), *accident, strict=True):
        # A second part is looked for on the shorter side.
        is_left_short = abs(int(items.amount[a])) < abs(int(items.amount[b]))
        hits.add(items, "remainder", b, of_left if is_left_short else 0.0, (a, b, "left") in rests)
        hits.add(items, "remainder", a, 0.0 if is_left_short else of_right, (a, b, "right") in rests)
    by_pair = dict(zip(zip(l.tolist(), r.tolist(), strict=True), zip(*accident, strict=True), strict=True))
    same_party = np.bincount(items.party[open_rows & (items.party >= 0)], minlength=1) / max(
        open_rows.sum(), 1
    )
    for left, right, side, row, rivals in found:
        # Who is known to be somebody else does not pay the rest.
        parties = {int(items.party[member]) for member in (left, right, row)} - {-1}
        if len(parties) > 1:
            continue
        of_party = int(items.party[row])
        is_known = of_party >= 0 and of_party in (int(items.party[left]), int(items.party[right]))
        share = float(same_party[of_party]) if is_known else 1.0
        accident_here = by_pair[left, right][0 if side == "left" else 1] * share
        chance = min(1.0, max(accident_here, 2e-5 * rivals))
        lefts = tuple(sorted((left, row))) if side == "left" else (left,)
        rights = tuple(sorted((right, row))) if side == "right" else (right,)
        groups.append(Group(lefts, rights, "remainder", chance))
    con.unregister("short_pair")
    return groups


def _accidents(
    items: Items, open_rows: np.ndarray, stratum: np.ndarray, missing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many open rows of the left and of the right side carry these amounts by accident: by how close amounts lie around them.

    A rest of 3.05 is found in any file of small payments, one of 4,812.37 in none.
    """
    size = np.abs(items.amount)
    result = []
    for is_left in (True, False):
        expected = np.zeros(len(missing))
        for code in np.unique(stratum):
            mine = stratum == code
            value = missing[mine]
            amounts = np.sort(size[open_rows & (items.stratum == code) & (items.is_left == is_left)])
            reach = np.maximum(value // 5, 10 * TICKS // 100)
            near = np.searchsorted(amounts, value + reach, side="right") - np.searchsorted(
                amounts, np.maximum(value - reach, 1), side="left"
            )
            # Amounts that round prices make meet more often than their density says.
            expected[mine] = (
                near / np.maximum(2 * reach // (TICKS // 100), 1) * np.where(value % TICKS == 0, 20, 1)
            )
        result.append(expected)
    return result[0], result[1]


def _subset_groups(
    items: Items, target: int, pool: list[int], kind: str, target_is_left: bool
) -> list[Group]:
    if not 3 <= len(pool) <= POOL:
        return []
    amounts = items.amount[np.array(pool)]
    found = find_subsets(amounts, int(items.amount[target]), MAX_GROUP, 1 << 12, 16)
    chance = _search_chance(amounts, found.searched)
    result = []
    for positions in found.solutions:
        members = tuple(sorted(pool[i] for i in positions))
        left, right = ((target,), members) if target_is_left else (members, (target,))
        result.append(Group(left, right, kind, chance, len(members) if kind == "reference" else 0))
    return result


def _search_chance(amounts: np.ndarray, searched: float) -> float:
    """Probability that some subset of the pool hits an unrelated target exactly.

    Sums of the pool lie on a grid (its greatest common divisor, at most ten units) between zero and the
    total: as many subsets as grid points, and a hit proves nothing.
    """
    searched = max(searched - len(amounts) - 1, 1.0)  # not the empty set and the single rows
    grid = int(np.gcd.reduce(np.abs(amounts)))
    spread = max(float(np.abs(amounts).sum()) / max(min(grid, 10 * TICKS), 1), 2.0)
    return float(max(1.0 - np.exp(-searched / spread), 1e-9))


_STRUCTURES = {
    # kind -> (columns that make a block, a condition)
    "group_key": ("group_key", "group_key is not null"),
    "party_day": ("party, date", "party >= 0 and date is not null"),
    "party": ("party", "party >= 0"),
    "day": ("date", "date is not null"),
}


def _by_structure(con, items: Items, sql: list, hits: Hits) -> list[Group]:
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
                left, right = _without_equal(items, left, right)
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


def _without_equal(items: Items, left: list[int], right: list[int]) -> tuple[list[int], list[int]]:
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


def _by_shared_key(con, items: Items, sql: list) -> list[Group]:
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


def _by_days(items: Items, open_rows: np.ndarray) -> list[Group]:
    """All rows of two to seven neighbouring days that add up to one row of the other side (a weekend's payout)."""
    groups = []
    rows = np.flatnonzero(open_rows & (items.date != NO_DATE))
    entity = items.entity.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    currency = items.currency.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
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


def _offsets(con, items: Items, sql: list) -> list[Group]:
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


def _by_search(con, items: Items, sql: list, hits: Hits) -> list[Group]:
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
                items, target, pool.astype(np.int64), "party" if strength[start:end].min() == 1 else "text"
            )
            spent[items.stratum[target]] += cost + SEARCH_COST
            groups += made
            if made:
                seen.add(target)
    return groups + _search_days(con, items, seen, hits)


def _search(items: Items, target: int, pool: np.ndarray, kind: str) -> tuple[list[Group], int]:
    want = int(items.amount[target])
    signed = items.amount[pool] * (1 if want > 0 else -1)
    size = abs(want)
    pool = pool[(signed <= size) & (pool != target)]
    if len(pool) < 2:
        return [], 1
    same_way = np.abs(items.amount[pool]).sum()
    if same_way < size:
        return [], 1
    if len(pool) > POOL:
        items.limits.mark("search_pool_cut", [target])
        lag = np.abs(items.date[pool] - items.date[target])
        pool = pool[np.lexsort((pool, lag))[:POOL]]
    pool = np.sort(pool)
    found = find_subsets(items.amount[pool], want, MAX_GROUP, 1 << 14, 24)
    cost = 2 << min(len(pool) // 2, 14)
    chance = _search_chance(items.amount[pool], found.searched)
    if len(found.solutions) > 12:
        items.limits.mark("sums_undecided", [target])
        return [], cost
    target_is_left = bool(items.is_left[target])
    groups = []
    for positions in found.solutions:
        members = tuple(int(pool[i]) for i in positions)
        left, right = ((target,), members) if target_is_left else (members, (target,))
        groups.append(Group(left, right, kind, chance))
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
                        chance = _search_chance(items.amount[near], found.searched)
                        made = [
                            _oriented(items, target, [int(near[i]) for i in positions], "subset", chance)
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
        quiet *= 1.0 - min(_search_chance(items.amount[pool], searched), 1.0 - 1e-9)
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
        [_oriented(items, target, members, "day_subset", chance) for members in found_sets],
        cost,
        chance,
    )


def _oriented(items: Items, target: int, members: list[int], kind: str, chance: float) -> Group:
    """The group of one target and its members, with left and right in their places."""
    several = tuple(sorted(members))
    return (
        Group((target,), several, kind, chance)
        if items.is_left[target]
        else Group(several, (target,), kind, chance)
    )


def lag_range(items: Items, group: Group) -> tuple[int, int] | None:
    """Smallest and largest left-minus-right lag in days of a group's members; None when a date is unknown."""
    left = items.date[list(group.left)] if group.left else items.date[list(group.right[:1])]
    right = items.date[list(group.right)] if group.right else items.date[list(group.left[1:])]
    if (left == NO_DATE).any() or (right == NO_DATE).any():
        return None
    return int(left.min() - right.max()), int(left.max() - right.min())
