with

source as (
    select * from {{ source('raw_payment_files', 'messages') }}
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
        source.created_at as source_updated_at,
        source.message_id,
        source.format,
        source.created_at,
        source.initiating_party,
        source.declared_count,
        source.declared_amount,
        source.found_count,
        source.found_amount
    from source
)

{{ record_state('renamed', ['message_id', 'format']) }}
