{{ config(materialized='keyed', meta={
    'key': 'order_id',
    'follows': {
        'int_order_parts': 'order_id',
        'int_order_allocations': 'order_id',
        'int_orders': 'order_id',
    },
}) }}
with

lines as (
    select
        parts.order_id,
        parts.native_id,
        parts.line_number,
        parts.sku,
        parts.title,
        parts.quantity,
        parts.current_quantity,
        parts.unit_price,
        parts.gross_amount,
        parts.discount_amount + coalesce(allocations.discount_share, 0) as discount_amount,
        parts.tax_amount + coalesce(allocations.tax_share, 0) as tax_amount,
        coalesce(allocations.shipping_share, 0) as allocated_shipping_amount,
        parts.line_type,
        parts.stated_amount,
        parts.source_updated_at,
        parts.source_file,
        parts.source_position,
        parts.load_id,
        parts.record_hash
    from {{ ref('int_order_parts') }} as parts
    left join {{ ref('int_order_allocations') }} as allocations
        on parts.order_id = allocations.order_id
        and parts.line_number = allocations.line_number
    where parts.part_type = 'line'
)

select
    lines.order_id || ':' || lines.native_id as order_line_id,
    lines.order_id,
    lines.line_number,
    lines.sku,
    lines.title,
    cast(lines.quantity as decimal(18, 8)) as quantity,
    cast(lines.current_quantity as decimal(18, 8)) as current_quantity,
    lines.unit_price,
    lines.gross_amount,
    {{ money('lines.discount_amount') }} as discount_amount,
    {{ money('lines.tax_amount') }} as tax_amount,
    {{ money('lines.gross_amount - lines.discount_amount - case when orders.are_taxes_included then lines.tax_amount else 0 end') }} as net_amount,
    {{ money('lines.gross_amount - lines.discount_amount + case when orders.are_taxes_included then 0 else lines.tax_amount end') }} as total_amount,
    {{ money('lines.allocated_shipping_amount') }} as allocated_shipping_amount,
    lines.line_type,
    {{ money('lines.stated_amount') }} as stated_amount,
    orders.currency,
    orders.business_date,
    orders.entity_id,
    orders.source_name,
    case when lines.line_type = 'order' then orders.source_object else 'order_lines' end as source_object,
    lines.native_id as source_id,
    coalesce(lines.source_updated_at, orders.source_updated_at) as source_updated_at,
    coalesce(lines.source_file, orders.source_file) as source_file,
    coalesce(lines.source_position, orders.source_position) as source_position,
    coalesce(lines.load_id, orders.load_id) as load_id,
    coalesce(lines.record_hash, orders.record_hash) as record_hash
from lines
inner join {{ ref('int_orders') }} as orders on lines.order_id = orders.order_id
