with

source as (
    select * from {{ source('raw_csv', 'card_transactions') }}
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
        coalesce(source.transaction_date, source.posting_date) as business_date,
        source.card_transaction_id,
        source.card_id,
        source.employee_id,
        source.transaction_date,
        source.posting_date,
        source.merchant,
        coalesce(source.currency, 'XXX') as currency,
        source.amount,
        source.original_currency,
        source.original_amount,
        source.category,
        source.transaction_type,
        source.statement_reference,
        source.status
    from source
)

{{ record_state('renamed', ['card_transaction_id']) }}
