{{ config(materialized='keyed', meta={
    'key': 'invoice_id',
    'follows': {
        'int_invoices': 'invoice_id',
    },
}) }}
select
    invoices.invoice_id,
    invoices.invoice_number,
    invoices.document_type,
    invoices.invoice_date,
    invoices.due_date,
    invoices.customer_id,
    invoices.customer_name,
    invoices.order_id,
    invoices.order_number,
    invoices.original_invoice_number,
    invoices.currency,
    invoices.net_amount,
    invoices.tax_amount,
    invoices.total_amount,
    invoices.prepaid_amount,
    invoices.discount_percent,
    invoices.discount_until_date,
    invoices.payment_reference,
    invoices.tax_code,
    invoices.status,
    invoices.source_status,
    invoices.is_sign_flipped,
    invoices.business_date,
    {{ provenance_columns('invoices') }}
from {{ ref('int_invoices') }} as invoices
