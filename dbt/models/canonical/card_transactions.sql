{{ config(materialized='keyed', meta={
    'key': 'card_transaction_id',
}) }}
select
    cards.source_name || ':' || cards.card_transaction_id as card_transaction_id,
    cards.card_id,
    employees.employee_id,
    cards.transaction_date,
    coalesce(cards.posting_date, cards.transaction_date) as posting_date,
    cards.merchant,
    cards.category,
    cards.currency,
    {{ money('cards.amount') }} as amount,
    cards.original_currency,
    {{ money('cards.original_amount') }} as original_amount,
    lower(coalesce(cards.transaction_type, case when cards.amount < 0 then 'refund' else 'purchase' end)) as transaction_type,
    cards.statement_reference,
    case when cards.status is null then 'posted' else coalesce(mappings.status, 'unmapped') end as status,
    lower(cards.status) as source_status,
    -- Declined spending never moved money, pending spending not yet; booked, both would be a debt to the
    -- card company that nobody collects.
    coalesce(mappings.status, 'posted') not in ('declined', 'pending') as is_posted,
    cards.business_date,
    {{ provenance('cards', 'card_transactions', 'cards.card_transaction_id') }}
from {{ ref('stg_csv__card_transactions') }} as cards
left join {{ ref('int_source_employees') }} as employees
    on cards.source_name = employees.source_name
    and coalesce(cards.employee_id, cards.card_id) = employees.source_party_id
left join {{ ref('status_mappings') }} as mappings
    on mappings.source_kind = 'csv'
    and mappings.object = 'card_transaction'
    and lower(cards.status) = mappings.source_status
where cards.record_state = 'current'
