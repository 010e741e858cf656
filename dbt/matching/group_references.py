"""Groups by reference: one row that names several documents, several that name one, and the rest of a part payment."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from matching.group import (
    BLOCK_RIVALS,
    BLOCKS_OF_BOTH,
    MAX_GROUP,
    POOL,
    Group,
    Hits,
    base_chance,
    search_chance,
)
from matching.group_blocks import without_equal
from matching.items import TICKS, Items
from matching.subsets import find_subsets

#: Rows that one reference may join into a group.
REFERENCE_GROUP = 200

#: Days that the parts of one payment may lie apart.
REMAINDER_DAYS = 95


def by_reference(items: Items, open_rows: np.ndarray, pairs) -> list[Group]:
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
                several, others = without_equal(items, sorted(left), sorted(right))
                if len(several) + len(others) > 2:
                    groups.append(
                        Group(
                            tuple(several),
                            tuple(others),
                            "reference",
                            base_chance(abs(total)),
                            len(several) + len(others),
                        )
                    )
    return groups


def by_remainder(con, items: Items, open_rows: np.ndarray, pairs, sql: list, hits: Hits) -> list[Group]:
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
    chance = search_chance(amounts, found.searched)
    result = []
    for positions in found.solutions:
        members = tuple(sorted(pool[i] for i in positions))
        left, right = ((target,), members) if target_is_left else (members, (target,))
        result.append(Group(left, right, kind, chance, len(members) if kind == "reference" else 0))
    return result
