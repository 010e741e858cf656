-- Rows of exports with one row per item. Most exports give a row no number of its own, so what tells a second
-- delivery of an order from the rest of its lines is how much of it came before: see `deliveries_again`.
with

source as (
    select * from {{ source('raw_csv', 'order_lines') }}
),

delivered as (
    select
        source.source_name,
        source.entity_id,
        source.load_id,
        source.source_file,
        source.source_position,
        source.record_hash,
        source._dlt_load_id,
        source.updated_at as source_updated_at,
        coalesce(source.order_date, {{ business_date('source.created_at', 'entities.time_zone') }}) as business_date,
        source.order_id,
        source.order_number,
        source.line_id,
        source.line_number,
        source.sku,
        source.description,
        source.quantity,
        source.unit_price,
        source.line_amount,
        source.discount_rate,
        source.discount_amount,
        source.tax_amount,
        source.shipping_amount,
        source.total_amount,
        coalesce(source.is_tax_included, false) as is_tax_included,
        source.order_total_amount,
        source.order_discount_amount,
        source.order_shipping_amount,
        source.order_tax_amount,
        source.order_date,
        source.created_at,
        source.updated_at,
        source.customer_id,
        source.customer_name,
        source.customer_email,
        coalesce(source.currency, 'XXX') as currency,
        source.status
    from source
    left join {{ ref('master_legal_entities') }} as entities
        on source.entity_id = entities.entity_id
),

-- Orders of which more than one delivery has lines; the others need no comparison.
contested_orders as (
    select source_name, order_id
    from delivered
    group by source_name, order_id
    having min(load_id) <> max(load_id)
),

contested_lines as (
    select distinct
        delivered.source_name,
        delivered.order_id,
        delivered.load_id,
        delivered.source_file,
        delivered.source_position,
        delivered.line_id is not null as has_line_id,
        coalesce(delivered.sku, delivered.description, delivered.line_id, delivered.record_hash) as item
    from delivered
    inner join contested_orders
        on delivered.source_name = contested_orders.source_name and delivered.order_id = contested_orders.order_id
),

items_by_delivery as (
    select source_name, order_id, load_id, source_file, item, max(has_line_id) as has_line_id, count(*) as item_count
    from contested_lines
    group by source_name, order_id, load_id, source_file, item
),

orders_by_delivery as (
    select source_name, order_id, load_id, sum(item_count) as line_count
    from items_by_delivery
    group by source_name, order_id, load_id
),

common_items as (
    select
        one.source_name,
        one.load_id,
        other.load_id as other_load_id,
        max(one.source_file) as source_file,
        max(other.source_file) as other_source_file,
        max(one.has_line_id) as has_line_id,
        sum(least(one.item_count, other.item_count)) as common_count
    from items_by_delivery as one
    inner join items_by_delivery as other
        on one.source_name = other.source_name
        and one.order_id = other.order_id
        and one.item = other.item
        and one.load_id < other.load_id
    group by one.source_name, one.load_id, other.load_id
),

common_orders as (
    select
        one.source_name,
        one.load_id,
        other.load_id as other_load_id,
        sum(one.line_count) as line_count,
        sum(other.line_count) as other_line_count
    from orders_by_delivery as one
    inner join orders_by_delivery as other
        on one.source_name = other.source_name
        and one.order_id = other.order_id
        and one.load_id < other.load_id
    group by one.source_name, one.load_id, other.load_id
),

-- Pairs of deliveries of which the later brings orders of the earlier again, whole: half of the items of their
-- common orders are the same, or the file came again under its own name. Two parts of one export share few:
-- an order cut by the end of a page, and the same item twice in an order. Where rows have numbers, the numbers
-- decide, and only nearly all of them make a delivery of whole orders.
deliveries_again as (
    select common_items.source_name, common_items.load_id, common_items.other_load_id
    from common_items
    inner join common_orders
        on common_items.source_name = common_orders.source_name
        and common_items.load_id = common_orders.load_id
        and common_items.other_load_id = common_orders.other_load_id
    where common_items.source_file = common_items.other_source_file
        or 100 * common_items.common_count >= case when common_items.has_line_id then 80 else 50 end
            * greatest(common_orders.line_count, common_orders.other_line_count)
),

deliveries_either_way as (
    select source_name, load_id, other_load_id from deliveries_again
    union all
    select source_name, other_load_id, load_id from deliveries_again
),

-- The deliveries of each contested order, the latest first.
versions as (
    select
        source_name,
        order_id,
        load_id,
        row_number() over (partition by source_name, order_id order by {{ latest_first() }}) as version
    from (
        select
            delivered.source_name,
            delivered.order_id,
            delivered.load_id,
            delivered.source_file,
            max(delivered.source_updated_at) as source_updated_at,
            max(delivered._dlt_load_id) as _dlt_load_id,
            max(delivered.source_position) as source_position
        from delivered
        inner join contested_orders
            on delivered.source_name = contested_orders.source_name and delivered.order_id = contested_orders.order_id
        group by delivered.source_name, delivered.order_id, delivered.load_id, delivered.source_file
    ) as deliveries
),

-- The latest delivery that brought the order again.
replaced as (
    select
        older.source_name,
        older.order_id,
        older.load_id,
        min(newer.version) as latest_version
    from versions as older
    inner join versions as newer
        on older.source_name = newer.source_name
        and older.order_id = newer.order_id
        and newer.version < older.version
    inner join deliveries_either_way as again
        on older.source_name = again.source_name
        and older.load_id = again.load_id
        and newer.load_id = again.other_load_id
    group by older.source_name, older.order_id, older.load_id
),

numbered_lines as (
    select
        delivered.*,
        row_number() over (
            partition by delivered.source_name, delivered.order_id, delivered.load_id, delivered.record_hash, delivered._dlt_load_id
            order by delivered.source_position
        ) as copy_of_content
    from delivered
),

renamed as (
    select
        numbered_lines.*,
        case
            when numbered_lines.line_id is not null then 'by line'
            else coalesce(newest.load_id, numbered_lines.load_id)
        end as delivery,
        coalesce(numbered_lines.line_id, numbered_lines.record_hash || ':' || cast(numbered_lines.copy_of_content as varchar)) as line_key,
        replaced.latest_version is not null as is_replaced
    from numbered_lines
    left join replaced
        on numbered_lines.source_name = replaced.source_name
        and numbered_lines.order_id = replaced.order_id
        and numbered_lines.load_id = replaced.load_id
    left join versions as newest
        on replaced.source_name = newest.source_name
        and replaced.order_id = newest.order_id
        and replaced.latest_version = newest.version
),

stated as (
    {{ record_state('renamed', ['order_id', 'delivery', 'line_key'], never_current='numbered.is_replaced') }}
),

-- The day of a line that has none: that of its order, in another line or in the orders of the source.
dates as (
    select source_name, order_id, min(business_date) as order_date
    from (
        select source_name, order_id, business_date
        from stated
        where record_state = 'current' and business_date is not null
        union all
        select source_name, order_id, business_date from {{ ref('stg_csv__orders') }} where record_state = 'current'
        union all
        select source_name, order_number, business_date from {{ ref('stg_csv__orders') }} where record_state = 'current'
    ) as known
    group by source_name, order_id
)

select
    -- Without any day an order is in no period: it waits until one comes, and counts as rejected meanwhile.
    case
        when stated.record_state = 'current' and stated.business_date is null and dates.order_date is null then 'waiting'
        else stated.record_state
    end as record_state,
    stated.version_number,
    stated.copy_number,
    stated.delivery_number,
    stated.source_name,
    stated.entity_id,
    stated.load_id,
    stated.source_file,
    stated.source_position,
    stated.record_hash,
    stated._dlt_load_id,
    stated.source_updated_at,
    stated.business_date,
    coalesce(stated.business_date, dates.order_date) as known_date,
    stated.order_id,
    stated.order_number,
    stated.line_id,
    stated.line_number,
    stated.sku,
    stated.description,
    stated.quantity,
    stated.unit_price,
    stated.line_amount,
    stated.discount_rate,
    stated.discount_amount,
    stated.tax_amount,
    stated.shipping_amount,
    stated.total_amount,
    stated.is_tax_included,
    stated.order_total_amount,
    stated.order_discount_amount,
    stated.order_shipping_amount,
    stated.order_tax_amount,
    stated.order_date,
    stated.created_at,
    stated.updated_at,
    stated.customer_id,
    stated.customer_name,
    stated.customer_email,
    stated.currency,
    stated.status,
    stated.is_replaced
from stated
left join dates
    on stated.source_name = dates.source_name
    and stated.order_id = dates.order_id
