{{ config(materialized='keyed', meta={
    'key': 'expense_line_id',
}) }}
select
    lines.expense_line_id,
    lines.expense_report_id,
    lines.employee_id,
    lines.expense_date,
    lines.merchant,
    lines.category,
    lines.account_code,
    lines.cost_center,
    lines.tax_code,
    lines.currency,
    lines.amount,
    lines.tax_amount,
    {{ money('lines.amount - lines.tax_amount') }} as net_amount,
    lines.payment_method,
    lines.is_reimbursable,
    lines.card_transaction_id,
    lines.description,
    lines.status,
    lines.source_status,
    lines.business_date,
    {{ provenance_columns('lines') }}
from {{ ref('int_expense_lines') }} as lines
