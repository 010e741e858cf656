{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || invoice_id",
    'follows': {
        'raw_stripe.invoices': "source_name || '|' || invoice_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_stripe', 'invoices') }}
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
        source.invoice_id,
        source.invoice_number,
        source.created_at,
        source.due_at,
        source.status,
        coalesce(source.currency, 'XXX') as currency,
        {{ minor_to_amount('source.subtotal_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as subtotal_amount,
        {{ minor_to_amount('source.tax_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as tax_amount,
        {{ minor_to_amount('source.total_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as total_amount,
        {{ minor_to_amount('source.amount_due_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as due_amount,
        {{ minor_to_amount('source.amount_paid_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as paid_amount,
        {{ minor_to_amount('source.amount_remaining_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as remaining_amount,
        source.customer_id,
        source.customer_name,
        source.customer_email,
        source.charge_id,
        source.payment_intent_id,
        source.order_reference,
        source.billing_reason
    from source
    left join {{ ref('master_legal_entities') }} as entities
        on source.entity_id = entities.entity_id
    left join {{ ref('currencies') }} as currencies
        on source.currency = currencies.currency
)

{{ record_state('renamed', ['invoice_id']) }}
