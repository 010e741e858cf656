-- Invoices and credit notes. Those of store orders are told with their order; those whose transfer waits
-- for a person are told with the transfer.
with invoices as (
    select
        entity_id,
        document_type,
        invoice_id,
        invoice_number,
        customer_name,
        status,
        currency,
        total_amount,
        paid_amount,
        open_amount,
        overpaid_amount,
        invoice_date,
        due_date,
        last_paid_date,
        days_overdue
    from {{ ref('invoice_to_payment') }}
    where settlement_channel <> 'order'
)

select
    'invoice_overdue' as exception_type,
    entity_id,
    document_type,
    invoice_id as document_id,
    invoice_number as document_number,
    customer_name as party_name,
    currency,
    open_amount as amount,
    total_amount as expected_amount,
    paid_amount as actual_amount,
    invoice_date as business_date,
    due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from invoices
where status = 'overdue' and days_overdue > {{ grace_days('invoice_overdue') }}

union all

select
    'invoice_short_paid' as exception_type,
    entity_id,
    document_type,
    invoice_id as document_id,
    invoice_number as document_number,
    customer_name as party_name,
    currency,
    open_amount as amount,
    total_amount as expected_amount,
    paid_amount as actual_amount,
    invoice_date as business_date,
    due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from invoices
where
    status = 'partly_paid'
    -- The second half of a payment may be on its way.
    and (days_overdue > {{ grace_days('invoice_overdue') }} or {{ is_past_grace('last_paid_date', 'invoice_short_paid') }})

union all

select
    'invoice_over_paid' as exception_type,
    entity_id,
    document_type,
    invoice_id as document_id,
    invoice_number as document_number,
    customer_name as party_name,
    currency,
    overpaid_amount as amount,
    total_amount as expected_amount,
    paid_amount + overpaid_amount as actual_amount,
    invoice_date as business_date,
    due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from invoices
where status = 'overpaid'

union all

select
    'credit_note_open' as exception_type,
    entity_id,
    document_type,
    invoice_id as document_id,
    invoice_number as document_number,
    customer_name as party_name,
    currency,
    abs(open_amount) as amount,
    total_amount as expected_amount,
    paid_amount as actual_amount,
    invoice_date as business_date,
    due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from invoices
where status = 'credit_note_open' and {{ is_past_grace('invoice_date', 'credit_note_open') }}
