with

source as (
    select * from {{ source('raw_csv', 'gl_entries') }}
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
        source.posting_date as business_date,
        source.entry_id,
        source.line_number,
        source.posting_date,
        source.document_type,
        source.document_number,
        source.account_code,
        coalesce(source.currency, 'XXX') as currency,
        source.debit_amount,
        source.credit_amount,
        source.base_currency,
        source.base_debit_amount,
        source.base_credit_amount,
        source.description,
        source.cost_center,
        source.party_id,
        source.updated_at
    from source
)

{{ record_state('renamed', ['entry_id', 'line_number']) }}
