-- Every way in which another system may name an order (#1001, 1001, its id), per entity. A name that two
-- orders share is left out: money must not be put on one of them by chance.
with

names as (
    select entity_id, {{ reference_key('order_number') }} as reference_key, order_id from {{ ref('int_orders') }}
    union all
    select entity_id, {{ reference_key('plain_order_number') }}, order_id from {{ ref('int_orders') }}
    union all
    select entity_id, {{ reference_key('source_id') }}, order_id from {{ ref('int_orders') }}
)

select
    entity_id,
    reference_key,
    min(order_id) as order_id
from names
where reference_key is not null and reference_key <> ''
group by entity_id, reference_key
having min(order_id) = max(order_id)
