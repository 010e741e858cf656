with

source as (
    select * from {{ source('raw_csv', 'payments') }}
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
        source.payment_date as business_date,
        source.payment_id,
        source.payment_date,
        source.updated_at,
        source.payment_type,
        source.party_id,
        source.party_name,
        coalesce(source.currency, 'XXX') as currency,
        source.amount,
        source.fee_amount,
        source.reference,
        source.invoice_number,
        source.order_number,
        source.method,
        source.balance_transaction_id,
        source.payout_id,
        source.status
    from source
)

{{ record_state('renamed', ['payment_id']) }}
