{{ config(materialized='keyed', meta={
    'key': 'balance_transaction_id',
    'follows': {
        'stg_stripe__balance_transactions': "source_name || ':' || balance_transaction_id",
    },
}) }}
with

stripe_movements as (
    select
        'stripe' as source_kind,
        movements.source_name || ':' || movements.balance_transaction_id as balance_transaction_id,
        lower(coalesce(movements.reporting_category, movements.type)) as source_type,
        lower(movements.type) as type,
        movements.source_object_id,
        movements.payout_id,
        movements.currency,
        movements.amount,
        movements.fee_amount,
        movements.net_amount,
        movements.available_on,
        movements.created_at,
        movements.description,
        movements.business_date,
        {{ provenance('movements', 'balance_transactions', 'movements.balance_transaction_id') }}
    from {{ ref('stg_stripe__balance_transactions') }} as movements
    where movements.record_state = 'current'
),

-- Reports of providers as CSV: types in our words, as far as the report's profile knows them.
report_movements as (
    select
        'csv' as source_kind,
        movements.source_name || ':' || movements.balance_transaction_id as balance_transaction_id,
        lower(movements.balance_type) as source_type,
        lower(movements.balance_type) as type,
        movements.source_object_id,
        movements.payout_id,
        movements.currency,
        movements.amount,
        movements.fee_amount,
        movements.net_amount,
        movements.available_date as available_on,
        movements.created_at,
        coalesce(movements.description, movements.reference) as description,
        movements.business_date,
        {{ provenance('movements', 'balance_transactions', 'movements.balance_transaction_id') }}
    from {{ ref('stg_csv__balance_transactions') }} as movements
    where movements.record_state = 'current'
),

movements as (
    select * from stripe_movements
    union all
    select * from report_movements
)

select
    movements.balance_transaction_id,
    coalesce(categories.status, types.status, 'adjustment') as balance_type,
    movements.source_type as source_balance_type,
    case
        when movements.source_object_id is null then null
        when coalesce(categories.status, types.status) = 'charge' then 'payment'
        when coalesce(categories.status, types.status) = 'refund' then 'refund'
        when coalesce(categories.status, types.status) in ('dispute', 'dispute_reversal') then 'dispute'
        when coalesce(categories.status, types.status) = 'payout' then 'payout'
        else 'other'
    end as document_type,
    {{ source_key('movements.source_name', 'movements.source_object_id') }} as document_id,
    {{ source_key('movements.source_name', "coalesce(movements.payout_id, case when coalesce(categories.status, types.status) = 'payout' then movements.source_object_id end)") }} as payout_id,
    movements.currency,
    movements.amount as gross_amount,
    movements.fee_amount,
    movements.net_amount,
    movements.available_on as available_date,
    movements.created_at,
    movements.description,
    movements.business_date,
    {{ provenance_columns('movements') }}
from movements
left join {{ ref('status_mappings') }} as categories
    on movements.source_kind = categories.source_kind
    and categories.object = 'balance_type'
    and movements.source_type = categories.source_status
left join {{ ref('status_mappings') }} as types
    on movements.source_kind = types.source_kind
    and types.object = 'balance_type'
    and movements.type = types.source_status
