"""The ERPs' ledger exports: every posting as balanced lines, CSV files by day.

Belongs here: what the ERP posted, including what it posted wrongly. The list of events and accounts is in
README.md of this folder. Store and provider postings are as many as the orders and come from SQL.
"""

from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.sample.books import Books, Posting, text
from pipelines.sample.erp_tables import EXPORTS
from pipelines.sample.files import Writer, write_records
from pipelines.sample.store import Special
from pipelines.sample.timeline import Timeline


def spoil_ledger(books: Books) -> None:
    """Leave out, alter and invent postings, and register what that must raise."""
    truth, faults, end = books.truth, books.faults, books.time.end
    touched = {e.document for e in truth.expected if isinstance(e.document, str)}
    last = books.time.last_day
    plain = [
        p
        for p in books.postings
        if p.canonical_type in ("invoice", "bill", "expense_report")
        and p.canonical_id not in touched
        and not p.canonical_id.startswith("stripe")
        and 0.15 * last < books.time.index(p.day) < 0.85 * last
        and not any(account == "1990" for account, *_ in p.lines)
    ]
    wanted = faults.count("gl_posting_missing") + faults.count("gl_posting_wrong_amount")
    step = max(1, len(plain) // max(wanted, 1))
    chosen = [plain[(i * step) % len(plain)] for i in range(wanted)]
    missing = chosen[: faults.count("gl_posting_missing")]
    # The first line of an invoice or bill is its control account; an expense report begins with the cost.
    rest = [p for p in plain if p not in missing and p.canonical_type in ("invoice", "bill")]
    altered = faults.count("gl_posting_wrong_amount")
    wrong = rest[:: max(1, len(rest) // max(altered, 1))][:altered]
    changes: dict[tuple[str, str, str, str], tuple[int, list[str]]] = {}

    def change(posting: Posting, fault: str, lines: list[tuple[str, str, int, int]], sign: int) -> None:
        for account, currency, minor, _ in lines:
            if account in books.company.control_accounts:
                key = (posting.entity.entity_id, account, currency, f"{posting.day:%Y-%m}")
                total, causes = changes.get(key, (0, []))
                changes[key] = (total + sign * minor, [*causes, fault])

    for posting in missing:
        fault = truth.fault(
            "gl_posting_missing",
            posting.canonical_id,
            f"{posting.document_type} {posting.document_number} is not in the ledger",
        )
        truth.expect(
            fault,
            "gl_entry_missing",
            posting.canonical_type,
            posting.canonical_id,
            posting.lines[0][1],
            text(abs(posting.lines[0][2]), posting.lines[0][1]),
        )
        change(posting, fault, posting.lines, -1)
        books.postings.remove(posting)
    for i, posting in enumerate(wrong):
        account, currency, minor, base = posting.lines[0]
        other, other_currency, other_minor, other_base = next(
            x for x in posting.lines if x[0][0] in "456" and x[1] == currency
        )
        factor = 1 if currency == posting.entity.currency else 0
        shift = (9_000 + 1_350 * i) * (1 if minor > 0 else -1)
        index = posting.lines.index((other, other_currency, other_minor, other_base))
        base_shift = shift if factor else books.base(shift, currency, posting.entity, posting.day)
        posting.lines[0] = (account, currency, minor + shift, base + base_shift)
        posting.lines[index] = (other, other_currency, other_minor - shift, other_base - base_shift)
        fault = truth.fault(
            "gl_posting_wrong_amount",
            posting.canonical_id,
            f"{text(shift, currency)} too much on {account} and {other}",
        )
        truth.expect(
            fault,
            "gl_entry_differs",
            posting.canonical_type,
            posting.canonical_id,
            currency,
            text(abs(shift), currency),
        )
        change(posting, fault, [(account, currency, shift, 0)], 1)
    for i in range(faults.count("gl_posting_unexpected")):
        entity = books.company.entity(("de", "us", "uk")[i % 3])
        amount = 41_500 + 2_375 * i
        day = books.time.date(int((0.3 + 0.04 * (i % 9)) * last))
        lines = [("1400", entity.currency, amount, amount), ("4010", entity.currency, -amount, -amount)]
        posting = books.post(entity, day, "manual", f"MAN-{i + 1:03d}", "Manual correction", lines)
        canonical = f"{entity.erp}:{entry_id(posting)}"
        fault = truth.fault(
            "gl_posting_unexpected", canonical, f"manual entry over {text(amount, entity.currency)}"
        )
        truth.expect(
            fault,
            "gl_entry_unexpected",
            "gl_entry",
            canonical,
            entity.currency,
            text(amount, entity.currency),
        )
        change(posting, fault, lines, 1)
    for (entity_id, account, currency, period), (total, causes) in sorted(changes.items()):
        if total:
            truth.expect(
                causes[0], "ledger_difference", "control_account", f"{entity_id}:{account}:{currency}:{period}", currency,
                text(abs(total), currency), caused_by=" ".join(causes),
            )  # fmt: skip
    assert all(p.day <= end for p in books.postings)


def entry_id(posting: Posting) -> str:
    return f"{posting.document_type}/{posting.document_number}"


def _small(books: Books) -> pa.Table:
    """All postings of the business side as lines: one row each, amounts as text."""
    rows = []
    for p in books.postings:
        for i, (account, currency, minor, base) in enumerate(p.lines, 1):
            rows.append(
                (p.entity.suffix, books.time.index(p.day), p.document_type, p.document_number, i, account, currency,
                 text(max(minor, 0), currency), text(max(-minor, 0), currency), p.entity.currency, text(max(base, 0), "EUR"),
                 text(max(-base, 0), "EUR"), p.description, p.cost_center if account[0] in "456" else "", p.party)
            )  # fmt: skip
    names = (
        "suffix", "day", "document_type", "document_number", "line", "account", "currency", "debit", "credit", "base_currency",
        "base_debit", "base_credit", "description", "cost_center", "party",
    )  # fmt: skip
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


# Lines of one day of one store's entity, (account, signed cents), exploded from one row per document.
_BULK = f"""
with documents as (
    select 'invoice' as document_type, 'RS-2026-' || lpad(n::varchar, 7, '0') as document_number, 'Store invoice' as description,
        [('1400', total), ('4000', -(total - tax - shipping_net)), ('4020', -shipping_net), ('2600', -tax)] as entries
    from store_invoices where store = $store and day = $day
    union all
    select 'order', '{{prefix}}' || n, 'Store order',
        [('1400', total), ('4000', -(total - tax - ship)), ('4020', -ship), ('2600', -tax)]
    from (
        select n, total + case when edit_day <= getvariable('last_day') then add_total else 0 end as total,
            tax + case when edit_day <= getvariable('last_day') then add_tax else 0 end as tax, shipping - shipping_discount as ship
        from visible_orders
        where store = $store and store = 1 and day = $day and not is_cancelled and special <> {Special.TEST}
    )
    union all
    select 'store_refund', (900000000000 + (r.n * 4 + r.k) * 2 + r.store)::varchar, 'Store refund',
        [('4100', r.amount - r.tax), ('2600', r.tax), ('1400', -r.amount)]
    from order_refunds r where store = $store and day = $day
    union all
    select 'charge', charge_id, 'Charge', [('1300', amount), ('1400', -amount)] from charges where store = $store and day = $day and is_paid
    union all
    select 'provider_fee', txn_id, 'Payment provider fee', [('6800', fee), ('1300', -fee)]
    from charges where store = $store and day = $day and fee > 0
    union all
    select 'provider_fee', txn_id, 'Radar fee', [('6800', -amount), ('1300', amount)]
    from paid_txns where store = $store and day = $day and category = 'fee'
    union all
    select 'provider_refund', refund_id, 'Refund', [('1400', amount), ('1300', -amount)] from psp_refunds where store = $store and day = $day
    union all
    select 'dispute', txn_id, 'Dispute', case category when 'dispute' then [('6830', -amount), ('6800', fee), ('1300', amount - fee)]
        else [('1300', amount), ('6830', -amount)] end
    from paid_txns where store = $store and day = $day and category in ('dispute', 'dispute_reversal')
    union all
    select 'payout', payout_id, 'Payout', [('1350', amount), ('1300', -amount)] from payouts where store = $store and day = $day
),
numbered as (
    select document_type, document_number, description, unnest(entries) as entry, generate_subscripts(entries, 1) as line from documents
)
"""

_LINES = """
select record from (
    {bulk}
    select 0 as part, document_type, document_number, line,
        concat_ws('{d}', field(document_type || '/' || document_number, '{d}'), line, '{shown}', document_type,
            field(document_number, '{d}'), account, currency, {debit}, {credit}, base_currency, {base_debit}, {base_credit},
            field(description, '{d}'), cost_center, party, '{shown} {clock}') || chr(13) || chr(10) as record
    from small_gl where suffix = '{suffix}' and day = {day}
)
order by part, document_type, document_number, line
"""

# Store documents are in base currency and hold nothing to quote, so each amount is written once.
_BULK_LINES = """
select 1 as part, document_type, document_number, line,
    concat(document_type, '/', document_number, '{d}', line, '{d}{shown}{d}', document_type, '{d}', document_number, '{d}', account,
        '{d}{currency}{d}', debit, '{d}', credit, '{d}{currency}{d}', debit, '{d}', credit, '{d}', description, '{d}',
        case when account[1] in ('4', '6') then '{center}' else '' end, '{d}{d}{shown} {clock}', chr(13), chr(10)) as record
from (
    select document_type, document_number, line, description, account,
        case when is_debit then money_text else '{zero}' end as debit, case when is_debit then '{zero}' else money_text end as credit
    from (
        select document_type, document_number, line, description, entry[1] as account, entry[2] > 0 as is_debit,
            {money} as money_text
        from numbered where entry[2] <> 0
    )
)
union all
"""


def write_ledgers(con: duckdb.DuckDBPyConnection, books: Books, out: Path, time: Timeline) -> None:
    """Write erp_*/gl_entries, one file a day."""
    con.register("small_rows", _small(books))
    con.execute("create or replace table small_gl as select * from small_rows order by suffix, day")
    con.execute(
        "create or replace macro plain(cents) as cast(cast(cents as decimal(16, 0)) * 0.01 as varchar)"
    )
    with Writer() as writer:
        for suffix, export in EXPORTS.items():
            store = {"de": 0, "us": 1}.get(suffix)
            currency = books.company.entity(suffix).currency
            comma = export.decimal == ","
            for day in time.days():
                sql = _LINES.replace("{bulk}", _BULK_LINES if store is not None else "")
                for name in ("debit", "credit", "base_debit", "base_credit"):
                    sql = sql.replace("{" + name + "}", f"replace({name}, '.', ',')" if comma else name)
                for name, value in (
                    ("{money}", "replace(plain(abs(entry[2])), '.', ',')" if comma else "plain(abs(entry[2]))"),
                    ("{zero}", "0,00" if comma else "0.00"), ("{center}", f"{suffix.upper()}-200"), ("{currency}", currency),
                    ("{d}", export.delimiter), ("{shown}", export.day(day)), ("{clock}", export.clock), ("{suffix}", suffix),
                    ("{day}", str(time.index(day))),
                ):  # fmt: skip
                    sql = sql.replace(name, value)
                parameters: dict[str, object] = {}
                if store is not None:
                    sql = _BULK.replace("{prefix}", "#US") + sql
                    parameters = {"store": store, "day": time.index(day)}
                records = con.execute(sql, parameters).arrow().read_all()["record"]
                if len(records):
                    head = (export.gl + "\r\n").encode(export.encoding)
                    path = out / f"erp_{suffix}" / "gl_entries" / f"gl_{day.isoformat()}.csv"
                    writer.submit(write_records, path, records, head, encoding=export.encoding)
