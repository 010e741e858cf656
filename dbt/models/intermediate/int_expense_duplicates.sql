-- Expense lines that repeat an earlier one: the same card transaction claimed twice, or the same
-- employee, merchant, day and amount. The first by submission stays; the others are listed.
with lines as (
    select
        lines.expense_line_id,
        lines.entity_id,
        lines.expense_report_id,
        lines.employee_id,
        lines.expense_date,
        {{ name_key('lines.merchant') }} as merchant_key,
        lines.currency,
        lines.amount,
        lines.card_transaction_id,
        coalesce(reports.submitted_date, reports.business_date, lines.expense_date) as submitted_date
    from {{ ref('expense_lines') }} as lines
    left join {{ ref('expense_reports') }} as reports on lines.expense_report_id = reports.expense_report_id
    where lines.amount <> 0
),

same_card as (
    select
        expense_line_id,
        entity_id,
        first_value(expense_line_id) over (
            partition by entity_id, card_transaction_id, amount order by submitted_date, expense_line_id
        ) as first_expense_line_id
    from lines
    where card_transaction_id is not null
),

same_purchase as (
    select
        expense_line_id,
        entity_id,
        first_value(expense_line_id) over (
            partition by entity_id, employee_id, expense_date, merchant_key, currency, amount
            order by submitted_date, expense_line_id
        ) as first_expense_line_id
    from lines
    where
        merchant_key is not null
        and (card_transaction_id is null or not exists (
            -- Two card transactions are two purchases, however alike.
            select 1
            from lines as others
            where
                others.expense_line_id <> lines.expense_line_id
                and others.employee_id = lines.employee_id
                and others.expense_date = lines.expense_date
                and others.amount = lines.amount
                and others.card_transaction_id is not null
                and others.card_transaction_id <> lines.card_transaction_id
        ))
),

repeated as (
    select expense_line_id, first_expense_line_id, 'the same card payment' as evidence
    from same_card
    where expense_line_id <> first_expense_line_id
    union all
    select expense_line_id, first_expense_line_id, 'the same employee, merchant, day and amount' as evidence
    from same_purchase
    where expense_line_id <> first_expense_line_id
)

select
    expense_line_id,
    min(first_expense_line_id) as first_expense_line_id,
    max(evidence) as evidence
from repeated
group by expense_line_id
