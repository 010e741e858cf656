{{ config(materialized='keyed', meta={
    'key': 'order_id',
    'follows': {
        'order_lines': 'order_id',
        'int_order_parts': 'order_id',
        'int_orders': 'order_id',
    },
}) }}
-- Sums of each order from its lines and shipping, and what the vendor's total leaves: the rounding.
-- One row per order, also for orders without any line.
with

line_sums as (
    select
        order_id,
        count(*) as line_count,
        sum(net_amount) as goods_amount,
        sum(tax_amount) as tax_amount,
        sum(discount_amount) as discount_amount,
        sum(total_amount) as total_amount
    from {{ ref('order_lines') }}
    group by order_id
),

shipping_sums as (
    select
        parts.order_id,
        sum(parts.gross_amount - parts.discount_amount - case when orders.are_taxes_included then parts.tax_amount else 0 end) as shipping_amount,
        sum(parts.tax_amount) as tax_amount,
        sum(parts.discount_amount) as discount_amount
    from {{ ref('int_order_parts') }} as parts
    inner join {{ ref('int_orders') }} as orders on parts.order_id = orders.order_id
    where parts.part_type = 'shipping'
    group by parts.order_id
),

sums as (
    select
        orders.order_id,
        orders.total_amount,
        coalesce(line_sums.line_count, 0) as line_count,
        coalesce(line_sums.goods_amount, 0) as goods_amount,
        coalesce(shipping_sums.shipping_amount, 0) as shipping_amount,
        coalesce(line_sums.discount_amount, 0) + coalesce(shipping_sums.discount_amount, 0) as discount_amount,
        coalesce(line_sums.tax_amount, 0) + coalesce(shipping_sums.tax_amount, 0) as stated_tax_amount,
        -- Tax of an order that has no line to carry it.
        case
            when line_sums.order_id is null then orders.declared_tax_amount - coalesce(shipping_sums.tax_amount, 0)
            else 0
        end as unallocated_tax_amount
    from {{ ref('int_orders') }} as orders
    left join line_sums on orders.order_id = line_sums.order_id
    left join shipping_sums on orders.order_id = shipping_sums.order_id
)

select
    order_id,
    line_count,
    {{ money('goods_amount') }} as goods_amount,
    {{ money('shipping_amount') }} as shipping_amount,
    {{ money('discount_amount') }} as discount_amount,
    {{ money('unallocated_tax_amount') }} as unallocated_tax_amount,
    {{ money('stated_tax_amount + unallocated_tax_amount') }} as tax_amount,
    {{ money('total_amount - goods_amount - shipping_amount - stated_tax_amount - unallocated_tax_amount') }} as rounding_amount
from sums
