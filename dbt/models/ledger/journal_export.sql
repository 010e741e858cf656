-- The journal in the flat shape that an ERP imports: one row per line, debit and credit in document and
-- base currency. `export_position` is the order of the file; it depends on nothing but the content.
select
    row_number() over (
        order by lines.entity_id, lines.posting_date, lines.journal_entry_id, lines.line_number
    ) as export_position,
    lines.entity_id,
    lines.journal_entry_id,
    lines.line_number,
    lines.posting_date,
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
