"""Batches less a fee that nobody declared: the fee is learnt from the batches themselves.

An acquirer pays the sales of a day or a batch less its fee, a share of the sales, an amount per sale, or both.
One batch and one payment that differ by three percent prove nothing; sixty that all differ by 1.4 % plus 0.25 per
sale, to the cent, do. The two numbers are found by consensus (Fischler and Bolles 1981, "Random sample consensus"),
here over all pairs of a bounded, fixed choice of candidates, so that nothing depends on chance, and then by least
squares on those that agree. Floats only measure how well a difference fits; amounts stay integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from matching.items import TICKS, Items

#: The most that a fee may take of a batch, and days between a batch's day and its payment.
MOST = 0.12
DAYS_BEFORE, DAYS_AFTER = 1, 7
#: Batches that must agree before a fee counts as known, and the share of all batches that must.
AGREEING, SHARE = 6, 0.25
#: Candidates that hypotheses are made from.
HYPOTHESES = 240
#: Rows of a batch beyond which it is no batch of sales.
ROWS = 2_000


@dataclass
class FeeBatch:
    """A batch, the row that pays it less the learnt fee, and how likely another row would fit as well by accident."""

    many: tuple[int, ...]
    single: int
    chance: float


_BATCHES = f"""
    with sale as (
        select free.row, free.rec, free.block, free.currency, free.side, free.amt, free.date, item.group_key
        from free inner join item on free.row = item.row
    ),
    batch as (
        select rec, block, currency, side, 'day' as kind, cast(date as varchar) as name, date, min(row) as first_row,
            sum(amt) as total, sum(greatest(amt, 0)) as plus, sum(greatest(-amt, 0)) as minus,
            count(*) filter (where amt > 0) as plus_n, count(*) filter (where amt < 0) as minus_n
        from sale where date is not null group by all having count(*) between 2 and {ROWS}
        union all
        select rec, block, currency, side, 'group_key', group_key, max(date), min(row),
            sum(amt), sum(greatest(amt, 0)), sum(greatest(-amt, 0)),
            count(*) filter (where amt > 0), count(*) filter (where amt < 0)
        from sale where group_key is not null group by rec, block, currency, side, group_key having count(*) between 2 and {ROWS}
    ),
    least as (select rec, block, currency, side, min(abs(total)) as amt from batch where total <> 0 group by all),
    single as (
        select free.* from free inner join least
            on free.rec = least.rec and free.block = least.block and free.currency = least.currency and free.side <> least.side
        where abs(free.amt) >= (1 - {MOST}) * least.amt and free.date is not null
    ),
    near as (select *, date + cast(step.days as integer) as day from single cross join (select unnest(range(-{DAYS_AFTER}, {DAYS_BEFORE + 1})) as days) as step)
    select batch.rec, batch.block, batch.currency, batch.side, batch.kind, batch.name, near.row as single, near.amt as paid, total,
        case when total > 0 then plus else minus end as gross, case when total > 0 then plus_n else minus_n end as sales, near.date - batch.date as lag
    from batch inner join near
        on batch.rec = near.rec and batch.block = near.block and batch.currency = near.currency and batch.side <> near.side and batch.date = near.day
    where sign(near.amt) = sign(total) and abs(near.amt) < abs(total) and abs(near.amt) >= (1 - {MOST}) * abs(total)
    order by batch.rec, batch.block, batch.currency, batch.side, batch.kind, batch.name, near.row
"""


def find(con, items: Items, sql: list) -> list[FeeBatch]:
    """Batches of the open rows (table `free`) that one row of the other side pays less the usual fee."""
    sql.append(("batches and payments that are a little less", _BATCHES.strip()))
    table = con.execute(_BATCHES).to_arrow_table()
    if not table.num_rows:
        return []
    columns = {
        name: table.column(name).to_pylist() for name in ("rec", "block", "currency", "side", "kind", "name")
    }
    paid, total, gross, sales, lag, single = (
        table.column(name).cast("double").to_numpy()
        for name in ("paid", "total", "gross", "sales", "lag", "single")
    )
    runs: dict[tuple, list[int]] = {}
    for k, key in enumerate(
        zip(*(columns[n] for n in ("rec", "block", "currency", "side", "kind")), strict=True)
    ):
        runs.setdefault(key, []).append(k)
    found: list[tuple[tuple, str, int, float]] = []
    for key, positions in sorted(runs.items()):
        rows = np.array(positions)
        names = np.array([columns["name"][k] for k in positions])
        agreeing, chance = _agreeing(
            np.abs(total[rows]), np.abs(paid[rows]), gross[rows], sales[rows], lag[rows], names, single[rows]
        )
        found += [(key, str(names[k]), int(single[rows[k]]), chance) for k in agreeing]
    return _members(con, found)


def _agreeing(total, paid, gross, sales, lag, names, single) -> tuple[list[int], float]:
    """Positions whose fee is the usual one, each batch and payment once; and the chance of one such accident."""
    fee = total - paid
    batches = len(np.unique(names))
    needed = max(AGREEING, SHARE * batches)
    if batches < needed:
        return [], 1.0
    chosen = np.unique(np.linspace(0, len(fee) - 1, min(HYPOTHESES, len(fee))).astype(int))
    i, j = (side.ravel() for side in np.meshgrid(chosen, chosen, indexing="ij"))
    both = i < j
    i, j = i[both], j[both]
    share, each = _solve(gross, sales, fee, i, j)
    # A share alone, the commonest fee of all, needs one batch to be told.
    share, each = np.r_[fee[chosen] / gross[chosen], share], np.r_[np.zeros(len(chosen)), each]
    usual = float(np.median(gross / np.maximum(sales, 1)))
    likely = (share >= 0) & (share <= MOST) & (each >= 0) & (each <= 0.2 * usual)
    share, each = share[likely], each[likely]
    if not len(share):
        return [], 1.0
    wide = 0.0004 * gross + 0.02 * TICKS
    best, most = 0, -1
    for start in range(0, len(share), 2_000):
        part = slice(start, start + 2_000)
        off = np.abs(fee[None, :] - share[part, None] * gross[None, :] - each[part, None] * sales[None, :])
        votes = (off <= wide[None, :]).sum(axis=1)
        if votes.max() > most:
            best, most = start + int(votes.argmax()), int(votes.max())
    a, b = float(share[best]), float(each[best])
    narrow = 0.01 * TICKS * (1.5 + 0.6 * np.sqrt(sales))
    for within in (wide, wide, narrow, narrow):
        inside = np.abs(fee - a * gross - b * sales) <= within
        if inside.sum() < 3:
            return [], 1.0
        columns = np.stack([gross[inside], sales[inside]], axis=1) if b > 0 else gross[inside][:, None]
        solved = np.linalg.lstsq(columns, fee[inside], rcond=None)[0]
        a, b = float(solved[0]), float(solved[1]) if b > 0 else 0.0
    off = np.abs(fee - a * gross - b * sales)
    inside = np.flatnonzero(off <= narrow)
    if not len(inside):
        return [], 1.0
    # Payments keep their rhythm: of two that fit, the one at the usual distance.
    usual_lag = float(np.median(lag[inside]))
    order = inside[np.lexsort((single[inside], np.abs(lag[inside] - usual_lag), off[inside]))]
    used: set = set()
    picked = []
    for k in order.tolist():
        if names[k] not in used and single[k] not in used:
            used |= {names[k], single[k]}
            picked.append(k)
    # How many would fit if fees were spread evenly over what is possible.
    accidents = float((2 * narrow / (MOST * total)).clip(0, 1).sum())
    if len(picked) < max(needed, 3 * accidents):
        return [], 1.0
    chance = max(accidents / len(total), 1e-6) * max(len(total) / batches, 1.0)
    return sorted(picked), float(min(chance / max(len(picked) / batches, 0.05), 1.0))


def _solve(gross, sales, fee, i, j) -> tuple[np.ndarray, np.ndarray]:
    """Share and amount per sale that explain the fees of batches i and j exactly."""
    determinant = gross[i] * sales[j] - gross[j] * sales[i]
    usable = np.abs(determinant) > 1e-6 * gross[i] * sales[j]
    i, j, determinant = i[usable], j[usable], determinant[usable]
    share = (fee[i] * sales[j] - fee[j] * sales[i]) / determinant
    each = (gross[i] * fee[j] - gross[j] * fee[i]) / determinant
    return share, each


def _members(con, found: list[tuple[tuple, str, int, float]]) -> list[FeeBatch]:
    """The rows of each batch, asked for once."""
    wanted = pa.table(
        {
            "place": pa.array(range(len(found)), pa.int64()),
            **{
                name: pa.array([key[k] for key, *_ in found], kind)
                for k, (name, kind) in enumerate(
                    (
                        ("rec", pa.int32()),
                        ("block", pa.string()),
                        ("currency", pa.string()),
                        ("side", pa.string()),
                        ("kind", pa.string()),
                    )
                )
            },
            "name": pa.array([name for _, name, _, _ in found], pa.string()),
        }
    )
    con.register("wanted_batch", wanted)
    rows = con.execute("""
        select wanted_batch.place, list(free.row order by free.row) as members
        from wanted_batch
        inner join free on wanted_batch.rec = free.rec and wanted_batch.block = free.block
            and wanted_batch.currency = free.currency and wanted_batch.side = free.side
        inner join item on free.row = item.row
        where wanted_batch.name = case when kind = 'day' then cast(free.date as varchar) else item.group_key end
        group by wanted_batch.place order by wanted_batch.place
    """).fetchall()
    con.unregister("wanted_batch")
    return [FeeBatch(tuple(members), found[place][2], found[place][3]) for place, members in rows]
