-- What a person would write who knows these files and wants nothing but the figures: DuckDB reads the
-- landing folder and makes the tables of the main path, orders to invoices to payments to payouts to bank to
-- journal. No provenance, no rejects, no tests, no lineage, no history. The lower bound of what a night costs.
-- :landing is the folder; statements before the line "-- transform" only read.

create table raw_orders as
select 'shopify_de' as source_name, unnest(orders) as o
from read_json(
    :landing || '/shopify_de/orders/*', format = 'unstructured', maximum_object_size = 1073741824,
    columns = {orders: 'STRUCT(id BIGINT, name VARCHAR, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ,
        currency VARCHAR, total_price DECIMAL(18,4), line_items STRUCT(id BIGINT, price DECIMAL(18,4), quantity BIGINT)[])[]'}
)
union all
select 'shopify_us', struct_pack(
    id := id, name := name, created_at := created_at, updated_at := updated_at,
    currency := currency, total_price := total_price, line_items := line_items
)
from read_json(
    :landing || '/shopify_us/orders/*', format = 'newline_delimited', maximum_object_size = 1073741824,
    columns = {id: 'BIGINT', name: 'VARCHAR', created_at: 'TIMESTAMPTZ', updated_at: 'TIMESTAMPTZ', currency: 'VARCHAR',
        total_price: 'DECIMAL(18,4)', line_items: 'STRUCT(id BIGINT, price DECIMAL(18,4), quantity BIGINT)[]'}
);

create table raw_charges as
select regexp_extract(filename, '(stripe_\w+)/', 1) as source_name, unnest(data) as c
from read_json(
    :landing || '/stripe_*/charges/*', format = 'newline_delimited', maximum_object_size = 1073741824, filename = true,
    columns = {data: 'STRUCT(id VARCHAR, amount BIGINT, currency VARCHAR, created BIGINT, status VARCHAR,
        balance_transaction VARCHAR, metadata STRUCT(order_id VARCHAR))[]'}
);

create table raw_refunds as
select regexp_extract(filename, '(stripe_\w+)/', 1) as source_name, unnest(data) as r
from read_json(
    :landing || '/stripe_*/refunds/*', format = 'newline_delimited', maximum_object_size = 1073741824, filename = true,
    columns = {data: 'STRUCT(id VARCHAR, amount BIGINT, currency VARCHAR, created BIGINT, charge VARCHAR, status VARCHAR)[]'}
);

create table raw_balance_transactions as
select regexp_extract(filename, '(stripe_\w+)/', 1) as source_name, regexp_extract(url, 'payout=(\w+)', 1) as payout, unnest(data) as b
from read_json(
    :landing || '/stripe_*/balance_transactions/*', format = 'newline_delimited', maximum_object_size = 1073741824, filename = true,
    columns = {url: 'VARCHAR', data: 'STRUCT(id VARCHAR, type VARCHAR, amount BIGINT, fee BIGINT, net BIGINT, currency VARCHAR, source VARCHAR)[]'}
);

create table raw_payouts as
select regexp_extract(filename, '(stripe_\w+)/', 1) as source_name, unnest(data) as p
from read_json(
    :landing || '/stripe_*/payouts/*', format = 'newline_delimited', maximum_object_size = 1073741824, filename = true,
    columns = {data: 'STRUCT(id VARCHAR, amount BIGINT, currency VARCHAR, created BIGINT, arrival_date BIGINT, status VARCHAR)[]'}
);

create table raw_invoices as
select 'erp_de' as source_name, "Rechnungsnummer" as number, replace(replace("Brutto", '.', ''), ',', '.') as total, column0 as id
from (select *, "Beleg-ID" as column0 from read_csv(:landing || '/erp_de/invoices/*', delim = ';', header = true, all_varchar = true, encoding = 'latin-1'))
union all
select 'erp_uk', "Invoice No", replace("Gross", ',', ''), "Invoice ID"
from read_csv(:landing || '/erp_uk/invoices/*', header = true, all_varchar = true)
union all
select 'erp_us', "InvoiceNumber", replace("TotalAmount", ',', ''), "DocId"
from read_csv(:landing || '/erp_us/invoices/*', header = true, all_varchar = true);

create table raw_gl_entries as
select 'erp_de' as source_name, "Buchung" as entry, "Zeile" as line, "Konto" as account,
    replace(replace("Soll", '.', ''), ',', '.') as debit, replace(replace("Haben", '.', ''), ',', '.') as credit
from read_csv(:landing || '/erp_de/gl_entries/*', delim = ';', header = true, all_varchar = true, encoding = 'latin-1')
union all
select 'erp_uk', "Journal ID", "Line", "Nominal Code", replace("Debit", ',', ''), replace("Credit", ',', '')
from read_csv(:landing || '/erp_uk/gl_entries/*', header = true, all_varchar = true)
union all
select 'erp_us', "EntryId", "LineNo", "GLAccount", replace("Debit", ',', ''), replace("Credit", ',', '')
from read_csv(:landing || '/erp_us/gl_entries/*', header = true, all_varchar = true);

create table raw_camt as
select unnest(regexp_extract_all(content, '<Ntry>(.*?)</Ntry>', 1, 's')) as entry
from read_text(:landing || '/bank_de/*');

create table raw_mt940 as
select unnest(regexp_extract_all(content, ':61:\d{6}(?:\d{4})?R?[CD][A-Z]?[\d,]+')) as line
from read_text(:landing || '/bank_uk/*');

create table raw_bank_csv as
select "Posting Date" as booked, "Description" as text, replace("Debit", ',', '') as debit, replace("Credit", ',', '') as credit
from read_csv(:landing || '/bank_us/*', header = true, all_varchar = true);

-- transform

create table orders as
select source_name, o.id as order_id, o.name as order_number, o.created_at as ordered_at, o.currency,
    o.total_price as total_amount, o.line_items
from raw_orders
qualify row_number() over (partition by source_name, o.id order by o.updated_at desc) = 1;

create table order_lines as
select source_name, order_id, line.id as order_line_id, line.quantity, line.price * line.quantity as gross_amount
from (select source_name, order_id, unnest(line_items) as line from orders);

create table payments as
select source_name, c.id as payment_id, cast(c.amount * 0.01 as decimal(18, 4)) as amount, c.currency,
    to_timestamp(c.created) as paid_at, c.status, c.balance_transaction, c.metadata.order_id as order_id
from raw_charges
qualify row_number() over (partition by source_name, c.id order by c.created desc) = 1;

create table refunds as
select source_name, r.id as refund_id, r.charge as payment_id, cast(r.amount * 0.01 as decimal(18, 4)) as amount, r.currency, r.status
from raw_refunds
qualify row_number() over (partition by source_name, r.id order by r.created desc) = 1;

create table balance_transactions as
select source_name, b.id as balance_transaction_id, nullif(payout, '') as payout_id, b.type as balance_type, b.source as document_id,
    cast(b.amount * 0.01 as decimal(18, 4)) as gross_amount, cast(b.fee * 0.01 as decimal(18, 4)) as fee_amount,
    cast(b.net * 0.01 as decimal(18, 4)) as net_amount, b.currency
from raw_balance_transactions
qualify row_number() over (partition by source_name, b.id order by payout desc) = 1;

create table payouts as
select source_name, p.id as payout_id, cast(p.amount * 0.01 as decimal(18, 4)) as amount, p.currency,
    cast(to_timestamp(p.arrival_date) as date) as arrival_date, p.status
from raw_payouts
qualify row_number() over (partition by source_name, p.id order by case p.status when 'paid' then 0 else 1 end, p.created desc) = 1;

create table invoices as
select source_name, id as invoice_id, number as invoice_number, cast(total as decimal(18, 4)) as total_amount
from raw_invoices
qualify row_number() over (partition by source_name, id order by number) = 1;

create table gl_entries as
select distinct on (source_name, entry, line) source_name, entry, line, account,
    cast(debit as decimal(18, 4)) as debit_amount, cast(credit as decimal(18, 4)) as credit_amount
from raw_gl_entries;

create table bank_transactions as
select 'bank_de' as source_name, row_number() over () as line,
    cast(regexp_extract(entry, '<Amt[^>]*>([\d.]+)</Amt>', 1) as decimal(18, 4))
    * case regexp_extract(entry, '<CdtDbtInd>(\w+)<', 1) when 'DBIT' then -1 else 1 end as amount
from raw_camt
union all
select 'bank_uk', row_number() over (),
    cast(replace(regexp_extract(line, '([\d]+,\d*)$', 1), ',', '.') as decimal(18, 4))
    * case when regexp_matches(line, ':61:\d+(?:RC|D)') then -1 else 1 end
from raw_mt940
union all
select 'bank_us', row_number() over (),
    coalesce(cast(nullif(credit, '') as decimal(18, 4)), 0) - coalesce(cast(nullif(debit, '') as decimal(18, 4)), 0)
from raw_bank_csv;

create table order_to_payment as
select orders.source_name, orders.order_id, orders.total_amount, sum(payments.amount) as paid_amount
from orders
left join payments on cast(orders.order_id as varchar) = payments.order_id and payments.status = 'succeeded'
group by all;

create table payment_to_payout as
select payouts.source_name, payouts.payout_id, payouts.amount, sum(parts.net_amount) as net_amount
from payouts
left join balance_transactions as parts on payouts.payout_id = parts.payout_id and parts.balance_type <> 'payout'
group by all;

create table payout_to_bank as
select payouts.payout_id, payouts.amount, min(bank.line) as line
from payouts
left join bank_transactions as bank
    on payouts.amount = bank.amount
    and bank.source_name = case payouts.source_name when 'stripe_de' then 'bank_de' else 'bank_us' end
group by all;

create table journal_lines as
with booked as (
    select 'payment' as document_type, payments.payment_id as document_id, payments.amount, fees.fee_amount
    from payments
    left join balance_transactions as fees on payments.balance_transaction = fees.balance_transaction_id
    where payments.status = 'succeeded'
)
select document_type, document_id, '1300' as account_code, amount as debit_amount, 0::decimal(18, 4) as credit_amount from booked
union all select document_type, document_id, '1400', 0, amount from booked
union all select document_type, document_id, '6800', fee_amount, 0 from booked where fee_amount <> 0
union all select document_type, document_id, '1300', 0, fee_amount from booked where fee_amount <> 0
union all select 'payout', payout_id, '1350', amount, 0 from payouts
union all select 'payout', payout_id, '1300', 0, amount from payouts;
