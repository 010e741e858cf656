{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || order_id",
    'follows': {
        'raw_shopify.orders': "source_name || '|' || order_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_shopify', 'orders') }}
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
        coalesce(source.updated_at, source.created_at) as source_updated_at,
        {{ business_date('source.created_at', 'entities.time_zone') }} as business_date,
        source.order_id,
        source.order_name,
        source.order_number,
        source.created_at,
        source.processed_at,
        source.updated_at,
        source.cancelled_at,
        coalesce(source.currency, 'XXX') as currency,
        source.presentment_currency,
        source.taxes_included,
        source.financial_status,
        source.fulfillment_status,
        source.customer_id,
        source.customer_email,
        source.customer_name,
        source.total_price,
        source.subtotal_price,
        source.total_discounts,
        source.total_tax,
        source.total_shipping,
        source.current_total_price,
        source.is_test,
        source.tags,
        source.payment_gateway
    from source
    left join {{ ref('master_legal_entities') }} as entities
        on source.entity_id = entities.entity_id
)

{{ record_state('renamed', ['order_id']) }}
