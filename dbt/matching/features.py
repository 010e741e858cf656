"""Features: what a candidate pair agrees and disagrees in, as levels of a few comparisons. No weights here.

Each comparison gives every pair a level, and `log_u`: the log probability that two rows that have nothing
to do with each other reach that level. For agreements log_u depends on the value itself: an equal amount of
1,234.56 that occurs once says far more than an equal 100.00 that occurs often (Newcombe et al. 1959,
"Automatic linkage of vital records"; Winkler 1989, frequency-based matching). A small constant is added to
each count, so that a few rows do not look like proof. Date and amount levels get log_u exactly, from the
histograms of both sides, without sampling: same data, same weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from matching import texts, usual_rates
from matching.items import NO_DATE, TICKS, Items

LAG_LABELS = [
    "left more than a year earlier",
    "left 6-12 months earlier",
    "left 3-6 months earlier",
    "left 46-90 days earlier",
    "left 31-45 days earlier",
    "left 15-30 days earlier",
    "left 8-14 days earlier",
    "left 4-7 days earlier",
    "left 2-3 days earlier",
    "left 1 day earlier",
    "same day",
    "left 1 day later",
    "left 2-3 days later",
    "left 4-7 days later",
    "left 8-14 days later",
    "left 15-30 days later",
    "left 31-45 days later",
    "left 46-90 days later",
    "left 3-6 months later",
    "left 6-12 months later",
    "left more than a year later",
    "no date",
]
NO_LAG = len(LAG_LABELS) - 1
_RATIOS = (0.001, 0.01, 0.03, 0.1, 0.3)
AMOUNT_LABELS = [
    "equal",
    *(f"left less by up to {100 * x:g}%" for x in _RATIOS),
    "left much less",
    *(f"left more by up to {100 * x:g}%" for x in _RATIOS),
    "left much more",
    "two digits swapped",
    "equal to the original amount",
    "other currency",
    "worth as much at the usual rate of these files",
    "equal less the early-payment discount",
]
LESS, MUCH_LESS, MORE, MUCH_MORE, SWAPPED, ORIGINAL, OTHER_CURRENCY, USUAL_RATE, DISCOUNTED = (
    1,
    6,
    7,
    12,
    13,
    14,
    15,
    16,
    17,
)
KEY_LABELS = [
    "no reference to compare",
    "references differ",
    "shared reference",
    "shared reference in the text",
    "shared batch",
]
PARTY_LABELS = ["party unknown", "different parties", "similar name, or named in the text", "same party"]
ATTRIBUTE_LABELS = ["not given", "different", "equal"]


@dataclass
class Feature:
    name: str
    labels: list[str]
    level: np.ndarray  # int8, one per pair
    log_u: np.ndarray  # float64, one per pair; 0 where the level says nothing


@dataclass
class Pairs:
    """Candidate pairs with their comparisons; l and r are rows of Items, sorted."""

    l: np.ndarray  # noqa: E741
    r: np.ndarray
    features: list[Feature]
    lag: np.ndarray  # days, left minus right; NO_DATE when unknown
    difference: np.ndarray  # ticks, left minus right, in the right's sign
    has_reference: np.ndarray
    has_group_key: np.ndarray
    is_fx: np.ndarray
    has_original: np.ndarray
    has_usual_rate: np.ndarray
    is_discount: np.ndarray
    is_transposed: np.ndarray
    shared_key: pa.ChunkedArray
    #: log_u of the shared key by the left (right) rows alone that carry it: inside a group the rows of the
    #: other side that share it are partners, not rivals.
    key_log_u_left: np.ndarray
    key_log_u_right: np.ndarray

    def __len__(self) -> int:
        return len(self.l)

    def feature(self, name: str) -> Feature:
        return next(feature for feature in self.features if feature.name == name)


def measure(con: duckdb.DuckDBPyConnection, items: Items) -> Pairs:
    """Compare both rows of every candidate in the table `pair`."""
    table = con.execute(
        "select l, r, key_left_n, key_right_n, is_declared, is_group, shared_key from pair order by l, r"
    ).to_arrow_table()
    column = {
        name: table.column(name).combine_chunks().to_numpy(zero_copy_only=False)
        for name in table.column_names
        if name != "shared_key"
    }
    l, r = column["l"].astype(np.int64), column["r"].astype(np.int64)  # noqa: E741
    sizes = _Sizes(items)
    amount, difference, is_fx, has_original, is_transposed = _amounts(con, items, sizes, l, r)
    has_usual_rate = _usual_rate(con, amount, l, r, has_original)
    is_discount = _discounts(items, l, r, difference) & ~is_fx
    amount.level[is_discount] = DISCOUNTED
    amount.log_u[is_discount] = _log_u_of_net(items, sizes, l[is_discount], r[is_discount])
    lag_feature, lag = _lags(items, sizes, l, r)
    party = _parties(items, sizes, l, r)
    text = _texts(con, items, l, r, party.level)
    key, key_log_u_left, key_log_u_right = _keys(con, items, sizes, l, r, column, table.column("shared_key"))
    features = [key, amount, lag_feature, party, text, *_attributes(con, items, sizes, l, r)]
    shared = column["key_right_n"] > 0
    group = shared & column["is_group"].astype(bool)
    selective = shared & (column["key_left_n"] * column["key_right_n"] <= 400)
    return Pairs(
        l,
        r,
        features,
        lag,
        difference,
        has_reference=selective & ~(group & (column["key_left_n"] > 1) & (column["key_right_n"] > 1)),
        has_group_key=group,
        is_fx=is_fx,
        has_original=has_original,
        has_usual_rate=has_usual_rate,
        is_discount=is_discount,
        is_transposed=is_transposed,
        shared_key=table.column("shared_key"),
        key_log_u_left=key_log_u_left,
        key_log_u_right=key_log_u_right,
    )


class _Sizes:
    """Rows per stratum and side: only rows of one stratum can be partners."""

    def __init__(self, items: Items) -> None:
        count = items.strata
        self.left = np.bincount(items.stratum[items.is_left], minlength=count).astype(float)
        self.right = np.bincount(items.stratum[~items.is_left], minlength=count).astype(float)
        self.rec = items.stratum


def _occurrences(items: Items, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row, how many left and how many right rows of its stratum carry its value."""
    _, code = np.unique(value, return_inverse=True)
    code = code.astype(np.int64) * items.strata + items.stratum
    _, code = np.unique(code, return_inverse=True)
    left = np.bincount(code[items.is_left], minlength=code.max(initial=0) + 1)
    right = np.bincount(code[~items.is_left], minlength=code.max(initial=0) + 1)
    return left[code].astype(float), right[code].astype(float)


def chance_of(
    count: np.ndarray, total: np.ndarray, base: np.ndarray | float, strength: float = 20.0
) -> np.ndarray:
    """Probability that an unrelated row carries this value: its other occurrences, smoothed by `base`."""
    return (np.maximum(count - 1, 0) + strength * base) / (total - 1 + strength)


def _agreement(
    items: Items,
    sizes: _Sizes,
    value: np.ndarray,
    base,
    l: np.ndarray,  # noqa: E741
    r: np.ndarray,
) -> np.ndarray:
    left, right = _occurrences(items, value)
    rec = items.stratum[l]
    base_l = base[l] if isinstance(base, np.ndarray) else base
    return np.log(
        np.maximum(chance_of(right[l], sizes.right[rec], base_l), chance_of(left[l], sizes.left[rec], base_l))
    )


def _amounts(con, items: Items, sizes: _Sizes, l, r):  # noqa: E741
    a, b = items.amount[l], items.amount[r]
    difference = a - b
    currency = items.currency.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    is_fx = currency[l] != currency[r]
    original = con.execute("""
        select row, original_amt, original_currency from item where original_amt is not null order by row
    """).fetchall()
    has_original = np.zeros(len(l), dtype=bool)
    if original:
        of_row = {row: (amount, code) for row, amount, code in original}
        given = np.zeros(len(items), dtype=bool)
        given[list(of_row)] = True
        for i in np.flatnonzero(is_fx & (given[l] | given[r])):
            left, right = of_row.get(int(l[i])), of_row.get(int(r[i]))
            has_original[i] = (
                left is not None and left[0] == b[i] and left[1] == items.currency[int(r[i])].as_py()
            ) or (right is not None and right[0] == a[i] and right[1] == items.currency[int(l[i])].as_py())
    larger = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1)
    ratio = np.abs(difference) / larger
    step = np.searchsorted(_RATIOS, ratio, side="left")  # 0..5
    smaller = np.abs(a) < np.abs(b)
    level = np.where(difference == 0, 0, np.where(smaller, LESS + step, MORE + step)).astype(np.int8)
    level[(np.sign(a) != np.sign(b)) & ~is_fx & smaller] = MUCH_LESS
    level[(np.sign(a) != np.sign(b)) & ~is_fx & ~smaller] = MUCH_MORE
    is_transposed = _transposed(np.abs(a), np.abs(b)) & (np.sign(a) == np.sign(b)) & ~is_fx
    level[is_transposed] = SWAPPED
    level[is_fx] = OTHER_CURRENCY
    level[has_original] = ORIGINAL
    size = np.abs(items.amount)
    base = np.where(size % (100 * TICKS) == 0, 3e-3, np.where(size % TICKS == 0, 1e-3, 2e-4))
    log_u = np.zeros(len(l))
    equal = difference == 0
    value = items.amount * 1000 + currency
    if equal.any():
        log_u[equal] = np.maximum(
            _agreement(items, sizes, value, base, l[equal], r[equal]),
            np.log(np.maximum(_amount_density(items, l[equal], np.abs(items.amount[l[equal]])), 1e-12)),
        )
    table = _amount_chances(items)
    rest = ~equal
    log_u[rest] = np.log(table[items.stratum[l[rest]], level[rest]])
    log_u[has_original] = np.log(2e-3)
    return Feature("amount", AMOUNT_LABELS, level, log_u), difference, is_fx, has_original, is_transposed


def _log_u_of_net(items: Items, sizes: _Sizes, l, r) -> np.ndarray:  # noqa: E741
    """An amount less its discount is as rare as an equal one, with a unit of rounding to either side."""
    paid = np.minimum(np.abs(items.amount[l]), np.abs(items.amount[r]))
    rows = np.minimum(sizes.left, sizes.right)[items.stratum[l]]
    return np.log(3 * np.maximum(chance_of(np.ones(len(l)), rows, 2e-4), _amount_density(items, l, paid)))


def _usual_rate(con, amount: Feature, l, r, has_original) -> np.ndarray:  # noqa: E741
    """Pairs of two currencies that are worth as much at the rate of these files; their amount level is set."""
    fits = usual_rates.fits(con)
    result = np.zeros(len(l), dtype=bool)
    if len(fits["l"]):
        width = int(r.max()) + 1
        place = np.searchsorted(l * width + r, fits["l"].astype(np.int64) * width + fits["r"])
        result[place] = True
        exact = has_original[place]
        amount.level[place[~exact]] = USUAL_RATE
        amount.log_u[place[~exact]] = np.log(fits["chance"][~exact])
    return result


def _transposed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether swapping two neighbouring digits turns one amount into the other, the clerk's classic error."""
    result = np.zeros(len(a), dtype=bool)
    possible = np.flatnonzero((a != b) & ((a - b) % 9 == 0))
    x, y = a[possible], b[possible]
    found = np.zeros(len(possible), dtype=bool)
    for place in range(2, 16):
        low, high = (x // 10**place) % 10, (x // 10 ** (place + 1)) % 10
        found |= (x + (low - high) * 9 * 10**place == y) & (low != high)
    result[possible] = found
    return result


def _amount_density(items: Items, l: np.ndarray, wanted: np.ndarray) -> np.ndarray:  # noqa: E741
    """Probability that an unrelated row of the stratum of l carries exactly the wanted amount, by how close the amounts lie around it.

    Counting how often an amount occurs says nothing where each occurs once: among two hundred whole amounts
    below five hundred a stranger hits one of them once in five hundred times, among amounts in cents hardly
    ever. The density is that of the rows within a fifth, on the coarsest grid that the amount itself lies on.
    """
    result = np.zeros(len(l))
    size = np.abs(items.amount)
    of_pair = items.stratum[l]
    order = np.argsort(of_pair, kind="stable")
    codes, start = np.unique(of_pair[order], return_index=True)
    rows_of = np.argsort(items.stratum, kind="stable")
    bound = np.searchsorted(items.stratum[rows_of], codes, side="left")
    end = np.searchsorted(items.stratum[rows_of], codes, side="right")
    for code, first in enumerate(start):
        mine = order[first : start[code + 1] if code + 1 < len(start) else None]
        rows = rows_of[bound[code] : end[code]]
        value = wanted[mine]
        for side in (rows[items.is_left[rows]], rows[~items.is_left[rows]]):
            for grid in (TICKS // 100, TICKS):
                fits = np.sort(size[side][size[side] % grid == 0])
                if len(fits) < 2:
                    continue
                reach = np.maximum(value // 5, 5 * grid)
                low, high = np.maximum(value - reach, 0), value + reach
                near = np.searchsorted(fits, high, side="right") - np.searchsorted(fits, low, side="left")
                cells = (high - low) // grid + 1
                # The row itself is one of those near it.
                chance = np.maximum(near - 1, 0) / (len(side) - 1) / cells
                result[mine] = np.maximum(result[mine], np.where(value % grid == 0, chance, 0.0))
    return result


def _amount_chances(items: Items) -> np.ndarray:
    """Probability of each amount level for unrelated rows, from the sorted amounts of both sides, exactly."""
    table = np.empty((items.strata, len(AMOUNT_LABELS)))
    prior = np.array(
        [
            1e-3,
            1e-3,
            4e-3,
            1e-2,
            3e-2,
            7e-2,
            0.38,
            1e-3,
            4e-3,
            1e-2,
            3e-2,
            7e-2,
            0.38,
            2e-3,
            2e-3,
            0.5,
            1e-2,
            2e-3,
        ]
    )
    for rec in range(items.strata):
        mine = items.stratum == rec
        left = np.abs(items.amount[mine & items.is_left]).astype(float)
        right = np.sort(np.abs(items.amount[mine & ~items.is_left]).astype(float))
        if len(left) > 20_000:
            left = np.sort(left)[:: len(left) // 20_000]
        count = np.zeros(len(AMOUNT_LABELS))
        total = max(len(left) * len(right), 1)
        if len(left) and len(right):
            edges = [0.0, *_RATIOS]
            previous_up = np.searchsorted(right, left, side="right")
            previous_down = np.searchsorted(right, left, side="left")
            for i, edge in enumerate(edges[1:]):
                up = np.searchsorted(right, left / (1 - edge), side="right")
                down = np.searchsorted(right, left * (1 - edge), side="left")
                count[LESS + i] = (up - previous_up).sum()
                count[MORE + i] = (previous_down - down).sum()
                previous_up, previous_down = up, down
            count[MUCH_LESS] = (len(right) - previous_up).sum()
            count[MUCH_MORE] = previous_down.sum()
        strength = 2000.0
        chance = (count + strength * prior) / (total + strength)
        chance[SWAPPED] = 1e-3
        table[rec] = np.clip(chance, 1e-6, 1)
    return table


def _lags(items: Items, sizes: _Sizes, l, r):  # noqa: E741
    a, b = items.date[l], items.date[r]
    known = (a != NO_DATE) & (b != NO_DATE)
    lag = np.where(known, a - b, NO_DATE)
    level = _lag_level(lag)
    level[~known] = NO_LAG
    log_u = np.zeros(len(l))
    chances = lag_chances(items)
    log_u[known] = np.log(chances[items.stratum[l[known]], level[known]])
    return Feature("date", LAG_LABELS, level.astype(np.int8), log_u), lag


def _lag_level(lag: np.ndarray) -> np.ndarray:
    """Bins of LAG_LABELS; symmetric: 0, 1, 2-3, 4-7, 8-14, 15-30, 31-45, 46-90, 91-180, 181-365, more."""
    size = np.searchsorted([1, 2, 4, 8, 15, 31, 46, 91, 181, 366], np.abs(lag), side="right")
    return np.where(lag < 0, 10 - size, 10 + size)


def lag_chances(items: Items) -> np.ndarray:
    """Probability of each lag level for unrelated rows: the cross-correlation of both sides' days."""
    table = np.ones((items.strata, len(LAG_LABELS)))
    prior = np.array(
        [
            0.02,
            0.04,
            0.05,
            0.06,
            0.05,
            0.08,
            0.06,
            0.05,
            0.03,
            0.015,
            0.015,
            0.015,
            0.03,
            0.05,
            0.06,
            0.08,
            0.05,
            0.06,
            0.05,
            0.04,
            0.02,
        ]
    )
    prior = prior / prior.sum()
    for rec in range(items.strata):
        mine = (items.stratum == rec) & (items.date != NO_DATE)
        left, right = items.date[mine & items.is_left], items.date[mine & ~items.is_left]
        count = np.zeros(len(LAG_LABELS) - 1)
        if len(left) and len(right):
            start = min(left.min(), right.min())
            span = int(max(left.max(), right.max()) - start) + 1
            if span <= 20_000:
                both = np.convolve(
                    np.bincount(left - start, minlength=span).astype(float),
                    np.bincount(right - start, minlength=span)[::-1].astype(float),
                )
                count += np.bincount(
                    _lag_level(np.arange(-(span - 1), span)), weights=both, minlength=len(count)
                )
        strength = 200.0
        table[rec, :-1] = np.maximum((count + strength * prior) / (count.sum() + strength), 1e-6)
    return table


def _parties(items: Items, sizes: _Sizes, l, r) -> Feature:  # noqa: E741
    a, b = items.party[l], items.party[r]
    weak = items.is_weak_party[l] | items.is_weak_party[r]
    level = np.where((a < 0) | (b < 0), 0, np.where(a == b, np.where(weak, 2, 3), 1)).astype(np.int8)
    log_u = np.zeros(len(l))
    same = level >= 2
    if same.any():
        log_u[same] = _agreement(items, sizes, items.party, 2e-3, l[same], r[same])
    log_u[level == 2] += np.log(2.0)
    log_u[level == 1] = np.log(0.97)
    return Feature("party", PARTY_LABELS, level, log_u)


def _keys(con, items: Items, sizes: _Sizes, l, r, column, shared_key):  # noqa: E741
    shared = column["key_right_n"] > 0
    with_keys = np.zeros(len(items), dtype=bool)
    # Only declared keys can contradict each other: any text may carry numbers of other things.
    rows = con.execute(
        "select row from item where len(reference_keys) > 0 or group_key is not null"
    ).fetchnumpy()["row"]
    with_keys[rows] = True
    level = np.where(with_keys[l] & with_keys[r], 1, 0).astype(np.int8)
    # Where no declared key of one side is one of the other side, they are of two kinds (line ids, invoice numbers)
    # and cannot contradict each other.
    declared = column["is_declared"].astype(bool)
    meets = np.bincount(items.stratum[l[shared & declared]], minlength=items.strata) > 0
    level[~meets[items.stratum[l]]] = 0
    level[shared] = np.where(column["is_group"].astype(bool), 4, np.where(declared, 2, 3))[shared]
    rec = items.stratum[l]
    import pyarrow.compute as pc

    length = (
        pc.fill_null(pc.utf8_length(shared_key), 0)
        .combine_chunks()
        .to_numpy(zero_copy_only=False)
        .astype(float)
    )
    # A short number turns up by accident: four digits are one of ten thousand, and texts hold several.
    base = np.clip(10.0 ** (2 - length), 2e-5, 5e-3) * np.where(declared, 0.3, 1.0)
    floor = 3.0 * 10.0 ** -np.maximum(length, 1.0) * np.where(declared, 0.2, 1.0)
    by_right = np.maximum(chance_of(column["key_right_n"].astype(float), sizes.right[rec], base), floor)
    by_left = np.maximum(chance_of(column["key_left_n"].astype(float), sizes.left[rec], base), floor)

    def logarithm(chance: np.ndarray) -> np.ndarray:
        return np.where(shared, np.log(np.clip(chance, 1e-12, 1)), 0.0)

    log_u = logarithm(np.maximum(by_left, by_right))
    return Feature("reference", KEY_LABELS, level, log_u), logarithm(by_left), logarithm(by_right)


def _texts(con, items: Items, l, r, party_level) -> Feature:  # noqa: E741
    level, log_u = texts.compare(con, items, l, r)
    # The names were compared as parties already: the same fact must not count twice.
    level[party_level >= 2] = texts.COVERED
    log_u[party_level >= 2] = 0.0
    return Feature("text", texts.LABELS, level, log_u)


def _attributes(con, items: Items, sizes: _Sizes, l, r) -> list[Feature]:  # noqa: E741
    features = []
    for position in range(items.attribute_count):
        values = (
            con.execute(
                f"select nullif(upper(trim(attributes[{position + 1}])), '') as value from item order by row"
            )
            .to_arrow_table()
            .column(0)
        )
        code = (
            values.combine_chunks()
            .dictionary_encode()
            .indices.fill_null(-1)
            .to_numpy(zero_copy_only=False)
            .astype(np.int64)
        )
        a, b = code[l], code[r]
        level = np.where((a < 0) | (b < 0), 0, np.where(a == b, 2, 1)).astype(np.int8)
        log_u = np.zeros(len(l))
        same = level == 2
        if same.any():
            log_u[same] = _agreement(items, sizes, code, 0.02, l[same], r[same])
        log_u[level == 1] = np.log(0.9)
        features.append(Feature(f"column {position + 1}", ATTRIBUTE_LABELS, level, log_u))
    return features


#: Days that a payment may travel after the discount's last day and still count as in time.
DISCOUNT_FLOAT = 3


def discount_of(items: Items, document: np.ndarray, money: np.ndarray) -> np.ndarray:
    """The discount (ticks) that each document grants for the date of the money that would pay it; else 0."""
    paid = items.date[money]
    in_time = (paid <= items.discount_until[document] + DISCOUNT_FLOAT) | (paid == NO_DATE)
    return np.where(in_time, items.discount[document], 0)


def _discounts(items: Items, l, r, difference) -> np.ndarray:  # noqa: E741
    """Whether the difference is the document's agreed early-payment discount, to a hundredth."""
    size = np.abs(difference)
    of_right, of_left = discount_of(items, r, l), discount_of(items, l, r)
    return ((of_right > 0) & (np.abs(size - of_right) <= 100)) | (
        (of_left > 0) & (np.abs(size - of_left) <= 100)
    )
