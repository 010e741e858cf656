"""Features: what a candidate pair agrees and disagrees in, as levels of a few comparisons. No weights here.

Each comparison gives every pair a level, and `log_u`: the log probability that two rows that have nothing
to do with each other reach that level; for agreements it depends on the value itself (see rarity.py). A pair is
measured by what is known of its two rows alone, so that pairs can be measured in pieces of any size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching import texts, usual_rates
from matching.items import NO_DATE, Items
from matching.levels import (
    AMOUNT_LABELS,
    ATTRIBUTE_LABELS,
    DISCOUNTED,
    KEY_LABELS,
    LAG_LABELS,
    LESS,
    MORE,
    MUCH_LESS,
    MUCH_MORE,
    NO_LAG,
    ORIGINAL,
    OTHER_CURRENCY,
    PARTY_LABELS,
    RATIOS,
    SWAPPED,
    TEXT_LABELS,
    USUAL_RATE,
    lag_level,
)
from matching.rarity import Rarity, chance_of


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
    shared_key: pa.Array
    #: log_u of the shared key by the left (right) rows alone that carry it: inside a group the rows of the
    #: other side that share it are partners, not rivals.
    key_log_u_left: np.ndarray
    key_log_u_right: np.ndarray
    #: What was learnt of, or known before about, texts that are spelled alike; rows whose spelling was not compared.
    spelling: texts.Spelling | None = None
    unspelled: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.l)

    def feature(self, name: str) -> Feature:
        return next(feature for feature in self.features if feature.name == name)


#: The candidates, with how likely a stranger would be worth as much at the usual rate (null: the pair is not).
CANDIDATES = """
    select l, r, key_left_n, key_right_n, is_declared, is_group, shared_key, rate_fit.chance as rate_chance
    from pair left join rate_fit using (l, r)
"""


@dataclass
class Facts:
    """What is known of all rows before any two are compared."""

    items: Items
    rarity: Rarity
    words: texts.Words
    #: Per row the amount in its original currency in ticks, and the code of that currency; None when no row has one.
    original: tuple[np.ndarray, np.ndarray] | None
    #: Rows that declare a reference of their own, and strata in which one of them meets the other side's.
    is_declaring: np.ndarray
    declared_meets: np.ndarray


def know(con, items: Items, rarity: Rarity) -> Facts:
    """Gather what the comparisons need from the tables `item`, `pair` and `word`."""
    is_declaring = np.zeros(len(items), dtype=bool)
    # Only declared keys can contradict each other: any text may carry numbers of other things.
    is_declaring[
        con.execute(
            "select row from item where len(reference_keys) > 0 or group_key is not null"
        ).fetchnumpy()["row"]
    ] = True
    # Where no declared key of one side is one of the other side, they are of two kinds (line ids, invoice numbers)
    # and cannot contradict each other.
    declared = con.execute("select distinct l from pair where key_right_n > 0 and is_declared").fetchnumpy()[
        "l"
    ]
    meets = np.zeros(items.strata, dtype=bool)
    meets[items.stratum[declared]] = True
    usual_rates.fits(con)
    return Facts(items, rarity, texts.words_of(con, items), _originals(con, items), is_declaring, meets)


def _originals(con, items: Items) -> tuple[np.ndarray, np.ndarray] | None:
    table = con.execute(
        "select row, original_amt, original_currency from item where original_amt is not null order by row"
    ).to_arrow_table()
    if not table.num_rows:
        return None
    row = table.column("row").to_numpy()
    amount, code = np.zeros(len(items), dtype=np.int64), np.full(len(items), -1, dtype=np.int64)
    amount[row] = table.column("original_amt").to_numpy()
    place = pc.index_in(table.column("original_currency"), items.currency.dictionary)
    code[row] = pc.fill_null(place, -1).to_numpy()
    return amount, code


def measure(con, facts: Facts, table: pa.Table, spelling: texts.Spelling | None, scale: float = 1.0) -> Pairs:
    """Compare both rows of every candidate of `table` (columns of CANDIDATES, ordered by l and r).

    spelling: how often unrelated texts look alike; None when it is learnt from these pairs, of which there are
    `scale` times as many in the whole files.
    """
    items, rarity = facts.items, facts.rarity
    column = {
        name: table.column(name).combine_chunks().to_numpy(zero_copy_only=False)
        for name in table.column_names
        if name != "shared_key"
    }
    shared_key = table.column("shared_key").combine_chunks()
    l, r = column["l"].astype(np.int64), column["r"].astype(np.int64)  # noqa: E741
    amount, difference, is_fx, has_original, is_transposed = _amounts(facts, l, r)
    has_usual_rate = ~np.isnan(column["rate_chance"])
    at_rate = np.flatnonzero(has_usual_rate & ~has_original)
    amount.level[at_rate], amount.log_u[at_rate] = USUAL_RATE, np.log(column["rate_chance"][at_rate])
    is_discount = _discounts(items, l, r, difference) & ~is_fx
    amount.level[is_discount] = DISCOUNTED
    amount.log_u[is_discount] = _log_u_of_net(items, rarity, l[is_discount], r[is_discount])
    lag_feature, lag = _lags(items, rarity, l, r)
    party = _parties(items, rarity, l, r)
    text_level, text_log_u, spelling, unspelled = texts.compare(con, facts.words, l, r, spelling, scale)
    # The names were compared as parties already: the same fact must not count twice.
    text_level[party.level >= 2] = texts.COVERED
    text_log_u[party.level >= 2] = 0.0
    text = Feature("text", TEXT_LABELS, text_level, text_log_u)
    key, key_log_u_left, key_log_u_right = _keys(facts, l, r, column, shared_key)
    features = [key, amount, lag_feature, party, text, *_attributes(rarity, l, r)]
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
        shared_key=shared_key,
        key_log_u_left=key_log_u_left,
        key_log_u_right=key_log_u_right,
        spelling=spelling,
        unspelled=unspelled,
    )


def _amounts(facts: Facts, l, r):  # noqa: E741
    items, rarity = facts.items, facts.rarity
    a, b = items.amount[l], items.amount[r]
    difference = a - b
    is_fx = rarity.currency[l] != rarity.currency[r]
    has_original = np.zeros(len(l), dtype=bool)
    if facts.original is not None:
        original, code = facts.original
        has_original = is_fx & (
            ((code[l] == rarity.currency[r]) & (original[l] == b))
            | ((code[r] == rarity.currency[l]) & (original[r] == a))
        )
    larger = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1)
    ratio = np.abs(difference) / larger
    step = np.searchsorted(RATIOS, ratio, side="left")  # 0..5
    smaller = np.abs(a) < np.abs(b)
    level = np.where(difference == 0, 0, np.where(smaller, LESS + step, MORE + step)).astype(np.int8)
    level[(np.sign(a) != np.sign(b)) & ~is_fx & smaller] = MUCH_LESS
    level[(np.sign(a) != np.sign(b)) & ~is_fx & ~smaller] = MUCH_MORE
    is_transposed = _transposed(np.abs(a), np.abs(b)) & (np.sign(a) == np.sign(b)) & ~is_fx
    level[is_transposed] = SWAPPED
    level[is_fx] = OTHER_CURRENCY
    level[has_original] = ORIGINAL
    log_u = np.zeros(len(l))
    equal = difference == 0
    log_u[equal] = rarity.amount[l[equal]]
    rest = ~equal
    log_u[rest] = np.log(rarity.amount_levels[items.stratum[l[rest]], level[rest]])
    log_u[has_original] = np.log(2e-3)
    return Feature("amount", AMOUNT_LABELS, level, log_u), difference, is_fx, has_original, is_transposed


def _log_u_of_net(items: Items, rarity: Rarity, l, r) -> np.ndarray:  # noqa: E741
    """An amount less its discount is as rare as an equal one, with a unit of rounding to either side."""
    if rarity.density is None:
        return np.zeros(len(l))
    paid = np.minimum(np.abs(items.amount[l]), np.abs(items.amount[r]))
    rows = np.minimum(rarity.left, rarity.right)[items.stratum[l]]
    density = rarity.density.at(items.stratum[l], paid)
    return np.log(3 * np.maximum(chance_of(np.ones(len(l)), rows, 2e-4), density))


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


def _lags(items: Items, rarity: Rarity, l, r):  # noqa: E741
    a, b = items.date[l], items.date[r]
    known = (a != NO_DATE) & (b != NO_DATE)
    lag = np.where(known, a - b, NO_DATE)
    level = lag_level(lag)
    level[~known] = NO_LAG
    log_u = np.zeros(len(l))
    log_u[known] = np.log(rarity.lag_levels[items.stratum[l[known]], level[known]])
    return Feature("date", LAG_LABELS, level.astype(np.int8), log_u), lag


def _parties(items: Items, rarity: Rarity, l, r) -> Feature:  # noqa: E741
    a, b = items.party[l], items.party[r]
    weak = items.is_weak_party[l] | items.is_weak_party[r]
    level = np.where((a < 0) | (b < 0), 0, np.where(a == b, np.where(weak, 2, 3), 1)).astype(np.int8)
    log_u = np.zeros(len(l))
    same = level >= 2
    log_u[same] = rarity.party[l[same]]
    log_u[level == 2] += np.log(2.0)
    log_u[level == 1] = np.log(0.97)
    return Feature("party", PARTY_LABELS, level, log_u)


def _keys(facts: Facts, l, r, column, shared_key):  # noqa: E741
    items = facts.items
    shared = column["key_right_n"] > 0
    declared = column["is_declared"].astype(bool)
    level = np.where(facts.is_declaring[l] & facts.is_declaring[r], 1, 0).astype(np.int8)
    level[~facts.declared_meets[items.stratum[l]]] = 0
    level[shared] = np.where(column["is_group"].astype(bool), 4, np.where(declared, 2, 3))[shared]
    rec = items.stratum[l]
    length = pc.fill_null(pc.utf8_length(shared_key), 0).to_numpy(zero_copy_only=False).astype(float)
    # A short number turns up by accident: four digits are one of ten thousand, and texts hold several.
    base = np.clip(10.0 ** (2 - length), 2e-5, 5e-3) * np.where(declared, 0.3, 1.0)
    floor = 3.0 * 10.0 ** -np.maximum(length, 1.0) * np.where(declared, 0.2, 1.0)
    by_right = np.maximum(
        chance_of(column["key_right_n"].astype(float), facts.rarity.right[rec], base), floor
    )
    by_left = np.maximum(chance_of(column["key_left_n"].astype(float), facts.rarity.left[rec], base), floor)

    def logarithm(chance: np.ndarray) -> np.ndarray:
        return np.where(shared, np.log(np.clip(chance, 1e-12, 1)), 0.0)

    log_u = logarithm(np.maximum(by_left, by_right))
    return Feature("reference", KEY_LABELS, level, log_u), logarithm(by_left), logarithm(by_right)


def _attributes(rarity: Rarity, l, r) -> list[Feature]:  # noqa: E741
    features = []
    for position, (code, chance) in enumerate(zip(rarity.attributes, rarity.attribute, strict=True)):
        a, b = code[l], code[r]
        level = np.where((a < 0) | (b < 0), 0, np.where(a == b, 2, 1)).astype(np.int8)
        log_u = np.zeros(len(l))
        same = level == 2
        log_u[same] = chance[l[same]]
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
