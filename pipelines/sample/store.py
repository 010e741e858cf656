"""The two web stores as numbers: orders, lines, edits and refunds of a stretch of days, as arrays.

Belongs here: what is sold, discounted, taxed, edited and given back, in minor units, exact. Does not
belong here: how Shopify writes it (`shopify_files`) or how the money moves (`psp`).
Every draw comes from a generator seeded by (seed, store, first day), so a chunk is the same however the
days are cut into files.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.sample.catalog import PRICES, STATES, VAT, Store

Ints = npt.NDArray[np.int64]
FAR = 1_000_000  # day index of what never happens


class Special(IntEnum):
    """Orders that carry a named case; all others are drawn at random."""

    NONE = 0
    NEVER_CHARGED = 1
    LATE_EDIT = 2
    NOT_INVOICED = 3
    REFUND_MISSING = 4
    DISPUTE_OPEN = 5
    DISPUTE_LOST = 6
    DISPUTE_WON = 7
    EARLY_EDIT = 8
    TEST = 9
    CANCELLED = 10
    RETRIED = 11
    PARTIAL_REFUND = 12
    LATE_REFUND = 13
    FULL_REFUND = 14
    GOODWILL = 15
    GHOST = 16  # charged, but the store knows no such order
    TWO_REFUNDS = 17
    MIDNIGHT = 18


# Share of the store's orders, by time, between which a special order is placed: early enough that all
# that follows from it happens inside the window, late enough that nothing starts before it.
WINDOW = {
    Special.NEVER_CHARGED: (0.10, 0.80), Special.LATE_EDIT: (0.05, 0.60), Special.NOT_INVOICED: (0.10, 0.80),
    Special.REFUND_MISSING: (0.05, 0.50), Special.DISPUTE_OPEN: (0.30, 0.70), Special.DISPUTE_LOST: (0.05, 0.30),
    Special.DISPUTE_WON: (0.05, 0.30), Special.EARLY_EDIT: (0.05, 0.85), Special.TEST: (0.1, 0.9),
    Special.CANCELLED: (0.05, 0.95), Special.RETRIED: (0.05, 0.95), Special.PARTIAL_REFUND: (0.05, 0.60),
    Special.LATE_REFUND: (0.05, 0.40), Special.FULL_REFUND: (0.05, 0.60), Special.GOODWILL: (0.05, 0.60),
    Special.GHOST: (0.10, 0.80), Special.TWO_REFUNDS: (0.05, 0.45), Special.MIDNIGHT: (0.05, 0.90),
}  # fmt: skip


def place_specials(n: int, counts: dict[Special, int], rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Special of each order (length n). Raises ValueError when the orders are too few to hold them."""
    special = np.zeros(n, np.int8)
    for kind, count in counts.items():
        low, high = (int(share * n) for share in WINDOW[kind])
        free = np.flatnonzero(special[low:high] == 0) + low
        if free.size < count:
            raise ValueError(f"{n} orders in a store cannot hold {count} x {kind.name}; ask for more orders")
        special[rng.choice(free, count, replace=False)] = kind
    return special


def half_up(numerator: Ints, denominator: Ints | int) -> Ints:
    """Positive integers divided and rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def allocate(amount: Ints, weight: Ints, owner: Ints) -> Ints:
    """Split amount[owner] over its lines by weight, exactly: largest remainder, first line wins ties."""
    total = np.zeros(amount.size, np.int64)
    np.add.at(total, owner, weight)
    share = amount[owner] * weight
    per = np.maximum(total[owner], 1)
    part, rest = share // per, share % per
    left = amount.copy()
    np.subtract.at(left, owner, part)
    order = np.lexsort((np.arange(owner.size), -rest, owner))
    first = np.searchsorted(owner, np.arange(amount.size))
    rank = np.empty(owner.size, np.int64)
    rank[order] = np.arange(owner.size) - first[owner[order]]
    return part + (rank < left[owner])


@dataclass
class Chunk:
    """Orders of a stretch of days of one store, as Arrow tables."""

    orders: pa.Table
    lines: pa.Table
    refunds: pa.Table
    refund_lines: pa.Table


def tax_of(net: Ints, rate: Ints, included: bool) -> Ints:
    """Tax of a line amount in minor units. `rate`: 1/10000 when included (VAT), else 1/100000."""
    if included:
        return half_up(net * rate, 10000 + rate)
    return half_up(net * rate, np.full(net.size, 100000))


def make_chunk(
    store: Store,
    first_number: int,
    day: Ints,
    special: npt.NDArray[np.int8],
    last_day: int,
    unsafe_days: npt.NDArray[np.bool_],
    shop_customers: int,
    rng: np.random.Generator,
) -> Chunk:
    """Orders of ascending `day` (index from the first day), numbered from first_number.

    Times are seconds of the local day. Nothing happens after 21:00 on the last day, so that what
    follows an order within minutes stays inside the window.
    """
    n = day.size
    hours = np.r_[
        np.full(5, 0.006), np.linspace(0.01, 0.06, 8), np.full(8, 0.055), np.linspace(0.05, 0.02, 3)
    ]
    second = rng.choice(24, n, p=hours / hours.sum()) * 3600 + rng.integers(0, 3600, n)
    midnight = special == Special.MIDNIGHT
    second[midnight] = np.where(rng.random(midnight.sum()) < 0.5, 84600, 1200) + rng.integers(
        0, 1700, midnight.sum()
    )
    second = np.where(unsafe_days[day] & (second < 14400), second + 28800, second)
    second = np.where((day == last_day) & (second > 75600), second - 36000, second)
    order = np.lexsort((second, day))
    second, special = second[order], special[order]

    count = rng.choice(4, n, p=[0.50, 0.28, 0.15, 0.07]) + 1
    edit_wanted = (special == Special.LATE_EDIT) | (special == Special.EARLY_EDIT)
    owner = np.repeat(np.arange(n), count)
    m = owner.size
    index = np.arange(m) - np.repeat(np.cumsum(count) - count, count)
    product = rng.integers(0, PRICES.shape[1], m)
    quantity = rng.choice(3, m, p=[0.75, 0.18, 0.07]) + 1
    price = PRICES[store.number][product]
    place = rng.integers(0, len(STATES) if store.number else 8, n)
    state_rate = np.array([s[3] for s in STATES], np.int64)
    rate = VAT[product] if store.tax_included else state_rate[place][owner]
    gross = price * quantity

    subtotal = np.bincount(owner, gross, n).astype(np.int64)
    kind = rng.choice(4, n, p=[0.70, 0.15, 0.08, 0.07])
    discount = np.where(kind == 1, half_up(subtotal, 10), np.where((kind == 2) & (subtotal > 1500), 500, 0))
    line_discount = allocate(discount, gross, owner)
    shipping = np.where(subtotal >= store.free_shipping_from, 0, store.shipping)
    shipping_discount = np.where(kind == 3, shipping, 0)
    net = gross - line_discount
    tax = tax_of(net, rate, store.tax_included)
    shipping_rate = np.full(n, 1900 if store.tax_included else 0)
    shipping_tax = tax_of(shipping - shipping_discount, shipping_rate, store.tax_included)
    total_tax = np.bincount(owner, tax, n).astype(np.int64) + shipping_tax
    total = subtotal - discount + shipping - shipping_discount
    if not store.tax_included:
        total = total + total_tax

    # An edit adds one item, after the first line of the order.
    edit_day = np.where(
        special == Special.LATE_EDIT, day + 5 + rng.integers(0, 4, n), np.where(edit_wanted, day + 1, FAR)
    )
    add_product = rng.integers(0, PRICES.shape[1], n)
    add_gross = np.where(edit_wanted, PRICES[store.number][add_product], 0)
    add_rate = VAT[add_product] if store.tax_included else state_rate[place]
    add_tax = tax_of(add_gross, add_rate, store.tax_included)
    add_total = add_gross + (0 if store.tax_included else add_tax)

    cancelled = (special == Special.CANCELLED) | ((special == 0) & (rng.random(n) < 0.008))
    delay = rng.choice(3, n, p=[0.75, 0.19, 0.06])
    fulfil_day = np.where((delay == 0) & (second > 72000), day + 1, day + delay)
    fulfil_day = np.where(special == Special.EARLY_EDIT, day + 2, np.where(edit_wanted, day + 1, fulfil_day))
    fulfil_day = np.where(cancelled, FAR, fulfil_day)

    orders = {
        "store": np.full(n, store.number), "n": first_number + np.arange(n), "day": day, "second": second,
        "special": special, "person": rng.integers(0, 256, n), "customer": rng.integers(0, max(50, 400_000), n),
        "shop_customer": np.where(rng.random(n) < 0.01, rng.integers(0, max(shop_customers, 1), n), -1),
        "place": place, "is_cancelled": cancelled, "fulfil_day": fulfil_day, "edit_day": edit_day,
        "discount_kind": kind, "subtotal": subtotal, "discount": discount, "shipping": shipping,
        "shipping_discount": shipping_discount, "shipping_rate": shipping_rate, "shipping_tax": shipping_tax,
        "tax": total_tax, "total": total, "add_gross": add_gross, "add_tax": add_tax, "add_total": add_total,
        "card": rng.integers(0, 10000, n),
    }  # fmt: skip

    extra = np.flatnonzero(edit_wanted)
    lines = {
        "n": np.r_[first_number + owner, first_number + extra],
        "line": np.r_[index, count[extra]],
        "product": np.r_[product, add_product[extra]],
        "quantity": np.r_[quantity, np.ones(extra.size, np.int64)],
        "price": np.r_[price, add_gross[extra]],
        "discount": np.r_[line_discount, np.zeros(extra.size, np.int64)],
        "rate": np.r_[rate, add_rate[extra]],
        "tax": np.r_[tax, add_tax[extra]],
        "added_day": np.r_[day[owner], edit_day[extra]],
    }
    by_line = np.lexsort((lines["line"], lines["n"]))
    lines = {"store": np.full(by_line.size, store.number), **{k: v[by_line] for k, v in lines.items()}}

    refunds, refund_lines = _refunds(
        store,
        first_number,
        day,
        special,
        cancelled,
        fulfil_day,
        orders,
        owner,
        index,
        quantity,
        gross,
        line_discount,
        tax,
        last_day,
        rng,
    )
    return Chunk(pa.table(orders), pa.table(lines), refunds, refund_lines)


def _refunds(
    store: Store, first_number: int, day: Ints, special: npt.NDArray[np.int8], cancelled: npt.NDArray[np.bool_],
    fulfil_day: Ints, orders: dict[str, Ints], owner: Ints, index: Ints, quantity: Ints, gross: Ints,
    line_discount: Ints, tax: Ints, last_day: int, rng: np.random.Generator,
) -> tuple[pa.Table, pa.Table]:  # fmt: skip
    """Refunds of a chunk: first a part, the whole, or goodwill; sometimes goodwill later on top."""
    n = day.size
    plain = (special == 0) & ~cancelled
    drawn = plain & (rng.random(n) < 0.06)
    mode = rng.choice(3, n, p=[0.60, 0.25, 0.15])  # 0 part of a line, 1 everything, 2 goodwill
    for kind, value in (
        (Special.PARTIAL_REFUND, 0), (Special.LATE_REFUND, 0), (Special.REFUND_MISSING, 0),
        (Special.FULL_REFUND, 1), (Special.GOODWILL, 2), (Special.TWO_REFUNDS, 0),
    ):  # fmt: skip
        chosen = special == kind
        drawn = drawn | chosen
        mode = np.where(chosen, value, mode)
    delay = np.where(rng.random(n) < 0.2, rng.integers(15, 31, n), rng.integers(2, 13, n))
    delay = np.where(special == Special.LATE_REFUND, rng.integers(18, 31, n), delay)
    refund_day = np.maximum(day + delay, np.minimum(fulfil_day, FAR - 1) + 1)
    second = rng.integers(32400, 64800, n)
    drawn &= refund_day <= last_day
    # Refunds missing at the provider must be older than any normal delay.
    refund_day = np.where(special == Special.REFUND_MISSING, day + 4, refund_day)
    chosen = np.flatnonzero(drawn)

    first_line = np.searchsorted(owner, np.arange(n))
    unit = gross - line_discount
    part_quantity = np.where(
        quantity[first_line] > 1, rng.integers(1, 3, n).clip(max=quantity[first_line]), 1
    )
    is_whole_line = part_quantity == quantity[first_line]
    part_net = np.where(
        is_whole_line, unit[first_line], unit[first_line] * part_quantity // quantity[first_line]
    )
    part_tax = np.where(
        is_whole_line, tax[first_line], tax[first_line] * part_quantity // quantity[first_line]
    )

    ship = orders["shipping"] - orders["shipping_discount"]
    goodwill = 100 * rng.integers(2, 5, n)
    on_top = 0 if store.tax_included else 1
    amount = np.where(mode == 0, part_net + on_top * part_tax, np.where(mode == 1, orders["total"], goodwill))
    taxes = np.where(mode == 0, part_tax, np.where(mode == 1, orders["tax"], 0))
    ship_amount = np.where(mode == 1, ship, 0)
    ship_tax = np.where(mode == 1, orders["shipping_tax"], 0)

    second_goodwill = chosen[(special[chosen] == Special.TWO_REFUNDS) & (refund_day[chosen] + 6 <= last_day)]
    head = {
        "n": np.r_[first_number + chosen, first_number + second_goodwill],
        "k": np.r_[np.zeros(chosen.size, np.int64), np.ones(second_goodwill.size, np.int64)],
        "day": np.r_[refund_day[chosen], refund_day[second_goodwill] + 6],
        "second": np.r_[second[chosen], second[second_goodwill]],
        "mode": np.r_[mode[chosen], np.full(second_goodwill.size, 2)],
        "amount": np.r_[amount[chosen], np.full(second_goodwill.size, 150)],
        "tax": np.r_[taxes[chosen], np.zeros(second_goodwill.size, np.int64)],
        "ship_amount": np.r_[ship_amount[chosen], np.zeros(second_goodwill.size, np.int64)],
        "ship_tax": np.r_[ship_tax[chosen], np.zeros(second_goodwill.size, np.int64)],
        "is_missing_at_provider": np.r_[
            special[chosen] == Special.REFUND_MISSING, np.zeros(second_goodwill.size, bool)
        ],
    }
    refunds = pa.table({"store": np.full(head["n"].size, store.number), **head})

    parts = chosen[mode[chosen] == 0]
    whole = np.flatnonzero((drawn & (mode == 1))[owner])
    rows = {
        "n": first_number + np.r_[parts, owner[whole]],
        "k": np.zeros(parts.size + whole.size, np.int64),
        "line": np.r_[np.zeros(parts.size, np.int64), index[whole]],
        "quantity": np.r_[part_quantity[parts], quantity[whole]],
        "subtotal": np.r_[part_net[parts], unit[whole]],
        "tax": np.r_[part_tax[parts], tax[whole]],
    }
    refund_lines = pa.table({"store": np.full(rows["n"].size, store.number), **rows})
    return refunds, refund_lines
