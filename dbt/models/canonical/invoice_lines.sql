{{ config(materialized='keyed', meta={
    'key': 'invoice_id',
    'follows': {
        'int_invoice_lines': 'document_id',
    },
}) }}
select
    lines.document_id || ':' || lines.native_id as invoice_line_id,
    lines.document_id as invoice_id,
    lines.line_number,
    lines.line_type,
    lines.description,
    lines.quantity,
    lines.net_amount,
    lines.tax_amount,
    {{ money('lines.net_amount + lines.tax_amount') }} as total_amount,
    lines.tax_code,
    lines.account_code,
    lines.cost_center,
    lines.currency,
    lines.is_sign_flipped,
    lines.business_date,
    {{ provenance_columns('lines') }}
from {{ ref('int_invoice_lines') }} as lines
