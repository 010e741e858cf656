-- What the payment provider owes: disputes, charges that no payout took, payouts that do not add up, do
-- not arrive, or arrive as another amount.
with settled_charges as (
    select
        transactions.document_id as payment_id
    from {{ ref('balance_transactions') }} as transactions
    where transactions.balance_type = 'charge' and transactions.payout_id is not null
    group by transactions.document_id
),

-- An export of payments alone says nothing about payouts.
providers_with_transactions as (
    select distinct source_name
    from {{ ref('balance_transactions') }}
    where payout_id is not null
),

gaps as (
    select
        bank_account_id,
        min(statement_id) as statement_id,
        previous_to_date,
        from_date
    from {{ ref('bank_statement_continuity') }}
    where has_gap
    group by bank_account_id, previous_to_date, from_date
)

select
    'dispute_open' as exception_type,
    disputes.entity_id as entity_id,
    'dispute' as document_type,
    disputes.dispute_id as document_id,
    disputes.source_id as document_number,
    payments.party_name as party_name,
    disputes.currency as currency,
    abs(disputes.amount) as amount,
    abs(disputes.amount) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    disputes.dispute_date as business_date,
    cast(null as date) as due_date,
    disputes.payment_id as other_number,
    coalesce(disputes.reason, 'no reason given') as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('disputes') }} as disputes
left join {{ ref('payments') }} as payments on disputes.payment_id = payments.payment_id
where disputes.status = 'open' and disputes.dispute_date <= {{ as_of_date() }}

union all

select
    'charge_not_paid_out' as exception_type,
    charges.entity_id as entity_id,
    'payment' as document_type,
    charges.payment_id as document_id,
    charges.payment_id as document_number,
    charges.party_name as party_name,
    charges.currency as currency,
    charges.amount as amount,
    charges.amount as expected_amount,
    cast(0 as decimal(18, 4)) as actual_amount,
    charges.payment_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('int_order_charges') }} as charges
left join settled_charges on charges.payment_id = settled_charges.payment_id
inner join providers_with_transactions on charges.source_name = providers_with_transactions.source_name
where charges.payout_id is null
    and settled_charges.payment_id is null
    and {{ is_past_grace('charges.payment_date', 'charge_not_paid_out') }}

union all

select
    'payout_composition_differs' as exception_type,
    entity_id,
    'payout' as document_type,
    payout_id as document_id,
    payout_id as document_number,
    cast(null as varchar) as party_name,
    currency,
    abs(difference_amount) as amount,
    payout_amount as expected_amount,
    net_amount as actual_amount,
    business_date,
    arrival_date as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('payment_to_payout') }}
where status in ('differs', 'no_transactions')

union all

select
    'payout_unknown' as exception_type,
    entity_id,
    'payout' as document_type,
    payout_id as document_id,
    payout_id as document_number,
    cast(null as varchar) as party_name,
    currency,
    abs(net_amount) as amount,
    cast(0 as decimal(18, 4)) as expected_amount,
    net_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('payment_to_payout') }}
where status = 'payout_unknown'

union all

select
    'payout_not_received' as exception_type,
    payouts.entity_id as entity_id,
    'payout' as document_type,
    payouts.payout_id as document_id,
    payouts.payout_id as document_number,
    cast(null as varchar) as party_name,
    payouts.currency as currency,
    abs(payouts.expected_amount) as amount,
    payouts.expected_amount as expected_amount,
    payouts.received_amount as actual_amount,
    payouts.business_date as business_date,
    coalesce(payouts.arrival_date, payouts.business_date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    case when gaps.statement_id is not null then 'statement_gap' end as caused_by_type,
    gaps.statement_id as caused_by_id
from {{ ref('payout_to_bank') }} as payouts
left join gaps
    on
        payouts.bank_account_id = gaps.bank_account_id
        and payouts.arrival_date between {{ dbt.dateadd('day', -3, 'gaps.previous_to_date') }} and gaps.from_date
where payouts.status = 'not_received'

union all

select
    'payout_amount_differs' as exception_type,
    payouts.entity_id as entity_id,
    'payout' as document_type,
    payouts.payout_id as document_id,
    payouts.payout_id as document_number,
    cast(null as varchar) as party_name,
    payouts.currency as currency,
    abs(payouts.difference_amount) as amount,
    payouts.expected_amount as expected_amount,
    payouts.received_amount as actual_amount,
    payouts.business_date as business_date,
    payouts.arrival_date as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('payout_to_bank') }} as payouts
where
    payouts.status = 'received_differs'
    -- The line that a person is asked about, when it brings another amount than the payout.
    or (payouts.status = 'in_review' and payouts.difference_amount <> 0)
