{{ config(materialized='keyed', meta={
    'key': 'order_id',
    'follows': {
        'int_shop_refunds': 'order_id',
        'int_orders': 'order_id',
        'int_order_totals': 'order_id',
    },
}) }}
with

refunded as (
    select order_id, sum(amount) as refunded_amount
    from {{ ref('int_shop_refunds') }}
    group by order_id
)

select
    orders.order_id,
    orders.order_number,
    orders.order_date,
    orders.ordered_at,
    orders.cancelled_at,
    orders.customer_id,
    orders.customer_name,
    orders.currency,
    orders.are_taxes_included,
    orders.status,
    orders.source_status,
    totals.goods_amount,
    totals.discount_amount,
    totals.shipping_amount,
    totals.tax_amount,
    totals.rounding_amount,
    orders.total_amount,
    {{ money('coalesce(refunded.refunded_amount, 0)') }} as refunded_amount,
    orders.current_total_amount,
    orders.stated_total_amount,
    totals.line_count,
    orders.is_test,
    orders.business_date,
    {{ provenance_columns('orders') }}
from {{ ref('int_orders') }} as orders
inner join {{ ref('int_order_totals') }} as totals on orders.order_id = totals.order_id
left join refunded on orders.order_id = refunded.order_id
