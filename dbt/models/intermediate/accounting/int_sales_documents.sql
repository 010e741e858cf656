{{ config(materialized='keyed', meta={
    'key': 'coalesce(order_id, document_id)',
    'follows': {
        'orders': 'order_id',
        'invoices': 'coalesce(order_id, invoice_id)',
        'refunds': 'coalesce(order_id, refund_id)',
    },
    'looks_up': {
        'int_document_first_seen': ['document_id', 'document_id'],
    },
}) }}
-- One row per document that changes what customers owe: orders and invoices that are the sale, credit
-- notes (negative) and refunds that a store promised (negative).
-- Where a store's policy asks for invoices, the invoice is the sale and the order posts nothing;
-- elsewhere the order is. Taking both would count every invoiced store order twice.
with order_policies as (
    select
        orders.order_id,
        coalesce(policies.invoice_required, false) as is_sold_by_invoice
    from {{ ref('orders') }} as orders
    left join {{ ref('source_policies') }} as policies on orders.source_name = policies.source_name
),

-- A cancelled order is a sale only when money was taken and given back; the refund then reverses it.
sold_orders as (
    select
        orders.order_id,
        orders.order_number,
        orders.entity_id,
        orders.source_name,
        orders.order_date,
        orders.customer_id,
        orders.currency,
        orders.goods_amount,
        orders.shipping_amount,
        orders.tax_amount,
        orders.rounding_amount,
        orders.total_amount
    from {{ ref('orders') }} as orders
    inner join order_policies on orders.order_id = order_policies.order_id
    where
        not order_policies.is_sold_by_invoice
        and not coalesce(orders.is_test, false)
        and orders.status <> 'pending'
        and not (orders.status = 'cancelled' and coalesce(orders.refunded_amount, 0) = 0)
),

sold_invoices as (
    select
        invoices.invoice_id,
        invoices.invoice_number,
        invoices.document_type,
        invoices.entity_id,
        invoices.source_name,
        invoices.invoice_date,
        {{ business_date('coalesce(first_seen.first_seen_at, invoices.source_updated_at)', 'legal_entities.time_zone') }} as recorded_date,
        invoices.customer_id,
        invoices.order_id,
        invoices.currency,
        invoices.net_amount,
        invoices.tax_amount,
        invoices.total_amount
    from {{ ref('invoices') }} as invoices
    -- Left: an invoice of an entity that nobody maintains is listed as unposted, not lost.
    left join {{ ref('legal_entities') }} as legal_entities on invoices.entity_id = legal_entities.legal_entity_id
    left join {{ ref('int_document_first_seen') }} as first_seen
        on first_seen.document_type = 'invoice' and invoices.invoice_id = first_seen.document_id
    left join order_policies on invoices.order_id = order_policies.order_id
    where
        invoices.status not in ('void', 'draft')
        and coalesce(order_policies.is_sold_by_invoice, true)
),

-- Credit notes of the ERP for an order reverse the sale themselves; the store's refund then posts
-- nothing, or the revenue would be reversed twice. Only those that are posted: where the order is the
-- sale, its credit note posts nothing, and without the refund nobody would reverse the sale.
credit_notes as (
    select
        order_id,
        currency,
        -total_amount as amount,
        row_number() over (
            partition by order_id, currency, total_amount order by invoice_date, invoice_id
        ) as occurrence
    from sold_invoices
    where order_id is not null and document_type = 'credit_note'
),

credited_orders as (
    select
        order_id,
        currency,
        sum(amount) as credited_amount
    from credit_notes
    group by order_id, currency
),

promised_refunds as (
    select
        refunds.refund_id,
        refunds.order_id,
        refunds.source_id,
        refunds.entity_id,
        refunds.source_name,
        refunds.refund_date,
        refunds.currency,
        refunds.amount,
        refunds.tax_amount,
        orders.customer_id,
        row_number() over (
            partition by refunds.order_id, refunds.currency, refunds.amount
            order by refunds.refund_date, refunds.refund_id
        ) as occurrence
    from {{ ref('refunds') }} as refunds
    left join {{ ref('orders') }} as orders on refunds.order_id = orders.order_id
    where
        refunds.refund_source = 'shop'
        and refunds.status not in ('failed', 'cancelled')
        and not coalesce(orders.is_test, false)
),

-- A note stands for refunds up to its amount: one over 50 must not keep a refund of 100 out of the books.
-- The refund of the note's own amount is its refund; what is left of the notes goes to the oldest.
refunds_in_turn as (
    select
        refunds.*,
        coalesce(credited_orders.credited_amount, 0) as credited_amount,
        sum(refunds.amount) over (
            partition by refunds.order_id, refunds.currency
            order by
                case when credit_notes.order_id is not null then 0 else 1 end,
                refunds.refund_date,
                refunds.refund_id
            rows between unbounded preceding and current row
        ) as refunded_so_far
    from promised_refunds as refunds
    left join credit_notes
        on
            refunds.order_id = credit_notes.order_id
            and refunds.currency = credit_notes.currency
            and refunds.amount = credit_notes.amount
            and refunds.occurrence = credit_notes.occurrence
    left join credited_orders
        on
            refunds.order_id = credited_orders.order_id
            and refunds.currency = credited_orders.currency
),

refunds_without_note as (
    select
        refunds_in_turn.*,
        least(amount, greatest(0, refunded_so_far - credited_amount)) as uncredited_amount
    from refunds_in_turn
),

-- Of a refund that a note covers in part, the tax goes with the amount.
store_refunds as (
    select
        refunds.refund_id,
        refunds.order_id,
        refunds.source_id,
        refunds.entity_id,
        refunds.source_name,
        refunds.refund_date,
        refunds.currency,
        refunds.uncredited_amount as amount,
        case
            when refunds.uncredited_amount = refunds.amount then refunds.tax_amount
            else {{ round_to_exponent(
                amount_times('refunds.tax_amount', exact_ratio('refunds.uncredited_amount', 'refunds.amount')),
                'currencies.exponent'
            ) }}
        end as tax_amount,
        refunds.customer_id
    from refunds_without_note as refunds
    left join {{ ref('currencies') }} as currencies on refunds.currency = currencies.currency
    -- Refunds of nothing stay as they were: not posted, and listed.
    where refunds.uncredited_amount <> 0 or refunds.amount = 0
)

select
    'order' as document_type,
    order_id as document_id,
    order_number as document_number,
    order_id,
    entity_id,
    source_name,
    order_date as document_date,
    order_date as recorded_date,
    customer_id,
    currency,
    total_amount,
    goods_amount,
    shipping_amount,
    tax_amount,
    rounding_amount
from sold_orders

union all

select
    document_type,
    invoice_id,
    invoice_number,
    order_id,
    entity_id,
    source_name,
    invoice_date,
    recorded_date,
    customer_id,
    currency,
    total_amount,
    net_amount,
    0,
    tax_amount,
    0
from sold_invoices

union all

select
    'store_refund',
    refund_id,
    source_id,
    order_id,
    entity_id,
    source_name,
    refund_date,
    refund_date,
    customer_id,
    currency,
    -amount,
    -(amount - tax_amount),
    0,
    -tax_amount,
    0
from store_refunds
