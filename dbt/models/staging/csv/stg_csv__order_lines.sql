-- Rows of exports with one row per item. Most exports give a row no number of its own, so what tells a second
-- delivery of an order from the rest of its lines is how much of it came before: see `related`.
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
        delivered.record_hash,
        delivered.line_id is not null as has_line_id,
        coalesce(delivered.sku, delivered.description, delivered.line_id, delivered.record_hash) as item
    from delivered
    inner join contested_orders
        on delivered.source_name = contested_orders.source_name and delivered.order_id = contested_orders.order_id
),

-- Lines of each contested order in each delivery, by what is sold and by their whole content.
counted_lines as (
    select source_name, order_id, load_id, 'item' as measure, item as value, max(has_line_id) as has_line_id, count(*) as line_count
    from contested_lines
    group by source_name, order_id, load_id, item
    union all
    select source_name, order_id, load_id, 'content', record_hash, max(has_line_id), count(*)
    from contested_lines
    group by source_name, order_id, load_id, record_hash
),

common_lines as (
    select
        one.source_name,
        one.load_id,
        other.load_id as other_load_id,
        max(one.has_line_id or other.has_line_id) as has_line_id,
        sum(case when one.measure = 'item' then least(one.line_count, other.line_count) else 0 end) as common_items,
        sum(case when one.measure = 'content' then least(one.line_count, other.line_count) else 0 end) as common_contents
    from counted_lines as one
    inner join counted_lines as other
        on one.source_name = other.source_name
        and one.order_id = other.order_id
        and one.measure = other.measure
        and one.value = other.value
        and one.load_id < other.load_id
    group by one.source_name, one.load_id, other.load_id
),

orders_by_delivery as (
    select source_name, order_id, load_id, source_file, count(*) as line_count
    from contested_lines
    group by source_name, order_id, load_id, source_file
),

common_orders as (
    select
        one.source_name,
        one.load_id,
        other.load_id as other_load_id,
        max(one.source_file) = max(other.source_file) as is_same_file,
        sum(one.line_count) as line_count,
        sum(other.line_count) as other_line_count
    from orders_by_delivery as one
    inner join orders_by_delivery as other
        on one.source_name = other.source_name
        and one.order_id = other.order_id
        and one.load_id < other.load_id
    group by one.source_name, one.load_id, other.load_id
),

-- What two deliveries of the same orders are to each other.
-- part: the smaller is a part of the larger, row for row (a page, and then the whole export); the larger holds.
-- again: the later brings the orders of the earlier, whole, and holds. Half of what they sell is the same, or a quarter
--   where the file came under the same name; where rows have numbers, these decide, and only nearly all make an order.
-- Neither: two parts of one export, and both hold. They share few rows: the same item twice in an order, and an order
--   that the end of a page cuts.
related as (
    select
        common_lines.source_name,
        common_lines.load_id,
        common_lines.other_load_id,
        case
            when not common_lines.has_line_id
                and common_lines.common_contents = common_orders.line_count
                and 100 * common_orders.line_count < 90 * common_orders.other_line_count
                then 'part'
            when not common_lines.has_line_id
                and common_lines.common_contents = common_orders.other_line_count
                and 100 * common_orders.other_line_count < 90 * common_orders.line_count
                then 'whole'
            when 100 * common_lines.common_items
                >= case when common_orders.is_same_file then 25 when common_lines.has_line_id then 80 else 50 end
                    * greatest(common_orders.line_count, common_orders.other_line_count)
                then 'again'
        end as relation
    from common_lines
    inner join common_orders
        on common_lines.source_name = common_orders.source_name
        and common_lines.load_id = common_orders.load_id
        and common_lines.other_load_id = common_orders.other_load_id
),

related_either_way as (
    select source_name, load_id, other_load_id, relation
    from related
    where relation is not null
    union all
    select
        source_name, other_load_id, load_id,
        case relation when 'part' then 'whole' when 'whole' then 'part' else relation end
    from related
    where relation is not null
),

-- The place of each delivery among the others, the latest last.
deliveries as (
    select
        source_name,
        load_id,
        row_number() over (
            partition by source_name order by {{ natural_order('source_file') }}, source_file, first_load, load_id
        ) as place
    from (
        select source_name, load_id, source_file, min(_dlt_load_id) as first_load
        from delivered
        group by source_name, load_id, source_file
    ) as loads
),

-- The deliveries of each contested order, the latest first.
versions as (
    select
        loads.source_name,
        loads.order_id,
        loads.load_id,
        row_number() over (
            partition by loads.source_name, loads.order_id
            order by loads.source_updated_at desc nulls last, deliveries.place desc
        ) as version
    from (
        select
            delivered.source_name,
            delivered.order_id,
            delivered.load_id,
            max(delivered.source_updated_at) as source_updated_at
        from delivered
        inner join contested_orders
            on delivered.source_name = contested_orders.source_name and delivered.order_id = contested_orders.order_id
        group by delivered.source_name, delivered.order_id, delivered.load_id
    ) as loads
    inner join deliveries on loads.source_name = deliveries.source_name and loads.load_id = deliveries.load_id
),

replacements as (
    select
        one.source_name,
        one.order_id,
        one.load_id,
        other.load_id as by_load_id,
        other.version as by_version
    from versions as one
    inner join versions as other
        on one.source_name = other.source_name and one.order_id = other.order_id and one.load_id <> other.load_id
    inner join related_either_way as related
        on one.source_name = related.source_name
        and one.load_id = related.load_id
        and other.load_id = related.other_load_id
        and (related.relation = 'part' or (related.relation = 'again' and other.version < one.version))
),

-- The delivery that holds instead of one that was replaced. Of deliveries that replace each other in a circle the
-- latest holds, or the order would be lost.
replaced as (
    select
        replacements.source_name,
        replacements.order_id,
        replacements.load_id,
        replacements.by_load_id,
        row_number() over (
            partition by replacements.source_name, replacements.order_id, replacements.load_id
            order by case when further.load_id is null then 0 else 1 end, replacements.by_version
        ) as choice
    from replacements
    left join (select distinct source_name, order_id, load_id from replacements) as further
        on replacements.source_name = further.source_name
        and replacements.order_id = further.order_id
        and replacements.by_load_id = further.load_id
    left join (
        select versions.source_name, versions.order_id
        from versions
        left join (select distinct source_name, order_id, load_id from replacements) as older
            on versions.source_name = older.source_name
            and versions.order_id = older.order_id
            and versions.load_id = older.load_id
        group by versions.source_name, versions.order_id
        having count(*) = count(older.load_id)
    ) as circles
        on replacements.source_name = circles.source_name and replacements.order_id = circles.order_id
    inner join versions
        on replacements.source_name = versions.source_name
        and replacements.order_id = versions.order_id
        and replacements.load_id = versions.load_id
        and not (circles.order_id is not null and versions.version = 1)
),

numbered_lines as (
    select
        delivered.*,
        row_number() over (
            partition by delivered.load_id, delivered.source_position order by delivered._dlt_load_id
        ) as delivery_number,
        row_number() over (
            partition by delivered.source_name, delivered.order_id, delivered.load_id, delivered.record_hash, delivered._dlt_load_id
            order by delivered.source_position
        ) as copy_of_content
    from delivered
),

-- What makes a row the same line as another: its number in the order, else its content in the delivery that holds.
placed as (
    select
        numbered_lines.*,
        deliveries.place,
        coalesce(
            numbered_lines.line_id,
            coalesce(replaced.by_load_id, numbered_lines.load_id) || ':' || numbered_lines.record_hash || ':'
            || cast(numbered_lines.copy_of_content as varchar)
        ) as line_key,
        replaced.load_id is not null as is_replaced
    from numbered_lines
    inner join deliveries
        on numbered_lines.source_name = deliveries.source_name and numbered_lines.load_id = deliveries.load_id
    left join replaced
        on numbered_lines.source_name = replaced.source_name
        and numbered_lines.order_id = replaced.order_id
        and numbered_lines.load_id = replaced.load_id
        and replaced.choice = 1
),

ranked as (
    select
        placed.*,
        row_number() over (
            partition by placed.source_name, placed.order_id, placed.line_key, placed.delivery_number > 1
            order by placed.is_replaced, placed.source_updated_at desc nulls last, placed.place desc, placed.source_position desc
        ) as version_number,
        row_number() over (
            partition by placed.source_name, placed.order_id, placed.line_key, placed.delivery_number > 1, placed.record_hash
            order by placed.is_replaced, placed.source_updated_at desc nulls last, placed.place desc, placed.source_position desc
        ) as copy_number
    from placed
),

-- The states of the macro record_state, with the deliveries that were replaced behind those that hold.
stated as (
    select
        case
            when ranked.delivery_number > 1 then 'replay'
            when ranked.version_number = 1 and not ranked.is_replaced then 'current'
            when ranked.copy_number > 1 then 'duplicate'
            else 'superseded'
        end as record_state,
        ranked.*
    from ranked
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
