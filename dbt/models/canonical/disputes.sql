{{ config(materialized='keyed', meta={
    'key': 'dispute_id',
}) }}
with

fees as (
    select document_id, currency, sum(fee_amount) as fee_amount
    from {{ ref('balance_transactions') }}
    where document_type = 'dispute'
    group by document_id, currency
)

select
    disputes.source_name || ':' || disputes.dispute_id as dispute_id,
    {{ source_key('disputes.source_name', 'disputes.charge_id') }} as payment_id,
    disputes.currency,
    disputes.amount,
    coalesce(mappings.status, 'unmapped') as status,
    lower(disputes.status) as source_status,
    disputes.reason,
    disputes.business_date as dispute_date,
    disputes.business_date,
    {{ money('coalesce(fees.fee_amount, 0)') }} as fee_amount,
    {{ provenance('disputes', 'disputes', 'disputes.dispute_id') }}
from {{ ref('stg_stripe__disputes') }} as disputes
left join fees
    on {{ source_key('disputes.source_name', 'disputes.dispute_id') }} = fees.document_id
    and disputes.currency = fees.currency
left join {{ ref('status_mappings') }} as mappings
    on mappings.source_kind = 'stripe'
    and mappings.object = 'dispute'
    and lower(disputes.status) = mappings.source_status
where disputes.record_state = 'current'
