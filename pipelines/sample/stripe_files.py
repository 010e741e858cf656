"""Stripe's API objects as list pages of at most 100, JSON lines, one file per object and day.

Belongs here: the shape of charges, refunds, disputes, balance transactions, payouts and invoices. The
JSON is made by DuckDB from columns.
"""

from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.sample.catalog import STORES, Store
from pipelines.sample.files import Writer, by_day, stretches, write_records
from pipelines.sample.json_sql import without_structs
from pipelines.sample.timeline import Timeline

PREPARE = """
create or replace table charge_versions as
select v.store, v.version_day, c.charge_id, any_value(c.day) as day
from (
    select store, charge_id, day as version_day from charges
    union select store, charge_id, day from psp_refunds
    union select store, charge_id, day from disputes
) v join charges c on c.store = v.store and c.charge_id = v.charge_id
group by v.store, v.version_day, c.charge_id
order by v.store, v.version_day, c.charge_id;
create or replace table file_days as select unnest(range(getvariable('last_day')::bigint + 1)) as day;
"""

# A page is what one API call returns: the newest at most 100 objects, and whether there are more.
_PAGES = """
select file_day as day, '{"object":"list","url":"' || url || '","has_more":'
    || (page < max(page) over (partition by file_day, url))::varchar || ',"data":[' || data || ']}' || chr(10) as record
from (
    select file_day, url, (number - 1) // 100 as page, string_agg(json, ',' order by number) as data
    from (select file_day, url, json, row_number() over (partition by file_day, url order by position) as number from (%s))
    group by file_day, url, page
) order by file_day, url, page
"""

_CHARGES = """
select v.version_day as file_day, '/v1/charges' as url, row_number() over (order by ch.day desc, ch.second desc, ch.charge_id) as position,
    to_json(struct_pack(
    id := ch.charge_id, object := 'charge', amount := ch.amount,
    amount_captured := case when ch.is_paid then ch.amount else 0 end,
    amount_refunded := coalesce(back.amount, 0)::bigint,
    application := null::varchar, application_fee := null::varchar, application_fee_amount := null::bigint,
    balance_transaction := ch.txn_id,
    billing_details := struct_pack(
        address := struct_pack(city := pl.city, country := pl.country_code, line1 := null::varchar, line2 := null::varchar,
            postal_code := pl.zip, state := nullif(pl.state, '')),
        email := coalesce(si.email, s.email, p.mail || '.' || o.customer || '@mail.example'),
        name := coalesce(si.name, trim(coalesce(s.first_name, p.first_name) || ' ' || coalesce(s.last_name, p.last_name))),
        phone := null::varchar),
    calculated_statement_descriptor := '{descriptor}', captured := ch.is_paid,
    created := c.midnight + ch.second, currency := lower('{currency}'),
    customer := si.stripe_customer, description := case when si.invoice_number is not null then 'Payment for invoice ' || si.invoice_number
        else '{name} - order {prefix}' || ch.n end,
    disputed := d.dispute_id is not null,
    failure_balance_transaction := null::varchar,
    failure_code := case when not ch.is_paid then 'card_declined' end,
    failure_message := case when not ch.is_paid then 'Your card has insufficient funds.' end,
    fraud_details := json_object(), invoice := si.invoice_id, livemode := true,
    metadata := case when si.invoice_id is not null then json_object()
        else json_object('order_id', ({order_base} + ch.n * 7)::varchar, 'order_number', '{prefix}' || ch.n) end,
    on_behalf_of := null::varchar, "order" := null::varchar,
    outcome := struct_pack(
        network_status := case when ch.is_paid then 'approved_by_network' else 'declined_by_network' end,
        reason := case when not ch.is_paid then 'insufficient_funds' end, risk_level := 'normal',
        seller_message := case when ch.is_paid then 'Payment complete.' else 'The bank returned insufficient_funds.' end,
        type := case when ch.is_paid then 'authorized' else 'issuer_declined' end),
    paid := ch.is_paid, payment_intent := ch.payment_intent_id,
    payment_method := 'pm_1' || substr(ch.charge_id, 5),
    payment_method_details := case when ch.k = 3 then json_object('type', 'us_bank_account',
            'us_bank_account', json_object('bank_name', 'FIRST PRAIRIE BANK', 'last4', lpad((ch.n % 10000)::varchar, 4, '0')))
        else json_object('type', 'card', 'card', json_object('brand', case ch.n % 3 when 0 then 'visa' when 1 then 'mastercard' else 'amex' end,
            'country', pl.country_code, 'exp_month', ch.n % 12 + 1, 'exp_year', 2028, 'funding', 'credit',
            'last4', lpad((o.card)::varchar, 4, '0'))) end,
    receipt_email := null::varchar, receipt_number := null::varchar,
    receipt_url := 'https://pay.stripe.com/receipts/' || substr(ch.charge_id, 4),
    refunded := coalesce(back.amount, 0) = ch.amount and ch.is_paid,
    review := null::varchar, shipping := null::varchar, source := null::varchar, source_transfer := null::varchar,
    statement_descriptor := null::varchar, statement_descriptor_suffix := null::varchar,
    status := case when ch.is_paid then 'succeeded' else 'failed' end,
    transfer_data := null::varchar, transfer_group := null::varchar))::varchar as json
from charge_versions v
join charges ch on ch.store = v.store and ch.charge_id = v.charge_id
join clocks c on c.store = ch.store and c.day = ch.day
left join orders o on o.store = ch.store and o.n = ch.order_n
left join people p on p.store = ch.store and p.person = o.person
left join places pl on pl.store = ch.store and pl.place = o.place
left join shop_parties s on s.store = ch.store and s.ordinal = o.shop_customer
left join stripe_invoices si on si.n = ch.invoice_n
left join (
    select x.version_day, x.charge_id, sum(r.amount) as amount
    from charge_versions x join psp_refunds r on r.store = x.store and r.charge_id = x.charge_id and r.day <= x.version_day
    where x.store = $store and x.version_day between $first and $last group by x.version_day, x.charge_id
) back on back.charge_id = ch.charge_id and back.version_day = v.version_day
left join disputes d on d.store = ch.store and d.charge_id = ch.charge_id and d.day <= v.version_day
where v.store = $store and v.version_day between $first and $last
"""

_REFUNDS = """
select r.day as file_day, '/v1/refunds' as url, row_number() over (order by r.second desc, r.refund_id) as position, to_json(struct_pack(
    id := r.refund_id, object := 'refund', amount := r.amount, balance_transaction := r.txn_id, charge := r.charge_id,
    created := c.midnight + r.second, currency := lower('{currency}'),
    destination_details := json_object('type', 'card', 'card', json_object('reference_status', 'pending', 'reference_type', 'acquirer_reference_number', 'type', 'refund')),
    metadata := json_object('order_number', '{prefix}' || r.n), payment_intent := r.payment_intent_id,
    reason := 'requested_by_customer', receipt_number := null::varchar, source_transfer_reversal := null::varchar,
    status := 'succeeded', transfer_reversal := null::varchar))::varchar as json
from psp_refunds r join clocks c on c.store = r.store and c.day = r.day
where r.store = $store and r.day between $first and $last
"""

_DISPUTES = """
select f.day as file_day, '/v1/disputes' as url, row_number() over (order by d.second desc, d.dispute_id) as position, to_json(struct_pack(
    id := d.dispute_id, object := 'dispute', amount := d.amount,
    balance_transactions := list_filter([
        struct_pack(id := d.txn_id, object := 'balance_transaction', amount := -d.amount, currency := lower('{currency}'),
            created := c.midnight + d.second, fee := {dispute_fee}, net := -d.amount - {dispute_fee},
            reporting_category := 'dispute', source := d.dispute_id, status := 'available', type := 'adjustment'),
        case when d.reversal_txn_id is not null and d.closed_day <= f.day then
        struct_pack(id := d.reversal_txn_id, object := 'balance_transaction', amount := d.amount, currency := lower('{currency}'),
            created := x.midnight + d.second, fee := 0, net := d.amount,
            reporting_category := 'dispute_reversal', source := d.dispute_id, status := 'available', type := 'adjustment') end],
        lambda t: t is not null),
    charge := d.charge_id, created := c.midnight + d.second, currency := lower('{currency}'),
    evidence := json_object('customer_email_address', null), evidence_details := json_object('due_by', c.midnight + 1209600, 'has_evidence', true, 'past_due', false, 'submission_count', 1),
    is_charge_refundable := false, livemode := true, metadata := json_object(), payment_intent := d.payment_intent_id,
    reason := case d.n % 3 when 0 then 'fraudulent' when 1 then 'product_not_received' else 'duplicate' end,
    status := case when d.status in ('won', 'lost') and d.closed_day > f.day then 'under_review' else d.status end))::varchar as json
from disputes d join clocks c on c.store = d.store and c.day = d.day
join clocks x on x.store = d.store and x.day = d.closed_day
join file_days f on f.day = d.day or (f.day = d.closed_day and d.status in ('won', 'lost'))
where d.store = $store and f.day between $first and $last
"""

_PAYOUTS = """
select f.day as file_day, '/v1/payouts' as url, row_number() over (order by p.day desc, p.payout_id) as position, to_json(struct_pack(
    id := p.payout_id, object := 'payout', amount := p.amount, application_fee := null::varchar,
    arrival_date := a.midnight + epoch(a.date::timestamp)::bigint - a.midnight, automatic := true,
    balance_transaction := p.txn_id, created := c.midnight + 21600, currency := lower('{currency}'),
    description := 'STRIPE PAYOUT', destination := 'ba_1{descriptor_id}', failure_balance_transaction := null::varchar,
    failure_code := null::varchar, failure_message := null::varchar, livemode := true, metadata := json_object(),
    method := 'standard', original_payout := null::varchar, reconciliation_status := 'completed', reversed_by := null::varchar,
    source_type := 'card', statement_descriptor := '{descriptor}',
    status := case when x.arrival_day <= f.day then 'paid' else 'in_transit' end,
    trace_id := json_object('status', 'supported', 'value', trace_of(p.payout_id)), type := 'bank_account'))::varchar as json
from payouts p join payout_arrivals x using (payout_id)
join clocks c on c.store = p.store and c.day = p.day
join clocks a on a.store = p.store and a.day = x.arrival_day
join file_days f on f.day = p.day or f.day = x.arrival_day
where p.store = $store and f.day between $first and $last
"""

# The balance transactions of a payout are listed with the payout in the address; that is the only place
# where Stripe says which payout one belongs to. On the last day, what is not paid out yet.
_BALANCE = """
select file_day, url, row_number() over (order by day desc, second desc, txn_id) as position, to_json(struct_pack(
    id := txn_id, object := 'balance_transaction', amount := amount,
    available_on := epoch(available_date::timestamp)::bigint, created := midnight + second, currency := lower('{currency}'),
    description := description, exchange_rate := null::double, fee := fee,
    fee_details := case when fee = 0 then [] else [struct_pack(amount := fee, application := null::varchar, currency := lower('{currency}'),
        description := case when category = 'dispute' then 'Dispute fee' else 'Stripe processing fees' end, type := 'stripe_fee')] end,
    net := amount - fee, reporting_category := category, source := source_id,
    status := case when available_day <= file_day then 'available' else 'pending' end, type := type))::varchar as json
from (
    select case when t.payout_id is null then '/v1/balance_transactions' else '/v1/balance_transactions?payout=' || t.payout_id end as url,
        coalesce(p.day, getvariable('last_day')) as file_day,
        t.day, t.second, t.txn_id, t.amount, t.fee, t.category, t.source_id, t.type, t.available_day,
        c.midnight, a.date as available_date,
        case t.category when 'charge' then 'Charge' when 'refund' then 'REFUND FOR CHARGE' when 'dispute' then 'Chargeback withdrawal'
            when 'dispute_reversal' then 'Chargeback reversal' else 'Radar for Fraud Teams' end as description
    from paid_txns t join clocks c on c.store = t.store and c.day = t.day
    join clocks a on a.store = t.store and a.day = t.available_day
    left join payouts p on p.store = t.store and p.payout_id = t.payout_id
    where t.store = $store and coalesce(p.day, getvariable('last_day')) between $first and $last
    union all
    select '/v1/balance_transactions?payout=' || p.payout_id, p.day, p.day, 21600, p.txn_id, -p.amount, 0, 'payout', p.payout_id, 'payout', p.day,
        c.midnight, c.date, 'STRIPE PAYOUT'
    from payouts p join clocks c on c.store = p.store and c.day = p.day
    where p.store = $store and p.day between $first and $last
)
"""

_INVOICES = """
select f.day as file_day, '/v1/invoices' as url, row_number() over (order by i.n desc) as position, to_json(struct_pack(
    id := i.invoice_id, object := 'invoice', account_country := 'US', account_name := 'Prairie Goods Inc',
    amount_due := i.total, amount_paid := case when i.paid_day <= f.day then i.total else 0 end,
    amount_remaining := case when i.paid_day <= f.day then 0 else i.total end, amount_shipping := 0,
    application := null::varchar, attempt_count := (i.paid_day <= f.day)::bigint, attempted := i.paid_day <= f.day, auto_advance := true,
    billing_reason := 'manual', charge := case when i.paid_day <= f.day then ch.charge_id end, collection_method := 'send_invoice',
    created := c.midnight + 36000, currency := 'usd', customer := i.stripe_customer, customer_email := i.email, customer_name := i.name,
    customer_phone := null::varchar, default_payment_method := null::varchar, description := null::varchar, discounts := []::varchar[],
    due_date := d.midnight + 86399, effective_at := c.midnight + 36000, ending_balance := 0, footer := null::varchar,
    hosted_invoice_url := 'https://invoice.stripe.com/i/' || i.invoice_id,
    lines := struct_pack(object := 'list', data := l.data, has_more := false, total_count := len(l.data), url := '/v1/invoices/' || i.invoice_id || '/lines'),
    livemode := true, metadata := json_object(), number := i.invoice_number, paid := i.paid_day <= f.day,
    payment_intent := case when i.paid_day <= f.day then ch.payment_intent_id end,
    period_end := c.midnight + 36000, period_start := c.midnight + 36000, starting_balance := 0,
    status := case when i.paid_day <= f.day then 'paid' else 'open' end, subtotal := i.total, subtotal_excluding_tax := i.total,
    tax := 0, total := i.total, total_discount_amounts := []::varchar[], total_excluding_tax := i.total, total_tax_amounts := []::varchar[]))::varchar as json
from stripe_invoices i
join clocks c on c.store = 1 and c.day = i.day
join clocks d on d.store = 1 and d.day = i.due_day
left join charges ch on ch.store = 1 and ch.k = 3 and ch.n = i.n
join (
    select n, list(struct_pack(id := 'il_1' || substr(md5('line' || n || '-' || line), 1, 20), object := 'line_item', amount := amount,
        amount_excluding_tax := amount, currency := 'usd', description := description, discount_amounts := []::varchar[], discountable := true,
        discounts := []::varchar[], livemode := true, metadata := json_object(), proration := false, quantity := quantity,
        tax_amounts := []::varchar[], type := 'invoiceitem', unit_amount_excluding_tax := (amount // quantity)::varchar) order by line) as data
    from stripe_invoice_lines group by n) l on l.n = i.n
join file_days f on f.day = i.day or f.day = i.paid_day
where $store = 1 and f.day between $first and $last
"""

OBJECTS_AT_ONCE = 60_000  # about 100 MB of JSON in memory
OBJECTS = {
    "charges": _CHARGES,
    "refunds": _REFUNDS,
    "disputes": _DISPUTES,
    "balance_transactions": _BALANCE,
    "payouts": _PAYOUTS,
    "invoices": _INVOICES,
}


def _statement(store: Store, sql: str) -> str:
    for name, value in (
        ("{currency}", store.currency), ("{prefix}", store.prefix), ("{name}", store.name), ("{descriptor}", store.descriptor),
        ("{descriptor_id}", store.suffix.upper() + "0Bank"), ("{dispute_fee}", str(store.dispute_fee)),
        ("{order_base}", str(store.order_id_base)),
    ):  # fmt: skip
        sql = sql.replace(name, value)
    return _PAGES % without_structs(sql)


def write_objects(con: duckdb.DuckDBPyConnection, out: Path, time: Timeline) -> None:
    """Write stripe_*/<object>/<object>_<day>.jsonl for every day on which there is something to list."""
    con.execute(PREPARE)
    with Writer() as writer:
        for store in STORES:
            counted = con.execute(
                "select version_day, count(*) from charge_versions where store = ? group by all",
                [store.number],
            ).fetchall()
            per_day = dict(counted)
            sizes = [(day, per_day.get(day, 1)) for day in range(time.last_day + 1)]
            for name, sql in OBJECTS.items():
                if name == "invoices" and store.number == 0:
                    continue
                statement = _statement(store, sql)
                for first, last in stretches(sizes, OBJECTS_AT_ONCE):
                    parameters = {"store": store.number, "first": first, "last": last}
                    rows = con.execute(statement, parameters).arrow().read_all()
                    writer.submit(_write_days, rows, out / store.stripe / name, name, time)


def _write_days(rows: pa.Table, folder: Path, name: str, time: Timeline) -> None:
    for day, pages in by_day(rows):
        path = folder / f"{name}_{time.date(day).isoformat()}.jsonl"
        write_records(path, pages, gzipped=name in ("refunds", "charges") and day % 5 == 4)
