{{ config(materialized='keyed', meta={
    'key': 'order_id',
    'follows': {
        'int_order_parts': 'order_id',
        'int_orders': 'order_id',
    },
}) }}
-- What the vendor states for the whole order but not for its lines, split over the lines by largest
-- remainder: discounts without allocations, taxes without tax lines. And, for information, each line's
-- share of shipping. One row per order line that receives something.
with

order_sums as (
    select
        order_id,
        sum(case when part_type = 'line' then gross_amount - discount_amount else 0 end) as lines_after_discount,
        sum(discount_amount) as stated_discount,
        sum(tax_amount) as stated_tax
    from {{ ref('int_order_parts') }}
    group by order_id
),

-- A discount may be missing on the lines because it was on shipping or was never taken: only as much
-- is allocated as the vendor's own subtotal confirms.
open_discounts as (
    select
        orders.order_id,
        {{ money('greatest(least(orders.declared_discount_amount - order_sums.stated_discount, order_sums.lines_after_discount - coalesce(orders.subtotal_amount, 0)), 0)') }} as amount,
        orders.exponent
    from {{ ref('int_orders') }} as orders
    inner join order_sums on orders.order_id = order_sums.order_id
    where orders.has_lines
        and orders.declared_discount_amount > order_sums.stated_discount
        and order_sums.lines_after_discount > coalesce(orders.subtotal_amount, 0)
),

discount_receivers as (
    select
        parts.order_id,
        parts.line_number,
        greatest(parts.gross_amount - parts.discount_amount, 0) as weight,
        open_discounts.amount,
        open_discounts.exponent
    from {{ ref('int_order_parts') }} as parts
    inner join open_discounts on parts.order_id = open_discounts.order_id
    where parts.part_type = 'line'
),

discount_shares as (
    {{ allocate_largest_remainder('discount_receivers', ['order_id'], ['line_number'], 'weight', 'amount', 'exponent') }}
),

open_taxes as (
    select
        orders.order_id,
        {{ money('orders.declared_tax_amount - order_sums.stated_tax') }} as amount,
        orders.exponent
    from {{ ref('int_orders') }} as orders
    inner join order_sums on orders.order_id = order_sums.order_id
    where orders.has_lines and orders.declared_tax_amount <> order_sums.stated_tax
),

tax_receivers as (
    select
        parts.order_id,
        parts.line_number,
        case
            when parts.is_taxable
                then greatest(parts.gross_amount - parts.discount_amount - coalesce(discount_shares.share, 0), 0)
            else 0
        end as weight,
        open_taxes.amount,
        open_taxes.exponent
    from {{ ref('int_order_parts') }} as parts
    inner join open_taxes on parts.order_id = open_taxes.order_id
    left join discount_shares
        on parts.order_id = discount_shares.order_id
        and parts.line_number = discount_shares.line_number
    where parts.part_type = 'line'
),

tax_shares as (
    {{ allocate_largest_remainder('tax_receivers', ['order_id'], ['line_number'], 'weight', 'amount', 'exponent') }}
),

shipping_costs as (
    select
        parts.order_id,
        {{ money('sum(parts.gross_amount - parts.discount_amount + case when orders.are_taxes_included then 0 else parts.tax_amount end)') }} as amount,
        max(orders.exponent) as exponent
    from {{ ref('int_order_parts') }} as parts
    inner join {{ ref('int_orders') }} as orders on parts.order_id = orders.order_id
    where parts.part_type = 'shipping'
    group by parts.order_id
),

shipping_receivers as (
    select
        parts.order_id,
        parts.line_number,
        greatest(parts.gross_amount - parts.discount_amount, 0) as weight,
        shipping_costs.amount,
        shipping_costs.exponent
    from {{ ref('int_order_parts') }} as parts
    inner join shipping_costs on parts.order_id = shipping_costs.order_id and shipping_costs.amount <> 0
    where parts.part_type = 'line'
),

shipping_shares as (
    {{ allocate_largest_remainder('shipping_receivers', ['order_id'], ['line_number'], 'weight', 'amount', 'exponent') }}
),

shares as (
    select order_id, line_number, share as discount_share, {{ money('0') }} as tax_share, {{ money('0') }} as shipping_share
    from discount_shares
    union all
    select order_id, line_number, {{ money('0') }}, share, {{ money('0') }} from tax_shares
    union all
    select order_id, line_number, {{ money('0') }}, {{ money('0') }}, share from shipping_shares
)

select
    order_id,
    line_number,
    {{ money('sum(discount_share)') }} as discount_share,
    {{ money('sum(tax_share)') }} as tax_share,
    {{ money('sum(shipping_share)') }} as shipping_share
from shares
group by order_id, line_number
