-- Company card payments against the expense lines that explain them. Fees and settlements of the card
-- itself need no receipt.
select
    'expense_to_card' as reconciliation,
    'left' as side,
    'card_transaction' as item_type,
    cards.card_transaction_id as item_id,
    cards.entity_id as entity_id,
    cards.card_id as account_id,
    cards.currency as currency,
    -cards.amount as amount,
    cards.transaction_date as item_date,
    cast(null as date) as due_date,
    cards.employee_id as party_id,
    cards.merchant as party_name,
    cast(null as varchar) as party_account,
    concat_ws(' ', cards.source_id, cards.merchant) as reference_text,
    {{ reference_key_list(['cards.source_id']) }} as reference_keys,
    cast(null as varchar) as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    -cards.original_amount as original_amount,
    cards.original_currency as original_currency
from {{ ref('card_transactions') }} as cards
where
    cards.transaction_type in ('purchase', 'refund')
    and cards.is_posted
    and cards.amount <> 0
    and cards.transaction_date <= {{ as_of_date() }}

union all

select
    'expense_to_card' as reconciliation,
    'right' as side,
    'expense_line' as item_type,
    expenses.expense_line_id as item_id,
    expenses.entity_id as entity_id,
    cast(null as varchar) as account_id,
    expenses.currency as currency,
    -expenses.amount as amount,
    expenses.expense_date as item_date,
    cast(null as date) as due_date,
    expenses.employee_id as party_id,
    expenses.merchant as party_name,
    cast(null as varchar) as party_account,
    concat_ws(' ', expenses.card_transaction_id, expenses.merchant, expenses.description) as reference_text,
    {{ reference_key_list(['expenses.card_transaction_id']) }} as reference_keys,
    cast(null as varchar) as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    cast(null as decimal(18, 4)) as original_amount,
    cast(null as varchar) as original_currency
from {{ ref('expense_lines') }} as expenses
where
    expenses.payment_method = 'card'
    and expenses.amount <> 0
    and expenses.expense_date <= {{ as_of_date() }}
