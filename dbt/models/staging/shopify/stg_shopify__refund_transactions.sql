{{ config(materialized='keyed', meta={
    'key': "load_id || '|' || source_position",
    'follows': {
        'raw_shopify.refund_transactions': "load_id || '|' || source_position",
        'stg_shopify__orders': "load_id || '|' || source_position",
    },
}) }}
with

source as (
    select * from {{ source('raw_shopify', 'refund_transactions') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_shopify__orders'), ['refund_id', 'transaction_id']) }}
)

select
    current_version.source_name,
    current_version.entity_id,
    current_version.load_id,
    current_version.source_file,
    current_version.source_position,
    current_version.record_hash,
    current_version.order_id,
    current_version.refund_id,
    current_version.transaction_id,
    current_version.kind,
    current_version.status,
    current_version.gateway,
    current_version.amount,
    coalesce(current_version.currency, 'XXX') as currency,
    current_version.processed_at,
    current_version."authorization" as authorization_code
from current_version
