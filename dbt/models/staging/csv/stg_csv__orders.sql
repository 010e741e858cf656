{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || order_id",
    'follows': {
        'raw_csv.orders': "source_name || '|' || order_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_csv', 'orders') }}
),

renamed as (
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
        source.order_date,
        source.created_at,
        source.updated_at,
        source.customer_id,
        source.customer_name,
        source.customer_email,
        coalesce(source.currency, 'XXX') as currency,
        source.net_amount,
        source.discount_amount,
        source.shipping_amount,
        source.tax_amount,
        source.total_amount,
        source.status
    from source
    left join {{ ref('master_legal_entities') }} as entities
        on source.entity_id = entities.entity_id
)

{{ record_state('renamed', ['order_id']) }}
