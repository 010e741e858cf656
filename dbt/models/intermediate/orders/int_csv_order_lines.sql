{{ config(materialized='keyed', meta={
    'key': 'order_id',
}) }}
-- Current lines of item exports with the order that they belong to: that of the orders export where it has the
-- number, else an order that the lines themselves are. One row per line.
with

headers as (
    select source_name, name, min(order_id) as order_id
    from (
        select source_name, order_id as name, order_id from {{ ref('stg_csv__orders') }} where record_state = 'current'
        union all
        select source_name, order_number, order_id
        from {{ ref('stg_csv__orders') }}
        where record_state = 'current' and order_number <> order_id
    ) as names
    group by source_name, name
    -- A number that two orders share names neither.
    having min(order_id) = max(order_id)
),

-- The place of each file among the others: ordering a million lines by the names of their files takes longer.
deliveries as (
    select load_id, source_file, row_number() over (order by {{ natural_order('source_file') }}, source_file, load_id) as place
    from (select distinct load_id, source_file from {{ ref('stg_csv__order_lines') }}) as files
),

lines as (
    select
        deliveries.place,
        {{ source_key('lines.source_name', 'coalesce(headers.order_id, lines.order_id)') }} as order_id,
        coalesce(headers.order_id, lines.order_id) as native_order_id,
        headers.order_id is not null as has_header,
        lines.order_number,
        lines.line_id,
        lines.sku,
        lines.description,
        lines.quantity,
        lines.unit_price,
        lines.discount_amount,
        lines.tax_amount,
        lines.shipping_amount,
        lines.total_amount,
        lines.is_tax_included,
        lines.order_total_amount,
        lines.order_discount_amount,
        lines.order_shipping_amount,
        lines.order_tax_amount,
        lines.known_date as order_date,
        lines.created_at,
        lines.customer_id,
        lines.customer_name,
        lines.customer_email,
        lines.currency,
        lines.status,
        lines.source_name,
        lines.entity_id,
        lines.source_updated_at,
        lines.source_file,
        lines.source_position,
        lines.load_id,
        lines.record_hash
    from {{ ref('stg_csv__order_lines') }} as lines
    left join headers
        on lines.source_name = headers.source_name and lines.order_id = headers.name
    inner join deliveries on lines.load_id = deliveries.load_id and lines.source_file = deliveries.source_file
    where lines.record_state = 'current'
)

select
    lines.*,
    -- The content stays the name of a line when its file comes again in another order.
    coalesce(
        lines.line_id,
        left(lines.record_hash, 12) || ':' || cast(row_number() over (
            partition by lines.order_id, lines.line_id, left(lines.record_hash, 12)
            order by lines.place, lines.source_position
        ) as varchar)
    ) as native_id,
    cast(row_number() over (
        partition by lines.order_id
        order by lines.place, lines.source_position
    ) as bigint) as line_number
from lines
