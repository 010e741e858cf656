{{ config(materialized='keyed', meta={
    'key': 'order_id',
    'follows': {
        'int_order_totals': 'order_id',
        'int_order_parts': 'order_id',
        'int_orders': 'order_id',
    },
}) }}
with

shipping as (
    select
        parts.order_id,
        parts.order_id || ':shipping:' || parts.native_id as order_adjustment_id,
        'shipping' as adjustment_type,
        parts.title as description,
        parts.gross_amount - parts.discount_amount - case when orders.are_taxes_included then parts.tax_amount else 0 end as amount,
        parts.tax_amount,
        cast(0 as decimal(18, 4)) as included_amount,
        false as is_included_in_lines
    from {{ ref('int_order_parts') }} as parts
    inner join {{ ref('int_orders') }} as orders on parts.order_id = orders.order_id
    where parts.part_type = 'shipping'
),

-- Already taken off the lines and shipping: shown, and zero in every sum.
discounts as (
    select
        order_id,
        order_id || ':discount' as order_adjustment_id,
        'discount' as adjustment_type,
        'Discount, allocated to lines and shipping' as description,
        cast(0 as decimal(18, 4)) as amount,
        cast(0 as decimal(18, 4)) as tax_amount,
        -discount_amount as included_amount,
        true as is_included_in_lines
    from {{ ref('int_order_totals') }}
    where discount_amount <> 0
),

taxes as (
    select
        order_id,
        order_id || ':tax' as order_adjustment_id,
        'tax' as adjustment_type,
        'Tax of an order without lines' as description,
        cast(0 as decimal(18, 4)) as amount,
        unallocated_tax_amount as tax_amount,
        cast(0 as decimal(18, 4)) as included_amount,
        false as is_included_in_lines
    from {{ ref('int_order_totals') }}
    where unallocated_tax_amount <> 0
),

roundings as (
    select
        order_id,
        order_id || ':rounding' as order_adjustment_id,
        'rounding' as adjustment_type,
        'What the total has beyond its parts' as description,
        rounding_amount as amount,
        cast(0 as decimal(18, 4)) as tax_amount,
        cast(0 as decimal(18, 4)) as included_amount,
        false as is_included_in_lines
    from {{ ref('int_order_totals') }}
    where rounding_amount <> 0
),

adjustments as (
    select * from shipping
    union all
    select * from discounts
    union all
    select * from taxes
    union all
    select * from roundings
)

select
    adjustments.order_adjustment_id,
    adjustments.order_id,
    adjustments.adjustment_type,
    adjustments.description,
    {{ money('adjustments.amount') }} as amount,
    {{ money('adjustments.tax_amount') }} as tax_amount,
    {{ money('adjustments.amount + adjustments.tax_amount') }} as total_amount,
    {{ money('adjustments.included_amount') }} as included_amount,
    adjustments.is_included_in_lines,
    orders.currency,
    orders.business_date,
    orders.entity_id,
    orders.source_name,
    'order_adjustments' as source_object,
    adjustments.order_adjustment_id as source_id,
    orders.source_updated_at,
    orders.source_file,
    orders.source_position,
    orders.load_id,
    orders.record_hash
from adjustments
inner join {{ ref('int_orders') }} as orders on adjustments.order_id = orders.order_id
