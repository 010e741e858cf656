with

source as (
    select * from {{ source('raw_csv', 'balance_transactions') }}
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
        source.balance_transaction_id,
        coalesce(source.created_at, {{ date_to_timestamp('source.created_date') }}) as created_at,
        coalesce(source.available_date, source.created_date) as available_date,
        source.balance_type,
        source.source_object_id,
        coalesce(source.currency, 'XXX') as currency,
        source.amount,
        -- Of fee and net a report may have one: gross - fee = net.
        coalesce(source.fee_amount, source.amount - source.net_amount, {{ money('0') }}) as fee_amount,
        coalesce(source.net_amount, source.amount - source.fee_amount, source.amount) as net_amount,
        -- A report that names the payout and one that does not: whichever comes later must not take it away.
        max(source.payout_id) over (
            partition by source.source_name, source.balance_transaction_id
        ) as payout_id,
        source.description,
        source.reference,
        source.party_name,
        source.original_currency,
        source.original_amount,
        source.exchange_rate,
        source.status
    from source
)

{{ record_state('renamed', ['balance_transaction_id']) }}
