with

source as (
    select * from {{ source('raw_payment_files', 'instructions') }}
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
        {{ no_timestamp() }} as source_updated_at,
        source.execution_date as business_date,
        source.instruction_key,
        source.message_id,
        source.batch_id,
        source.instruction_id,
        source.end_to_end_id,
        source.direction,
        source.execution_date,
        source.amount,
        source.currency,
        source.transfer_currency,
        source.own_name,
        source.own_account,
        source.own_bank,
        source.counterparty_name,
        source.counterparty_account,
        source.counterparty_bank,
        source.remittance_text,
        source.structured_reference,
        source.mandate_id,
        source.purpose_code,
        source.service_level,
        source.is_prenote
    from source
)

{{ record_state('renamed', ['instruction_key']) }}
