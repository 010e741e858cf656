-- Payouts of the payment provider against lines of the bank account that they are paid into. A payout
-- that failed or was cancelled moves no money and waits for none.
select
    'payout_to_bank' as reconciliation,
    'left' as side,
    'payout' as item_type,
    payouts.payout_id as item_id,
    payouts.entity_id as entity_id,
    payouts.bank_account_id as account_id,
    payouts.currency as currency,
    payouts.amount as amount,
    coalesce(payouts.arrival_date, payouts.business_date) as item_date,
    payouts.arrival_date as due_date,
    cast(null as varchar) as party_id,
    cast(null as varchar) as party_name,
    cast(null as varchar) as party_account,
    concat_ws(' ', payouts.source_id, payouts.statement_descriptor, payouts.trace_id) as reference_text,
    {{ reference_key_list(['payouts.source_id', 'payouts.trace_id']) }} as reference_keys,
    payouts.payout_id as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    cast(null as decimal(18, 4)) as original_amount,
    cast(null as varchar) as original_currency
from {{ ref('payouts') }} as payouts
where
    payouts.status in ('paid', 'in_transit', 'pending')
    and payouts.amount <> 0
    and payouts.business_date <= {{ as_of_date() }}

union all

select
    'payout_to_bank' as reconciliation,
    'right' as side,
    'bank_transaction' as item_type,
    lines.bank_transaction_id as item_id,
    lines.entity_id as entity_id,
    lines.bank_account_id as account_id,
    lines.currency as currency,
    lines.amount as amount,
    lines.booking_date as item_date,
    cast(null as date) as due_date,
    cast(null as varchar) as party_id,
    lines.counterparty_name as party_name,
    lines.counterparty_account as party_account,
    lines.reference_text as reference_text,
    lines.reference_keys as reference_keys,
    lines.payment_information_id as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    lines.original_amount as original_amount,
    lines.original_currency as original_currency
from {{ ref('int_bank_lines') }} as lines
where
    not lines.is_between_own_accounts
    and lines.bank_line_class is null
    and lines.booking_date <= {{ as_of_date() }}
    and lines.bank_account_id in (select payouts.bank_account_id from {{ ref('payouts') }} as payouts)
