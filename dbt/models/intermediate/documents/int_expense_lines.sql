-- Current expenses with their report, employee and account. A report in two currencies becomes one
-- report per currency: a total over both would be no amount at all.
with

expenses as (
    select
        expenses.source_name || ':' || expenses.expense_id as expense_line_id,
        coalesce(expenses.report_id, expenses.expense_id) as report_key,
        min(expenses.currency) over (partition by expenses.source_name, coalesce(expenses.report_id, expenses.expense_id))
        <> max(expenses.currency) over (partition by expenses.source_name, coalesce(expenses.report_id, expenses.expense_id)) as is_mixed,
        expenses.report_name,
        expenses.employee_id as source_employee_id,
        expenses.employee_name,
        expenses.expense_date,
        expenses.submitted_date,
        expenses.approved_date,
        expenses.merchant,
        expenses.category,
        expenses.cost_center,
        expenses.tax_code,
        expenses.currency,
        {{ money('expenses.amount') }} as amount,
        {{ money('coalesce(expenses.tax_amount, 0)') }} as tax_amount,
        lower(coalesce(expenses.payment_method, 'personal')) as payment_method,
        expenses.is_reimbursable,
        expenses.card_transaction_reference,
        expenses.description,
        lower(coalesce(
            expenses.status,
            case when expenses.approved_date is not null then 'approved' else 'submitted' end
        )) as source_status,
        expenses.business_date,
        {{ provenance('expenses', 'expenses', 'expenses.expense_id') }}
    from {{ ref('stg_csv__expenses') }} as expenses
    where expenses.record_state = 'current'
),

-- One card transaction per reference and entity; a reference that fits two fits none.
card_references as (
    select
        entity_id,
        {{ reference_key('source_id') }} as reference_key,
        min(card_transaction_id) as card_transaction_id
    from {{ ref('card_transactions') }}
    group by 1, 2
    having count(*) = 1
)

select
    expenses.expense_line_id,
    {{ source_key('expenses.source_name', 'expenses.report_key') }}
    || case when expenses.is_mixed then ':' || expenses.currency else '' end as expense_report_id,
    expenses.report_key,
    expenses.report_name,
    coalesce(employees.employee_id, named.employee_id) as employee_id,
    coalesce(expenses.employee_name, master.employee_name) as employee_name,
    expenses.expense_date,
    expenses.submitted_date,
    expenses.approved_date,
    expenses.merchant,
    expenses.category,
    categories.account_code,
    coalesce(expenses.cost_center, master.cost_center) as cost_center,
    expenses.tax_code,
    expenses.currency,
    expenses.amount,
    expenses.tax_amount,
    expenses.payment_method,
    coalesce(expenses.is_reimbursable, expenses.payment_method <> 'card') as is_reimbursable,
    cards.card_transaction_id,
    expenses.description,
    expenses.source_status,
    coalesce(mappings.status, 'unmapped') as status,
    expenses.business_date,
    {{ provenance_columns('expenses') }}
from expenses
left join {{ ref('int_source_employees') }} as employees
    on expenses.source_name = employees.source_name
    and expenses.source_employee_id = employees.source_party_id
left join {{ ref('int_employee_names') }} as named
    on expenses.source_employee_id is null
    and expenses.entity_id = named.entity_id
    and {{ name_key('expenses.employee_name') }} = named.employee_key
left join {{ ref('master_employees') }} as master
    on coalesce(employees.employee_id, named.employee_id) = master.employee_id
left join {{ ref('expense_categories') }} as categories
    on lower(trim(expenses.category)) = lower(trim(categories.category))
left join card_references as cards
    on expenses.entity_id = cards.entity_id
    and {{ reference_key('expenses.card_transaction_reference') }} = cards.reference_key
left join {{ ref('status_mappings') }} as mappings
    on mappings.source_kind = 'csv'
    and mappings.object = 'expense'
    and expenses.source_status = mappings.source_status
