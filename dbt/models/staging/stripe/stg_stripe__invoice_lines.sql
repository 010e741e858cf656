{{ config(materialized='keyed', meta={
    'key': "load_id || '|' || source_position",
    'follows': {
        'raw_stripe.invoice_lines': "load_id || '|' || source_position",
        'stg_stripe__invoices': "load_id || '|' || source_position",
    },
}) }}
with

source as (
    select * from {{ source('raw_stripe', 'invoice_lines') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_stripe__invoices'), ['invoice_line_id']) }}
)

select
    current_version.source_name,
    current_version.entity_id,
    current_version.load_id,
    current_version.source_file,
    current_version.source_position,
    current_version.record_hash,
    current_version.invoice_id,
    current_version.invoice_line_id,
    current_version.line_index,
    current_version.description,
    current_version.quantity,
    {{ minor_to_amount('current_version.amount_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as amount,
    {{ minor_to_amount('current_version.discount_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as discount_amount,
    {{ minor_to_amount('current_version.tax_minor', 'coalesce(currencies.stripe_exponent, 2)') }} as tax_amount
from current_version
left join {{ ref('stg_stripe__invoices') }} as invoices
    on current_version.load_id = invoices.load_id
    and current_version.source_position = invoices.source_position
    and invoices.record_state = 'current'
left join {{ ref('currencies') }} as currencies
    on invoices.currency = currencies.currency
