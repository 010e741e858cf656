{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || source_party_id",
}) }}
-- One row per customer number of a source, with the attributes of its latest document and the customer
-- of ours that it is: by crosswalk, by our own number, or else a customer of its own.
with

mentions as (
    select
        entity_id, source_name, 'orders' as source_object, customer_id as source_party_id, customer_name as party_name,
        customer_email as email, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('stg_shopify__orders') }}
    where record_state = 'current' and customer_id is not null
    union all
    select
        entity_id, source_name, 'charges', customer_id, billing_name,
        billing_email, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('stg_stripe__charges') }}
    where record_state = 'current' and customer_id is not null
    union all
    select
        entity_id, source_name, 'invoices', customer_id, customer_name,
        customer_email, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('stg_stripe__invoices') }}
    where record_state = 'current' and customer_id is not null
    union all
    select
        entity_id, source_name, 'orders', customer_id, customer_name,
        customer_email, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('stg_csv__orders') }}
    where record_state = 'current' and customer_id is not null
    union all
    select
        entity_id, source_name, 'order_lines', customer_id, customer_name,
        customer_email, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('int_csv_order_sums') }}
    where customer_id is not null
    union all
    select
        entity_id, source_name, 'invoices', customer_id, customer_name,
        {{ no_text() }}, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('stg_csv__invoices') }}
    where record_state = 'current' and customer_id is not null
    union all
    select
        entity_id, source_name, 'einvoices', source_customer_id, buyer_name,
        {{ no_text() }}, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('int_einvoices') }}
    where our_role = 'seller' and known_customer_id is null and source_customer_id is not null
),

ranked as (
    select
        entity_id, source_name, source_object, source_party_id, party_name, email,
        source_updated_at, source_file, source_position, load_id, record_hash,
        row_number() over (
            partition by source_name, source_party_id
            order by source_updated_at desc nulls last, source_file desc, source_position desc, source_object
        ) as recency
    from mentions
)

select
    ranked.entity_id,
    ranked.source_name,
    ranked.source_object,
    ranked.source_party_id,
    coalesce(
        identifiers.party_id,
        master.customer_id,
        {{ source_key('ranked.source_name', 'ranked.source_party_id') }}
    ) as customer_id,
    coalesce(identifiers.party_id, master.customer_id) is not null as is_in_master_data,
    ranked.party_name,
    ranked.email,
    ranked.source_updated_at,
    ranked.source_file,
    ranked.source_position,
    ranked.load_id,
    ranked.record_hash
from ranked
left join {{ ref('int_party_identifiers') }} as identifiers
    on identifiers.party_type = 'customer'
    and ranked.source_name = identifiers.source_name
    and ranked.source_party_id = identifiers.source_party_id
left join {{ ref('master_customers') }} as master
    on ranked.source_party_id = master.customer_id
    and ranked.entity_id = master.entity_id
where ranked.recency = 1
