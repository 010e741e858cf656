"""US wholesale billed in Stripe: invoices collected by ACH, as DuckDB tables.

Belongs here: the invoices and their lines. Their charges, fees and payouts are made with all others in
`psp`, which reads these tables.
"""

import hashlib

import duckdb
import pyarrow as pa

from pipelines.sample.books import Books
from pipelines.sample.store import FAR

ITEMS = ["Stoneware teapots, case", "Prairie mugs, case", "Wool throws, bundle", "Candles, case of 48"]


def make_stripe_invoices(con: duckdb.DuckDBPyConnection, books: Books, count: int) -> None:
    """Create stripe_invoices and stripe_invoice_lines; register customers whose e-mail Stripe has wrong."""
    rng, time, truth = books.rng, books.time, books.truth
    customers = [c for c in books.company.customers["US01"] if "stripe_us" in c.native]
    wrong = {}
    for customer in customers[2 : 2 + min(books.faults.count("master_data_conflict"), len(customers) - 2)]:
        wrong[customer.party_id] = "ap.new@" + customer.email.split("@")[1]
        fault = truth.fault(
            "master_data_conflict",
            customer.party_id,
            f"Stripe has {wrong[customer.party_id]}, finance {customer.email}",
        )
        truth.expect(fault, "master_data_conflict", "customer", customer.party_id)
    entity = books.company.entities["US01"]
    invoices, lines = [], []
    for n in range(1, count + 1):
        customer = customers[n % len(customers)]
        day = time.index(books.weekday(0.0, 0.98))
        due = day + 30
        paid = min(due - int(rng.integers(1, 20)), due)
        items = [
            (int(rng.integers(1, 12)), int(rng.integers(2_000, 21_000)))
            for _ in range(int(rng.integers(1, 4)))
        ]
        total = sum(q * u for q, u in items)
        key = hashlib.sha256(f"invoice{n}".encode()).hexdigest()
        prefix = hashlib.sha256(customer.party_id.encode()).hexdigest()[:8].upper()
        number = f"{prefix}-{n:04d}"
        invoices.append(
            (n, day, due, paid if paid <= time.last_day else FAR, total, f"in_1{key[:22]}", number, customer.native["stripe_us"],
             customer.aliases["stripe_us"], wrong.get(customer.party_id, customer.email))
        )  # fmt: skip
        lines += [(n, i, q * u, q, ITEMS[(n + i) % 4]) for i, (q, u) in enumerate(items)]
        books.post(
            entity, time.date(day), "invoice", number, customer.name, [("1400", "USD", total, total), ("4010", "USD", -total, -total)],
            customer.native["erp_us"], canonical=("invoice", f"stripe_us:in_1{key[:22]}"),
        )  # fmt: skip
    names = (
        "n",
        "day",
        "due_day",
        "paid_day",
        "total",
        "invoice_id",
        "invoice_number",
        "stripe_customer",
        "name",
        "email",
    )
    con.register("si", pa.table(dict(zip(names, zip(*invoices, strict=True), strict=True))))
    con.execute("create table stripe_invoices as select * from si order by n")
    names = ("n", "line", "amount", "quantity", "description")
    con.register("sil", pa.table(dict(zip(names, zip(*lines, strict=True), strict=True))))
    con.execute("create table stripe_invoice_lines as select * from sil order by n, line")
