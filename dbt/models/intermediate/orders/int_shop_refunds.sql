{{ config(materialized='keyed', meta={
    'key': 'order_id',
}) }}
-- One row per refund document of a store: what it takes back by its lines, and the money that the
-- store says it sent.
with

refunds as (
    select
        {{ source_key('refunds.source_name', 'refunds.refund_id') }} as refund_id,
        {{ source_key('refunds.source_name', 'refunds.order_id') }} as order_id,
        refunds.refund_id as native_id,
        coalesce(refunds.processed_at, refunds.created_at) as refunded_at,
        refunds.note,
        refunds.source_name,
        refunds.entity_id,
        refunds.load_id,
        refunds.source_file,
        refunds.source_position,
        refunds.record_hash
    from {{ ref('stg_shopify__refunds') }} as refunds
),

line_sums as (
    select
        refund_id,
        sum(total_amount) as amount,
        sum(tax_amount) as tax_amount
    from {{ ref('int_shop_refund_lines') }}
    group by refund_id
),

transactions as (
    select
        {{ source_key('source_name', 'refund_id') }} as refund_id,
        sum(case when status = 'success' then amount else 0 end) as transaction_amount,
        max(case when status = 'success' then 1 else 0 end) as has_success,
        max(case when status = 'pending' then 1 else 0 end) as has_pending
    from {{ ref('stg_shopify__refund_transactions') }}
    where kind = 'refund'
    group by 1
)

select
    refunds.refund_id,
    refunds.order_id,
    refunds.native_id,
    refunds.refunded_at,
    {{ business_date('refunds.refunded_at', 'entities.time_zone') }} as refund_date,
    refunds.note,
    orders.currency,
    {{ money('coalesce(line_sums.amount, 0)') }} as amount,
    {{ money('coalesce(line_sums.tax_amount, 0)') }} as tax_amount,
    {{ money('coalesce(transactions.transaction_amount, 0)') }} as transaction_amount,
    case
        when transactions.has_pending = 1 then 'pending'
        when transactions.has_success = 0 then 'failed'
        else 'succeeded'
    end as status,
    refunds.entity_id,
    refunds.source_name,
    orders.source_updated_at,
    refunds.source_file,
    refunds.source_position,
    refunds.load_id,
    refunds.record_hash
from refunds
inner join {{ ref('int_orders') }} as orders on refunds.order_id = orders.order_id
left join line_sums on refunds.refund_id = line_sums.refund_id
left join transactions on refunds.refund_id = transactions.refund_id
left join {{ ref('master_legal_entities') }} as entities on refunds.entity_id = entities.entity_id
