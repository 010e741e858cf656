{{ config(materialized='keyed', meta={
    'key': 'bill_id',
}) }}
select
    bills.bill_id,
    bills.bill_number,
    bills.document_type,
    bills.bill_date,
    bills.due_date,
    bills.vendor_id,
    bills.vendor_name,
    bills.vendor_account,
    bills.purchase_order,
    bills.original_bill_number,
    bills.payment_reference,
    bills.currency,
    bills.net_amount,
    bills.tax_amount,
    bills.total_amount,
    bills.prepaid_amount,
    bills.discount_percent,
    bills.discount_until_date,
    bills.tax_code,
    bills.status,
    bills.source_status,
    bills.is_sign_flipped,
    bills.business_date,
    {{ provenance_columns('bills') }}
from {{ ref('int_bills') }} as bills
