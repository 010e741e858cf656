with

source as (
    select * from {{ source('raw_csv', 'payouts') }}
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
        source.created_date as business_date,
        source.payout_id,
        coalesce(source.created_at, {{ date_to_timestamp('source.created_date') }}) as created_at,
        coalesce(source.arrival_date, source.created_date) as arrival_date,
        source.amount,
        coalesce(source.currency, 'XXX') as currency,
        source.status,
        source.destination,
        source.statement_descriptor,
        source.trace_id,
        source.balance_transaction_id
    from source
)

{{ record_state('renamed', ['payout_id']) }}
