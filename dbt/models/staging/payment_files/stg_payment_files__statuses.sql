with

source as (
    select * from {{ source('raw_payment_files', 'statuses') }}
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
        {{ no_date() }} as business_date,
        source.currency,
        source.status_key,
        source.message_id,
        source.created_at,
        source.level,
        source.original_message_id,
        source.original_batch_id,
        source.original_instruction_id,
        source.original_end_to_end_id,
        source.source_status,
        source.reason_code,
        source.reason_text,
        source.original_amount,
        source.original_currency
    from source
)

{{ record_state('renamed', ['status_key']) }}
