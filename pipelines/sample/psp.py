"""The payment provider: charges, refunds, disputes, balance transactions and payouts, as DuckDB tables.

Belongs here: how money moves at Stripe, in minor units, with the identity that each payout is the sum of
its balance transactions. Does not belong here: how Stripe writes it (`stripe_files`).
"""

from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from pipelines.sample.catalog import STORES, Store
from pipelines.sample.days import add_banking_days, on_or_after
from pipelines.sample.store import Special
from pipelines.sample.timeline import Timeline


@dataclass
class Payout:
    store: Store
    payout_id: str
    day: date
    arrival: date
    amount: int
    ordinal: int


def build(con: duckdb.DuckDBPyConnection, time: Timeline, seed: int) -> list[Payout]:
    """Build charges, psp_refunds, disputes, txns and payouts from orders, refunds and stripe_invoices.
    Returns the payouts, oldest first."""
    con.register("banking_days", _banking_days(time))
    con.register("terms", _terms())
    con.execute(f"set variable seed = {seed}; set variable last_day = {time.last_day}")
    con.execute(_CHARGES)
    con.execute(_REFUNDS_AND_DISPUTES)
    con.execute(_TRANSACTIONS)
    _pay_out(con)
    payouts = []
    for store_number, day, payout_id, amount, ordinal in con.execute(
        "select store, day, payout_id, amount, ordinal from payouts order by day, store"
    ).fetchall():
        store = STORES[store_number]
        made = time.date(day)
        payouts.append(
            Payout(
                store,
                payout_id,
                made,
                add_banking_days(store.suffix, made, store.arrival_after),
                amount,
                ordinal,
            )
        )
    rows = pa.table(
        {
            "payout_id": pa.array([p.payout_id for p in payouts], pa.string()),
            "arrival_day": pa.array([time.index(p.arrival) for p in payouts], pa.int64()),
        }
    )
    con.register("arrivals", rows)
    con.execute("create table payout_arrivals as select * from arrivals")
    return payouts


def _banking_days(time: Timeline) -> pa.Table:
    """store, day -> day on which a charge of that day becomes available, next payout day from that day on."""
    rows = []
    for store in STORES:
        for day in range(time.last_day + 40):
            made = time.date(day)
            available = add_banking_days(store.suffix, made, store.available_after)
            rows.append(
                (store.number, day, time.index(available), time.index(on_or_after(store.suffix, made)))
            )
    names = ("store", "day", "available_day", "payout_day")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def _terms() -> pa.Table:
    return pa.table(
        {
            "store": [s.number for s in STORES],
            "fee_bps": [s.fee_bps for s in STORES],
            "fee_fixed": [s.fee_fixed for s in STORES],
            "dispute_fee": [s.dispute_fee for s in STORES],
        }
    )


_CHARGES = f"""
create or replace macro object_id(prefix, store, n, k) as
    prefix || substr(md5(concat_ws('|', getvariable('seed'), prefix, store, n, k)), 1, 24);
create or replace table charges as
with attempts as (
    select store, n, 0 as k, day, second + 20 + n % 70 + case when special = {Special.RETRIED} then 190 else 0 end as second,
        total as amount, true as is_paid
    from orders
    where not is_cancelled and special not in ({Special.NEVER_CHARGED}, {Special.TEST})
    union all
    select store, n, 1, edit_day, 36000 + n % 7000, add_total, true from orders where edit_day <= getvariable('last_day')
    union all
    select store, n, 2, day, second + 15, total, false from orders where special = {Special.RETRIED}
    union all
    select 1, n, 3, paid_day, 39600 + n % 5000, total, true from stripe_invoices where paid_day <= getvariable('last_day')
),
placed as (
    select store, n, k, day + (second >= 86400)::bigint as day, second % 86400 as second, amount, is_paid from attempts
)
select
    placed.*,
    case when k < 3 then n end as order_n,
    case when k = 3 then n end as invoice_n,
    object_id('ch_3', store, n, k) as charge_id,
    object_id('pi_3', store, n, k) as payment_intent_id,
    case when is_paid then object_id('txn_1', store, n, k) end as txn_id,
    case when not is_paid then 0 when k = 3 then least((amount * 80 + 5000) // 10000, 500)
        else (amount * fee_bps + 5000) // 10000 + fee_fixed end as fee
from placed join terms using (store)
order by store, day, second, n, k;
"""

_REFUNDS_AND_DISPUTES = f"""
create or replace table psp_refunds as
select
    refunds.store, refunds.n, refunds.k, refunds.day, refunds.second + 5 + refunds.n % 50 as second, refunds.amount,
    refunds.mode,
    charges.charge_id, charges.payment_intent_id,
    object_id('re_3', refunds.store, refunds.n, refunds.k) as refund_id,
    object_id('txn_2', refunds.store, refunds.n, refunds.k) as txn_id
from refunds
join charges on charges.store = refunds.store and charges.n = refunds.n and charges.k = 0
where not refunds.is_missing_at_provider
order by refunds.store, refunds.day, refunds.second, refunds.n, refunds.k;
create or replace table disputes as
select
    orders.store, orders.n, charges.charge_id, charges.payment_intent_id, charges.amount,
    charges.day + 8 as day, 41000 + orders.n % 9000 as second,
    charges.day + 22 as closed_day,
    object_id('du_1', orders.store, orders.n, 0) as dispute_id,
    object_id('txn_3', orders.store, orders.n, 0) as txn_id,
    case when special = {Special.DISPUTE_WON} then object_id('txn_4', orders.store, orders.n, 0) end as reversal_txn_id,
    case special when {Special.DISPUTE_OPEN} then
            case when orders.n % 2 = 0 then 'needs_response' else 'under_review' end
        when {Special.DISPUTE_LOST} then 'lost' else 'won' end as status
from orders join charges on charges.store = orders.store and charges.n = orders.n and charges.k = 0
where special in ({Special.DISPUTE_OPEN}, {Special.DISPUTE_LOST}, {Special.DISPUTE_WON})
order by orders.store, orders.n;
"""

_TRANSACTIONS = """
create or replace table txns as
with all_txns as (
    select store, txn_id, case when k = 3 then 'payment' else 'charge' end as type, 'charge' as category,
        charge_id as source_id, day, second, amount, fee, true as is_charge, n
    from charges where is_paid
    union all
    select store, txn_id, 'refund', 'refund', refund_id, day, second, -amount, 0, false, n from psp_refunds
    union all
    select store, txn_id, 'adjustment', 'dispute', dispute_id, day, second, -amount, dispute_fee, false, n
    from disputes join terms using (store)
    union all
    select store, reversal_txn_id, 'adjustment', 'dispute_reversal', dispute_id, closed_day, second, amount, 0, false, n
    from disputes where reversal_txn_id is not null and closed_day <= getvariable('last_day')
    union all
    select store, object_id('txn_5', store, day, 0), 'stripe_fee', 'fee', null, day, 7200, -(1290 + 10 * store), 0, false, day
    from provider_fee_days
)
select
    all_txns.*, amount - fee as net,
    case when is_charge then b.available_day else all_txns.day end as available_day,
    p.payout_day as payout_day
from all_txns
join banking_days b on b.store = all_txns.store and b.day = all_txns.day
join banking_days p on p.store = all_txns.store
    and p.day = greatest(case when is_charge then b.available_day else 0 end, all_txns.day + 1)
order by all_txns.store, all_txns.day, second, category, n, txn_id;
"""


def _pay_out(con: duckdb.DuckDBPyConnection) -> None:
    """Group balance transactions into payouts. A day whose sum is not positive waits for the next one:
    Stripe then carries the negative balance forward."""
    rows: list[tuple[int, int, int, int]] = []
    waiting: dict[int, tuple[list[int], int]] = {}
    ordinal: dict[int, int] = {}
    sums = con.execute(
        "select store, payout_day, sum(net)::bigint from txns where payout_day <= getvariable('last_day')"
        " group by all order by all"
    ).fetchall()
    for store, day, net in sums:
        days, carried = waiting.pop(store, ([], 0))
        days, total = [*days, day], carried + net
        if total <= 0:
            waiting[store] = (days, total)
            continue
        ordinal[store] = ordinal.get(store, 0) + 1
        rows += [(store, d, day, ordinal[store]) for d in days]
    names = ("store", "payout_day", "paid_day", "ordinal")
    con.register("payout_days", pa.table(dict(zip(names, zip(*rows, strict=True), strict=True))))
    con.execute("""
        create or replace table payouts as
        select store, paid_day as day, ordinal, object_id('po_1', store, paid_day, 0) as payout_id,
            object_id('txn_6', store, paid_day, 0) as txn_id, sum(net)::bigint as amount, count(*) as txn_count
        from txns join payout_days using (store, payout_day)
        group by all order by store, paid_day;
        create or replace table paid_txns as
        select txns.*, payouts.payout_id
        from txns left join payout_days using (store, payout_day)
        left join payouts on payouts.store = txns.store and payouts.day = payout_days.paid_day
        order by txns.store, txns.day, second, category, n, txn_id;
        drop table txns;
    """)
