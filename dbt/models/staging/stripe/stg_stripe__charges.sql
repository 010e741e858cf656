{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || charge_id",
    'follows': {
        'raw_stripe.charges': "source_name || '|' || charge_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_stripe', 'charges') }}
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
        source.charge_id,
        source.created_at,
        {{ minor_to_amount('source.amount_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as amount,
        {{ minor_to_amount('source.amount_captured_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as captured_amount,
        {{ minor_to_amount('source.amount_refunded_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as refunded_amount,
        coalesce(source.currency, 'XXX') as currency,
        source.status,
        source.is_captured,
        source.is_paid,
        source.is_refunded,
        source.is_disputed,
        source.description,
        source.customer_id,
        source.invoice_id,
        source.payment_intent_id,
        source.balance_transaction_id,
        source.order_reference,
        source.billing_email,
        source.billing_name,
        source.payment_method_type
    from source
    left join {{ ref('master_legal_entities') }} as entities
        on source.entity_id = entities.entity_id
    left join {{ ref('currencies') }} as currencies
        on source.currency = currencies.currency
)

{{ record_state('renamed', ['charge_id']) }}
