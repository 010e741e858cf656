-- Reimbursements of expense reports and settlements of company cards against money that left the bank.
with settlements as (
    select
        card_settlement_id,
        entity_id,
        currency,
        settlement_amount,
        last_posting_date,
        statement_reference
    from {{ ref('int_card_settlements') }}
)

select
    'expense_to_bank' as reconciliation,
    'left' as side,
    'expense_report' as item_type,
    reports.expense_report_id as item_id,
    reports.entity_id as entity_id,
    cast(null as varchar) as account_id,
    reports.currency as currency,
    -reports.reimbursable_amount as amount,
    coalesce(reports.approved_date, reports.submitted_date, reports.business_date) as item_date,
    cast(null as date) as due_date,
    reports.employee_id as party_id,
    coalesce(employees.employee_name, reports.employee_name) as party_name,
    employees.account_number as party_account,
    concat_ws(' ', reports.source_id, reports.report_name) as reference_text,
    {{ reference_key_list(['reports.source_id']) }} as reference_keys,
    cast(null as varchar) as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    cast(null as decimal(18, 4)) as original_amount,
    cast(null as varchar) as original_currency
from {{ ref('expense_reports') }} as reports
left join {{ ref('employees') }} as employees on reports.employee_id = employees.employee_id
where
    reports.reimbursable_amount <> 0
    and reports.status in ('approved', 'paid', 'reimbursed')
    and reports.business_date <= {{ as_of_date() }}

union all

select
    'expense_to_bank' as reconciliation,
    'left' as side,
    'card_settlement' as item_type,
    card_settlement_id as item_id,
    entity_id,
    cast(null as varchar) as account_id,
    currency,
    -settlement_amount as amount,
    last_posting_date as item_date,
    cast(null as date) as due_date,
    cast(null as varchar) as party_id,
    cast(null as varchar) as party_name,
    cast(null as varchar) as party_account,
    statement_reference as reference_text,
    {{ reference_key_list(['statement_reference']) }} as reference_keys,
    statement_reference as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    cast(null as decimal(18, 4)) as original_amount,
    cast(null as varchar) as original_currency
from settlements
where settlement_amount <> 0 and last_posting_date <= {{ as_of_date() }}

union all

select
    'expense_to_bank' as reconciliation,
    'right' as side,
    'bank_transaction' as item_type,
    lines.bank_transaction_id as item_id,
    lines.entity_id as entity_id,
    lines.bank_account_id as account_id,
    lines.currency as currency,
    lines.amount as amount,
    lines.booking_date as item_date,
    cast(null as date) as due_date,
    parties.party_id as party_id,
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
left join {{ ref('int_bank_line_parties') }} as parties on lines.bank_transaction_id = parties.bank_transaction_id
where
    lines.direction = 'out'
    and not lines.is_between_own_accounts
    and lines.bank_line_class is null
    and lines.booking_date <= {{ as_of_date() }}
