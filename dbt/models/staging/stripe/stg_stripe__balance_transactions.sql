{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || balance_transaction_id",
    'follows': {
        'raw_stripe.balance_transactions': "source_name || '|' || balance_transaction_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_stripe', 'balance_transactions') }}
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
        source.balance_transaction_id,
        source.created_at,
        source.available_on,
        source.type,
        source.reporting_category,
        source.source_object_id,
        {{ minor_to_amount('source.amount_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as amount,
        {{ minor_to_amount('source.fee_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as fee_amount,
        {{ minor_to_amount('source.net_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as net_amount,
        coalesce(source.currency, 'XXX') as currency,
        -- The list of a payout names the payout, the list of all movements does not: whichever
        -- comes later must not take the payout away, or its money would seem never paid out.
        max(source.payout_id) over (
            partition by source.source_name, source.balance_transaction_id
        ) as payout_id,
        source.description,
        source.exchange_rate,
        source.fee_details_json
    from source
    left join {{ ref('master_legal_entities') }} as entities
        on source.entity_id = entities.entity_id
    left join {{ ref('currencies') }} as currencies
        on source.currency = currencies.currency
)

{{ record_state('renamed', ['balance_transaction_id']) }}
