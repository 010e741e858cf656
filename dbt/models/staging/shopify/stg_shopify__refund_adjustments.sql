{{ config(materialized='keyed', meta={
    'key': "load_id || '|' || source_position",
    'follows': {
        'raw_shopify.refund_adjustments': "load_id || '|' || source_position",
        'stg_shopify__orders': "load_id || '|' || source_position",
    },
}) }}
with

source as (
    select * from {{ source('raw_shopify', 'refund_adjustments') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_shopify__orders'), ['refund_id', 'adjustment_id']) }}
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
    current_version.adjustment_id,
    current_version.kind,
    current_version.reason,
    current_version.amount,
    current_version.tax_amount
from current_version
