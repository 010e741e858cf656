{{ config(materialized='view') }}
-- The journal in the flat shape that an ERP imports: one row per line, debit and credit in document and
-- base currency. The first four columns are the order of the file: sorted by its columns from the left,
-- as exports are, every entry stands together, by day. A view: ten million lines need not be kept twice.
select
    lines.entity_id,
    lines.posting_date,
    lines.journal_entry_id,
    lines.line_number,
    lines.original_posting_date as document_date,
    lines.period,
    lines.document_type,
    lines.document_number,
    lines.account_code,
    accounts.account_name,
    lines.currency,
    lines.debit_amount,
    lines.credit_amount,
    lines.base_currency,
    lines.base_debit_amount,
    lines.base_credit_amount,
    lines.exchange_rate,
    lines.cost_center,
    coalesce(lines.customer_id, lines.vendor_id, lines.employee_id) as party_id,
    lines.tax_code,
    lines.description
from {{ ref('journal_lines') }} as lines
left join {{ ref('accounts') }} as accounts on lines.account_code = accounts.account_code
