{{ config(materialized='keyed', meta={
    'key': "load_id || '|' || source_position",
    'follows': {
        'raw_shopify.order_lines': "load_id || '|' || source_position",
        'stg_shopify__orders': "load_id || '|' || source_position",
    },
}) }}
with

source as (
    select * from {{ source('raw_shopify', 'order_lines') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_shopify__orders'), ['line_index']) }}
)

select
    current_version.source_name,
    current_version.entity_id,
    current_version.load_id,
    current_version.source_file,
    current_version.source_position,
    current_version.record_hash,
    current_version.order_id,
    current_version.order_line_id,
    current_version.line_index,
    current_version.sku,
    current_version.product_id,
    current_version.variant_id,
    current_version.title,
    current_version.quantity,
    current_version.current_quantity,
    current_version.price,
    current_version.is_gift_card,
    current_version.is_taxable
from current_version
