"""The truth about store orders: which charge pays which order, and the faults among them.

Belongs here: reading the special orders back from the tables. The bulk of the matches goes from DuckDB to
the file as one buffer.
"""

from pathlib import Path

import duckdb

from pipelines.sample.books import Books, text
from pipelines.sample.catalog import STORES
from pipelines.sample.files import buffer
from pipelines.sample.store import Special

CASES = {
    Special.DISPUTE_LOST: "dispute_lost", Special.DISPUTE_WON: "dispute_won", Special.EARLY_EDIT: "order_edit_before_invoice",
    Special.TEST: "test_order", Special.CANCELLED: "order_cancelled", Special.RETRIED: "charge_retried",
    Special.PARTIAL_REFUND: "partial_refund", Special.LATE_REFUND: "late_refund", Special.FULL_REFUND: "full_refund",
    Special.GOODWILL: "goodwill_refund", Special.TWO_REFUNDS: "two_refunds", Special.MIDNIGHT: "order_around_midnight",
}  # fmt: skip


def register(con: duckdb.DuckDBPyConnection, books: Books) -> None:
    """Faults and cases of the store orders."""
    truth = books.truth
    for store in STORES:
        rows = con.execute(
            """select o.n, o.special, o.total, o.add_total, c.charge_id, d.dispute_id, d.amount, d.status, r.k, r.amount
            from orders o
            left join charges c on c.store = o.store and c.n = o.n and c.k = 0
            left join disputes d on d.store = o.store and d.n = o.n
            left join refunds r on r.store = o.store and r.n = o.n and r.is_missing_at_provider
            where o.store = ? and o.special <> 0 order by o.special, o.n""",
            [store.number],
        ).fetchall()
        for n, special, total, added, charge, dispute, disputed, status, k, refunded in rows:
            order = f"{store.source_name}:{store.order_id_base + n * 7}"
            name, currency = f"{store.prefix}{n}", store.currency
            if special == Special.NEVER_CHARGED:
                fault = truth.fault("order_never_charged", order, f"{name} says paid, no charge exists")
                truth.expect(fault, "order_not_charged", "order", order, currency, text(total, currency))
            elif special == Special.GHOST:
                payment = f"{store.stripe}:{charge}"
                fault = truth.fault("charge_without_order", payment, f"{name} is unknown to the store")
                truth.expect(
                    fault, "charge_without_order", "payment", payment, currency, text(total, currency)
                )
            elif special == Special.LATE_EDIT:
                fault = truth.fault("late_order_change", order, f"{name} got an item after its invoice")
                truth.expect(
                    fault, "order_invoice_difference", "order", order, currency, text(added, currency)
                )
            elif special == Special.NOT_INVOICED:
                fault = truth.fault("order_not_invoiced", order, f"{name} was shipped and never invoiced")
                truth.expect(fault, "order_not_invoiced", "order", order, currency, text(total, currency))
            elif special == Special.REFUND_MISSING and refunded is not None:
                refund = f"{store.source_name}:{900_000_000_000 + (n * 4 + k) * 2 + store.number}"
                fault = truth.fault("psp_refund_missing", refund, f"refund of {name} never left Stripe")
                truth.expect(
                    fault, "refund_not_paid_out", "refund", refund, currency, text(refunded, currency)
                )
            elif special == Special.DISPUTE_OPEN:
                document = f"{store.stripe}:{dispute}"
                fault = truth.fault("dispute_open", document, f"{name}, {status}")
                truth.expect(fault, "dispute_open", "dispute", document, currency, text(disputed, currency))
            elif special in CASES:
                truth.case(CASES[Special(special)], "order", order)


def append_matches(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Add order_to_payment to true_matches.csv."""
    with path.open("ab") as file:
        for store in STORES:
            for k in (0, 1):
                records = con.execute(
                    f"""select 'order_to_payment,order,{store.source_name}:' || ({store.order_id_base} + c.n * 7) || ',payment,{store.stripe}:'
                    || c.charge_id || ',' || money(c.amount) || ',{store.currency},'
                    || case when o.edit_day <= getvariable('last_day') then 'order_edited' else 'normal' end || chr(10) as record
                    from charges c join visible_orders o on o.store = c.store and o.n = c.n
                    where c.store = ? and c.k = ? order by c.n""",
                    [store.number, k],
                ).arrow().read_all()["record"]  # fmt: skip
                file.write(buffer(records))
