-- Reimbursements, card settlements, receipts that are missing and receipts that are claimed twice.
select
    'expense_not_reimbursed' as exception_type,
    entity_id,
    'expense_report' as document_type,
    expense_item_id as document_id,
    expense_item_id as document_number,
    party_name,
    currency,
    open_amount as amount,
    expected_amount,
    paid_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('expense_to_bank') }}
where item_type = 'expense_report' and status = 'overdue'

union all

select
    'expense_payment_differs' as exception_type,
    entity_id,
    item_type as document_type,
    expense_item_id as document_id,
    expense_item_id as document_number,
    coalesce(party_name, item_name) as party_name,
    currency,
    abs(open_amount) + overpaid_amount as amount,
    expected_amount,
    paid_amount + overpaid_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('expense_to_bank') }}
where status in ('partly_paid', 'overpaid')

union all

select
    'card_settlement_open' as exception_type,
    entity_id,
    'card_settlement' as document_type,
    expense_item_id as document_id,
    expense_item_id as document_number,
    party_name,
    currency,
    open_amount as amount,
    expected_amount,
    paid_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('expense_to_bank') }}
where item_type = 'card_settlement' and status = 'overdue'

union all

select
    'card_without_expense' as exception_type,
    cards.entity_id as entity_id,
    'card_transaction' as document_type,
    cards.card_transaction_id as document_id,
    cards.card_transaction_id as document_number,
    coalesce(employees.employee_name, cards.employee_id) as party_name,
    cards.currency as currency,
    abs(cards.card_amount) as amount,
    cards.card_amount as expected_amount,
    cards.claimed_amount as actual_amount,
    cards.business_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cards.merchant as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('expense_to_card') }} as cards
left join {{ ref('employees') }} as employees on cards.employee_id = employees.employee_id
where cards.status = 'card_without_expense'

union all

select
    'expense_without_card' as exception_type,
    cards.entity_id as entity_id,
    'expense_line' as document_type,
    cards.expense_line_id as document_id,
    cards.expense_line_id as document_number,
    coalesce(employees.employee_name, cards.employee_id) as party_name,
    cards.currency as currency,
    abs(cards.claimed_amount) as amount,
    cards.card_amount as expected_amount,
    cards.claimed_amount as actual_amount,
    cards.business_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cards.merchant as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('expense_to_card') }} as cards
left join {{ ref('employees') }} as employees on cards.employee_id = employees.employee_id
where cards.status = 'expense_without_card'

union all

select
    'expense_duplicate' as exception_type,
    lines.entity_id as entity_id,
    'expense_line' as document_type,
    lines.expense_line_id as document_id,
    lines.expense_line_id as document_number,
    coalesce(employees.employee_name, lines.employee_id) as party_name,
    lines.currency as currency,
    abs(lines.amount) as amount,
    cast(0 as decimal(18, 4)) as expected_amount,
    lines.amount as actual_amount,
    lines.expense_date as business_date,
    cast(null as date) as due_date,
    duplicates.first_expense_line_id as other_number,
    duplicates.evidence as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('int_expense_duplicates') }} as duplicates
inner join {{ ref('expense_lines') }} as lines on duplicates.expense_line_id = lines.expense_line_id
left join {{ ref('employees') }} as employees on lines.employee_id = employees.employee_id

union all

select
    'match_to_review' as exception_type,
    cards.entity_id as entity_id,
    'card_transaction' as document_type,
    cards.card_transaction_id as document_id,
    cards.card_transaction_id as document_number,
    cards.merchant as party_name,
    cards.currency as currency,
    abs(cards.card_amount) as amount,
    cards.card_amount as expected_amount,
    cards.card_amount as actual_amount,
    cards.business_date as business_date,
    cast(null as date) as due_date,
    cards.expense_line_id as other_number,
    'rule ' || matches.match_rule_id || ', confidence ' || cast(matches.confidence as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('expense_to_card') }} as cards
inner join {{ ref('matches') }} as matches on cards.match_id = matches.match_id
where cards.status = 'in_review' and cards.has_card_transaction
