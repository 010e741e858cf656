"""Gathering: the parts of the batches as one result, in the order that it always has, whatever the batches were."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.assemble import Part
from matching.evidence import GRAIN, Known, Seen
from matching.items import Items
from matching.result import ALLOCATIONS, MATCHES, NOTES, POSITIONS, money, same
from matching.store import Store
from matching.weights import SILENT, family

#: Rows of the result that are put in order at once, and rows of positions made at once.
ROWS = 100_000
#: Length of a match id: m_ and 20 hexadecimal digits.
_ID = 22
_DIGITS = np.zeros(256, dtype=np.int64)
_DIGITS[list(b"0123456789abcdef")] = np.arange(16)


class Gathered:
    """The parts, held in a store, and what is known of their matches without asking it again."""

    def __init__(self, store: Store, items: Items) -> None:
        self.store = store
        self.count = 0
        self.ids: list[np.ndarray] = []
        self.is_auto: list[np.ndarray] = []
        self.recs: list[np.ndarray] = []
        self.allocation_ids: list[np.ndarray] = []
        self.doubtful: list[tuple[tuple, list[int], str]] = []
        self.bounded = np.zeros(0, dtype=np.int64)
        self.allocated = np.zeros(len(items), dtype=np.int64)
        self.written_off = np.zeros(len(items), dtype=np.int64)
        self.match = np.full(len(items), -1, dtype=np.int64)
        self.matches = 0

    def add(self, name: str) -> None:
        """Take note of a part that the store has under this name."""
        part: Part = self.store.get(name)
        self.ids.append(_ids(part.matches.column("match_id")))
        self.is_auto.append(
            pc.equal(part.matches.column("status"), "auto").to_numpy().astype(bool, copy=False)
        )
        self.recs.append(np.array(part.rec))
        self.allocation_ids.append(_ids(part.allocations.column("match_id")))
        self.doubtful += part.doubtful
        self.bounded = np.union1d(self.bounded, part.bounded)
        self.allocated[part.rows] = part.allocated
        self.written_off[part.rows] = part.written_off
        self.match[part.rows] = np.where(part.match >= 0, part.match + self.matches, -1)
        self.matches += part.matches.num_rows
        self.store.put(f"matches-{self.count}", part.matches)
        self.store.put(f"allocations-{self.count}", part.allocations)
        self.store.drop(name)
        self.count += 1


def _ids(column: pa.ChunkedArray) -> np.ndarray:
    """Match ids as bytes of fixed length."""
    pieces = [np.zeros(0, dtype=f"S{_ID}")]
    for chunk in column.chunks:
        if len(chunk):
            offsets = np.frombuffer(chunk.buffers()[1], dtype=np.int32)[
                chunk.offset : chunk.offset + len(chunk) + 1
            ]
            if (np.diff(offsets) != _ID).any():
                raise AssertionError("a match id has another length than all others")
            pieces.append(
                np.frombuffer(chunk.buffers()[2], dtype=f"S{_ID}", count=len(chunk), offset=int(offsets[0]))
            )
    return np.concatenate(pieces)


def _share(ids: np.ndarray) -> np.ndarray:
    """Where ids stand among all possible ones, from 0 to 2^32: they are spread evenly."""
    if not len(ids):
        return np.zeros(0, dtype=np.int64)
    digits = _DIGITS[ids.view(np.uint8).reshape(-1, _ID)[:, 2:10]]
    return digits @ (16 ** np.arange(7, -1, -1, dtype=np.int64))


def _sorted(
    store: Store, name: str, recs: list[np.ndarray], ids: list[np.ndarray], by: list[str], empty: pa.Table
) -> pa.Table:
    """Tables `name`-0, `name`-1, …, each in order, as one in order. Bounded memory: one stretch of the result at a time."""
    if not ids:
        return empty
    if len(ids) == 1:
        return store.get(f"{name}-0")
    rows_of = np.bincount(np.concatenate(recs), minlength=1)
    pieces = np.maximum(-(-rows_of // ROWS), 1)
    first = np.cumsum(pieces) - pieces
    slot = [first[rec] + (_share(name_) * pieces[rec] >> 32) for rec, name_ in zip(recs, ids, strict=True)]
    used = np.bincount(np.concatenate(slot), minlength=int(pieces.sum()))
    stretch_of = (np.cumsum(used) - used) // ROWS
    stretches = np.unique(stretch_of[used > 0]).tolist()
    bounds = [np.searchsorted(stretch_of[places], [*stretches, len(used) * ROWS]) for places in slot]
    for k in range(len(stretches)):
        parts = [
            store.get(f"{name}-{part}").slice(bound[k], bound[k + 1] - bound[k])
            for part, bound in enumerate(bounds)
            if bound[k + 1] > bound[k]
        ]
        table = pa.concat_tables(parts)
        order = pc.sort_indices(table.select(by), [(column, "ascending") for column in by])
        store.put(f"{name} in order {k}", table.take(order).combine_chunks())
    for part in range(len(ids)):
        store.drop(f"{name}-{part}")
    return pa.concat_tables([store.get(f"{name} in order {k}") for k in range(len(stretches))])


def matches(gathered: Gathered) -> pa.Table:
    """All matches, by reconciliation and id."""
    return _sorted(
        gathered.store,
        "matches",
        gathered.recs,
        gathered.ids,
        ["reconciliation", "match_id"],
        MATCHES.empty_table(),
    )


def allocations(gathered: Gathered) -> pa.Table:
    """All allocations, by match."""
    nowhere = [np.zeros(len(ids), dtype=np.int64) for ids in gathered.allocation_ids]
    return _sorted(
        gathered.store,
        "allocations",
        nowhere,
        gathered.allocation_ids,
        ["match_id"],
        ALLOCATIONS.empty_table(),
    )


def positions(gathered: Gathered, items: Items) -> tuple[pa.Table, np.ndarray]:
    """(one row per item in their order, which of them are not decided)."""
    ids = pa.array(np.concatenate([np.zeros(0, dtype=f"S{_ID}"), *gathered.ids]), pa.binary(_ID))
    is_auto = np.concatenate([np.zeros(0, dtype=bool), *gathered.is_auto, [False]])
    names = [f"positions-{start}" for start in range(0, len(items), 10 * ROWS)]
    for name, start in zip(names, range(0, len(items), 10 * ROWS), strict=True):
        gathered.store.put(name, _positions(gathered, items, slice(start, start + 10 * ROWS), ids, is_auto))
    tables = [gathered.store.get(name) for name in names] or [POSITIONS.empty_table()]
    return pa.concat_tables(tables), np.flatnonzero(~is_auto[gathered.match])


def _positions(gathered: Gathered, items: Items, part: slice, ids: pa.Array, is_auto: np.ndarray) -> pa.Table:
    rows = np.arange(len(items))[part]
    place = pa.array(rows)
    amount, sign, match = items.amount[part], items.sign[part], gathered.match[part]
    allocated, written_off = gathered.allocated[part], gathered.written_off[part]
    status = np.where(match < 0, 0, np.where(is_auto[match], 2, 1))
    name = ids.take(pa.array(np.maximum(match, 0), mask=match < 0))
    return pa.table(
        {
            "reconciliation": pa.array(items.reconciliations, pa.string()).take(pa.array(items.rec[part])),
            "side": pa.array(["right", "left"]).take(pa.array(items.is_left[part].astype(np.int8))),
            "item_type": items.item_type.take(place).cast(pa.string()),
            "item_id": items.item_id.take(place),
            "currency": items.currency.take(place).cast(pa.string()),
            "amount": money(amount * sign),
            "allocated_amount": money(allocated * sign),
            "written_off_amount": money(written_off * sign),
            "open_amount": money((amount - allocated - written_off) * sign),
            "match_id": name.cast(pa.binary()).cast(pa.string()),
            "status": pa.array(["open", "suggested", "auto"], pa.string()).take(pa.array(status)),
        },
        schema=POSITIONS,
    )


def notes(gathered: Gathered, items: Items, raw: list[dict], unsure: np.ndarray) -> pa.Table:
    """What was left open and why: for the whole files (no item), and for each row that is open or only suggested."""
    general = [
        (items.reconciliations[note["rec"]] if note["rec"] >= 0 else None, note["code"], note["message"])
        for note in raw
    ]
    general += [(None, code, line) for code, line in items.limits.summary(unsure)]
    tables = [
        pa.table(
            [
                pa.array([note[0] for note in general], pa.string()),
                pa.array([note[1] for note in general], pa.string()),
                pa.nulls(len(general), pa.string()),
                pa.nulls(len(general), pa.string()),
                pa.array([note[2] for note in general], pa.string()),
            ],
            schema=NOTES,
        )
    ]
    by_row = [
        (rows, same(code, len(rows)), same(message, len(rows)))
        for rows, code, message in items.limits.notes(unsure)
    ]
    doubtful = sorted(gathered.doubtful)
    rows = [row for _, several, _ in doubtful for row in several]
    messages = [message for _, several, message in doubtful for _ in several]
    by_row.append(
        (np.array(rows, dtype=np.int64), same("ambiguous", len(rows)), pa.array(messages, pa.string()))
    )
    for rows, codes, texts in by_row:
        place = pa.array(rows)
        tables.append(
            pa.table(
                [
                    pa.array(items.reconciliations, pa.string()).take(pa.array(items.rec[rows])),
                    codes,
                    items.item_type.take(place).cast(pa.string()),
                    items.item_id.take(place),
                    texts,
                ],
                schema=NOTES,
            )
        )
    return pa.concat_tables(tables)


def weights(known: Known, seen: Seen) -> pa.Table:
    """One row per reconciliation, feature and level: m, and how often the level was seen among candidates."""
    rows = []
    for code, name in enumerate(known.facts.items.reconciliations):
        for position, (feature, labels) in enumerate(seen.features):
            count = seen.count[code, position]
            for level in np.flatnonzero(count).tolist():
                if level in SILENT[family(feature)]:
                    continue
                log_m = float(known.weights.log_m[code][position][level])
                chance = float(seen.log_u[code, position, level]) / GRAIN / float(count[level])
                rows.append(
                    {
                        "reconciliation": name,
                        "feature": feature,
                        "level": labels[level],
                        "share_among_matches": f"{np.exp(log_m):.4f}",
                        "average_weight": f"{log_m - chance:.2f}",
                        "candidates": int(count[level]),
                        "learnt_from": known.weights.learnt_from[code],
                    }
                )
    return pa.Table.from_pylist(
        rows,
        schema=pa.schema(
            [
                ("reconciliation", pa.string()),
                ("feature", pa.string()),
                ("level", pa.string()),
                ("share_among_matches", pa.string()),
                ("average_weight", pa.string()),
                ("candidates", pa.int64()),
                ("learnt_from", pa.int64()),
            ]
        ),
    )
