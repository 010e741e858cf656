"""The whole sample, in order: stores, payment provider, documents, bank, ledger, files, truth.

Belongs here: the sequence and what each step needs. Everything random comes from generators seeded by
`seed` and a number of the step, so that one step's change does not move the others.
"""

import shutil
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.sample import camt_file, levels, mt940_file
from pipelines.sample.bank_csv import bank_csv
from pipelines.sample.books import Books
from pipelines.sample.catalog import STORES, Store, reference_tables
from pipelines.sample.company import Company, read_company
from pipelines.sample.damage import damage
from pipelines.sample.erp_files import write_documents
from pipelines.sample.files import write_bytes
from pipelines.sample.ledger_files import spoil_ledger, write_ledgers
from pipelines.sample.psp import build
from pipelines.sample.purchasing import make_purchases
from pipelines.sample.rates import LEVELS, TREASURY, Rates
from pipelines.sample.sales import make_sales
from pipelines.sample.shopify_files import NEW_FIELD, write_orders
from pipelines.sample.spending import make_spending
from pipelines.sample.spending_files import write_spending
from pipelines.sample.statements import Statement, build_statements, file_stem
from pipelines.sample.store import Special, make_chunk, place_specials
from pipelines.sample.store_truth import append_matches, register
from pipelines.sample.stripe_files import write_objects
from pipelines.sample.timeline import Timeline
from pipelines.sample.treasury import make_bank_fees, make_payout_receipts, make_transfers
from pipelines.sample.truth import Truth, write_truth
from pipelines.sample.wholesale import make_stripe_invoices

CHUNK = 120_000  # orders held in memory at once
CASES = {
    Special.DISPUTE_LOST: 2, Special.DISPUTE_WON: 2, Special.EARLY_EDIT: 3, Special.TEST: 2, Special.CANCELLED: 3, Special.RETRIED: 3,
    Special.PARTIAL_REFUND: 4, Special.LATE_REFUND: 4, Special.FULL_REFUND: 3, Special.GOODWILL: 2, Special.TWO_REFUNDS: 2,
    Special.MIDNIGHT: 4,
}  # fmt: skip


def _special_counts(store: Store, faults: levels.Faults) -> dict[Special, int]:
    """Cases in both stores; faults shared between them, the odd one to the German store."""

    def part(name: str) -> int:
        count = faults.count(name)
        return (count + 1) // 2 if store.number == 0 else count // 2

    only_de = store.number == 0
    return {
        **CASES,
        Special.NEVER_CHARGED: part("order_never_charged"),
        Special.GHOST: part("charge_without_order"),
        Special.REFUND_MISSING: part("psp_refund_missing"),
        Special.DISPUTE_OPEN: part("dispute_open"),
        Special.LATE_EDIT: faults.count("late_order_change") if only_de else 0,
        Special.NOT_INVOICED: faults.count("order_not_invoiced") if only_de else 0,
    }


def _fill_stores(
    con: duckdb.DuckDBPyConnection,
    company: Company,
    time: Timeline,
    faults: levels.Faults,
    orders: int,
    seed: int,
) -> None:
    """Make orders chunk by chunk into DuckDB tables."""
    made = False
    for store in STORES:
        n = orders * 55 // 100 if store.number == 0 else orders - orders * 55 // 100
        rng = np.random.default_rng([seed, 100 + store.number])
        days = time.last_day + 1
        weight = np.array([1.25 if time.date(i).weekday() in (5, 6) else 1.0 for i in range(days)])
        per_day = rng.multinomial(n, weight / weight.sum())
        day = np.repeat(np.arange(days), per_day)
        special = place_specials(n, _special_counts(store, faults), rng)
        unsafe = np.array(time.clock_changes(company.entity(store.suffix).time_zone))
        customers = sum(1 for source, _ in company.shop_customers if source == store.source_name)
        first_day = 0
        done = 0
        while first_day < days:
            last = first_day
            while last + 1 < days and per_day[first_day : last + 2].sum() <= CHUNK:
                last += 1
            size = int(per_day[first_day : last + 1].sum())
            chunk = make_chunk(
                store, 1001 + done, day[done : done + size], special[done : done + size], time.last_day, unsafe, customers,
                np.random.default_rng([seed, 200 + store.number, first_day]),
            )  # fmt: skip
            for name in ("orders", "lines", "refunds", "refund_lines"):
                con.register("chunk", getattr(chunk, name))
                con.execute(
                    f"insert into {name} select * from chunk"
                    if made
                    else f"create table {name} as select * from chunk"
                )
                con.unregister("chunk")
            made = True
            done += size
            first_day = last + 1


def _reference(con: duckdb.DuckDBPyConnection, company: Company, time: Timeline) -> None:
    for name, table in reference_tables().items():
        con.register("reference", table)
        con.execute(f"create table {name} as select * from reference")
    con.register("reference", time.clocks(company))
    con.execute("create table clocks as select * from reference")
    parties = []
    for store in STORES:
        mine = [p for source, p in company.shop_customers if source == store.source_name]
        parties += [
            (store.number, i, int(p.native[store.source_name]), p.aliases[store.source_name], "", p.email)
            for i, p in enumerate(mine)
        ]
    names = ("store", "ordinal", "customer_id", "first_name", "last_name", "email")
    con.register("reference", pa.table(dict(zip(names, zip(*parties, strict=True), strict=True))))
    con.execute("create table shop_parties as select * from reference")
    con.unregister("reference")
    fee_days = [
        (store.number, i) for store in STORES for i in range(1, time.last_day + 1) if time.date(i).day == 1
    ]
    con.execute("create table provider_fee_days (store bigint, day bigint)")
    if fee_days:
        con.executemany("insert into provider_fee_days values (?, ?)", fee_days)
    con.execute("create macro trace_of(payout) as 'ST' || upper(substr(payout, 5, 13))")


def _write_statements(statements: list[Statement], out: Path) -> None:
    for statement in statements:
        if not statement.is_delivered:
            continue
        source, stem = statement.account.source_name, file_stem(statement)
        if source == "bank_de":
            content, suffix = camt_file.camt_053(statement), "xml"
        elif source == "bank_uk":
            content, suffix = mt940_file.mt940(statement), "sta"
        else:
            content, suffix = bank_csv(statement), "csv"
        write_bytes(out / source / f"{stem}.{suffix}", content)
        if statement.is_delivered_twice:
            write_bytes(out / source / f"{stem}_2.{suffix}", content)


def generate(
    out: Path,
    *,
    orders: int,
    days: int,
    seed: int,
    faults: str,
    truth: Path,
    end_date: date,
    seeds: Path,
    progress: Callable[[str], None],
) -> None:
    """Write the sample below `out` and the truth below `truth`; see `write_sample`."""
    time = Timeline(end_date - timedelta(days - 1), end_date)
    company = read_company(seeds)
    level = levels.faults(faults)
    rates = Rates(seed, time.start, time.end)

    def books_rng(step: int) -> np.random.Generator:
        return np.random.default_rng([seed, step])

    books = Books(company, time, rates, level, Truth(), books_rng(301))
    with tempfile.TemporaryDirectory(prefix="tieout_sample_") as work:
        con = duckdb.connect(str(Path(work) / "sample.duckdb"))
        con.execute(
            "set memory_limit = '3GB'; set preserve_insertion_order = true; set enable_progress_bar = false"
        )
        _reference(con, company, time)
        _fill_stores(con, company, time, level, orders, seed)
        progress("orders")
        make_stripe_invoices(con, books, max(16, orders // 120))
        payouts = build(con, time, seed)
        progress("payments")
        books.rng = books_rng(302)
        make_sales(books, max(110, orders // 20))
        books.rng = books_rng(303)
        make_purchases(books, max(75, orders // 40))
        books.rng = books_rng(304)
        spending = make_spending(books)
        books.rng = books_rng(305)
        make_transfers(books)
        make_bank_fees(books)
        make_payout_receipts(books, payouts)
        statements = build_statements(books)
        register(con, books)
        spoil_ledger(books)
        progress("documents")

        has_drift = level.count("schema_drift") > 0
        drift_day = int(0.6 * time.last_day)
        write_orders(con, out, time, drift_day if has_drift else None, progress)
        write_objects(con, out, time)
        progress("stripe")
        drift_date = time.date(drift_day) if has_drift else None
        write_documents(con, books, out, time, drift_date)
        write_ledgers(con, books, out, time)
        progress("erp")
        write_spending(books, spending, out, drift_date)
        _write_statements(statements, out)
        write_bytes(
            out / "ecb" / "eurofxref-hist.csv",
            rates.history_csv([*list(LEVELS)[:23], "RUB", *list(LEVELS)[23:]]).encode(),
        )
        write_bytes(out / "treasury_rates" / "kwd.csv", rates.history_csv(list(TREASURY)).encode())
        if has_drift:
            for source, field in (
                ("shopify_de", NEW_FIELD),
                ("erp_uk", "Approved By"),
                ("expenses_us", "Project"),
            ):
                fault = books.truth.fault("schema_drift", source, f"new field {field} from {drift_date}")
                books.truth.expect(fault, "schema_drift", "source", source)
        damage(books, out, time)
        write_truth(books.truth, truth)
        append_matches(con, truth / "true_matches.csv")
        con.close()
    progress("done")


def remove_previous(out: Path) -> None:
    """Sources of an earlier sample in the same folder, which would mix two companies."""
    for source in ("shopify_de", "shopify_us", "stripe_de", "stripe_us", "bank_de", "bank_uk", "bank_us", "ecb", "treasury_rates",
                   "erp_de", "erp_uk", "erp_us", "expenses_de", "expenses_uk", "expenses_us", "card_de", "card_uk", "card_us"):  # fmt: skip
        if (out / source).is_dir():
            shutil.rmtree(out / source)
