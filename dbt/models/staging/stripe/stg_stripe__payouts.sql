{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || payout_id",
    'follows': {
        'raw_stripe.payouts': "source_name || '|' || payout_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_stripe', 'payouts') }}
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
        {{ business_date('source.created_at', 'entities.time_zone') }} as business_date,
        source.payout_id,
        source.created_at,
        source.arrival_date,
        {{ minor_to_amount('source.amount_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as amount,
        coalesce(source.currency, 'XXX') as currency,
        source.status,
        source.is_automatic,
        source.method,
        source.type,
        source.balance_transaction_id,
        source.destination,
        source.failure_code,
        source.statement_descriptor,
        source.trace_id
    from source
    left join {{ ref('master_legal_entities') }} as entities
        on source.entity_id = entities.entity_id
    left join {{ ref('currencies') }} as currencies
        on source.currency = currencies.currency
)

{{ record_state('renamed', ['payout_id']) }}
