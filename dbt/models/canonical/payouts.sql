{{ config(materialized='keyed', meta={
    'key': 'payout_id',
}) }}
-- A payout goes to the entity's current account in its currency; with two such accounts it stays open
-- which one, until the bank line says so.
{% set providers = [('stripe', 'stg_stripe__payouts'), ('csv', 'stg_csv__payouts')] %}
with

targets as (
    select entity_id, currency, min(bank_account_id) as bank_account_id
    from {{ ref('master_bank_accounts') }}
    where account_type = 'current'
    group by entity_id, currency
    having count(*) = 1
),

payouts as (
    {%- for kind, model in providers %}
    select
        '{{ kind }}' as source_kind,
        payouts.source_name || ':' || payouts.payout_id as payout_id,
        payouts.currency,
        payouts.amount,
        lower(payouts.status) as source_status,
        payouts.arrival_date,
        payouts.created_at,
        payouts.business_date,
        payouts.destination,
        payouts.statement_descriptor,
        payouts.trace_id,
        {{ provenance('payouts', 'payouts', 'payouts.payout_id') }}
    from {{ ref(model) }} as payouts
    where payouts.record_state = 'current'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    payouts.payout_id,
    payouts.currency,
    payouts.amount,
    coalesce(mappings.status, 'unmapped') as status,
    payouts.source_status,
    payouts.arrival_date,
    payouts.created_at,
    payouts.business_date,
    targets.bank_account_id,
    payouts.destination,
    payouts.statement_descriptor,
    payouts.trace_id,
    {{ provenance_columns('payouts') }}
from payouts
left join targets
    on payouts.entity_id = targets.entity_id
    and payouts.currency = targets.currency
left join {{ ref('status_mappings') }} as mappings
    on payouts.source_kind = mappings.source_kind
    and mappings.object = 'payout'
    and payouts.source_status = mappings.source_status
