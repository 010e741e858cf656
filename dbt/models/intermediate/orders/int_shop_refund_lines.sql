{{ config(materialized='keyed', meta={
    'key': 'order_id',
}) }}
-- What each refund of a store takes back, with its tax: order lines, shipping and discrepancies.
-- Amounts are positive: what the customer gets back.
with

items as (
    select
        {{ source_key('lines.source_name', 'lines.order_id') }} as order_id,
        {{ source_key('lines.source_name', 'lines.refund_id') }} as refund_id,
        lines.refund_line_id as native_id,
        'item' as line_type,
        {{ source_key('lines.source_name', 'lines.order_id') }} || ':' || lines.order_line_id as order_line_id,
        lines.quantity,
        {{ money('coalesce(lines.total_tax, 0)') }} as tax_amount,
        -- The subtotal contains the tax where the store's prices do.
        {{ money('lines.subtotal + case when orders.are_taxes_included then 0 else coalesce(lines.total_tax, 0) end') }} as total_amount,
        orders.currency
    from {{ ref('stg_shopify__refund_lines') }} as lines
    inner join {{ ref('int_orders') }} as orders
        on {{ source_key('lines.source_name', 'lines.order_id') }} = orders.order_id
),

-- Shopify writes what it gives back on shipping as a negative amount without tax, and the tax beside it.
adjustments as (
    select
        {{ source_key('adjustments.source_name', 'adjustments.order_id') }} as order_id,
        {{ source_key('adjustments.source_name', 'adjustments.refund_id') }} as refund_id,
        adjustments.adjustment_id as native_id,
        case when adjustments.kind = 'shipping_refund' then 'shipping' else 'discrepancy' end as line_type,
        {{ no_text() }} as order_line_id,
        cast(null as bigint) as quantity,
        {{ money('-coalesce(adjustments.tax_amount, 0)') }} as tax_amount,
        {{ money('-coalesce(adjustments.amount, 0) - coalesce(adjustments.tax_amount, 0)') }} as total_amount,
        orders.currency
    from {{ ref('stg_shopify__refund_adjustments') }} as adjustments
    inner join {{ ref('int_orders') }} as orders
        on {{ source_key('adjustments.source_name', 'adjustments.order_id') }} = orders.order_id
),

stated as (
    select * from items
    union all
    select * from adjustments
),

-- A refund of money alone names neither line nor shipping; its transactions are all there is.
paid as (
    select
        {{ source_key('source_name', 'order_id') }} as order_id,
        {{ source_key('source_name', 'refund_id') }} as refund_id,
        sum(amount) as amount
    from {{ ref('stg_shopify__refund_transactions') }}
    where kind = 'refund' and status = 'success'
    group by 1, 2
),

money_only as (
    select
        paid.order_id,
        paid.refund_id,
        'money' as native_id,
        'money' as line_type,
        {{ no_text() }} as order_line_id,
        cast(null as bigint) as quantity,
        {{ money('0') }} as tax_amount,
        {{ money('paid.amount') }} as total_amount,
        orders.currency
    from paid
    inner join {{ ref('int_orders') }} as orders on paid.order_id = orders.order_id
    left join (select distinct refund_id from stated) as known on paid.refund_id = known.refund_id
    where known.refund_id is null
)

select * from stated
union all
select * from money_only
