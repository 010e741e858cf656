{{ config(materialized='keyed', meta={
    'key': 'order_id',
    'follows': {
        'int_csv_order_lines': 'order_id',
    },
}) }}
-- What the lines of each order of an item export come to, and what they say of the order. One row per order.
-- Columns of the whole order stand on each of its rows, or on one: they are taken once, never added up.
with

sums as (
    select
        order_id,
        count(*) as line_count,
        sum(total_amount) as total_amount,
        sum(coalesce(shipping_amount, 0)) as shipping_amount,
        sum(coalesce(tax_amount, 0)) as tax_amount,
        sum(coalesce(discount_amount, 0)) as discount_amount,
        max(is_tax_included) as is_tax_included,
        max(order_total_amount) as order_total_amount,
        max(order_shipping_amount) as order_shipping_amount,
        max(order_tax_amount) as order_tax_amount,
        max(order_discount_amount) as order_discount_amount,
        min(order_date) as order_date,
        min(created_at) as created_at,
        max(order_number) as order_number,
        max(customer_id) as customer_id,
        max(customer_name) as customer_name,
        max(customer_email) as customer_email,
        max(status) as status
    from {{ ref('int_csv_order_lines') }}
    group by order_id
)

select
    sums.order_id,
    sums.line_count,
    {{ money('sums.total_amount') }} as total_amount,
    {{ money('sums.shipping_amount') }} as shipping_amount,
    {{ money('sums.tax_amount') }} as tax_amount,
    {{ money('sums.discount_amount') }} as discount_amount,
    sums.is_tax_included,
    sums.order_total_amount,
    sums.order_shipping_amount,
    sums.order_tax_amount,
    sums.order_discount_amount,
    sums.order_date,
    sums.created_at,
    sums.order_number,
    sums.customer_id,
    sums.customer_name,
    sums.customer_email,
    sums.status,
    first_lines.native_order_id,
    first_lines.has_header,
    first_lines.currency,
    first_lines.source_name,
    first_lines.entity_id,
    first_lines.source_updated_at,
    first_lines.source_file,
    first_lines.source_position,
    first_lines.load_id,
    first_lines.record_hash
from sums
inner join {{ ref('int_csv_order_lines') }} as first_lines
    on sums.order_id = first_lines.order_id and first_lines.line_number = 1
