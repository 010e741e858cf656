-- Vendor bills: unpaid too long, paid with another amount, or entered twice.
with entered as (
    select
        bill_id,
        entity_id,
        bill_number,
        vendor_name,
        currency,
        total_amount,
        bill_date,
        due_date,
        first_value(bill_id) over (
            partition by entity_id, vendor_id, {{ match_key('bill_number') }}, currency, total_amount
            order by bill_date, bill_id
        ) as first_bill_id
    from {{ ref('bill_to_bank') }}
    where document_type <> 'credit_note' and status <> 'void' and vendor_id is not null and bill_number is not null
)

select
    'bill_overdue' as exception_type,
    entity_id,
    'bill' as document_type,
    bill_id as document_id,
    bill_number as document_number,
    vendor_name as party_name,
    currency,
    open_amount as amount,
    total_amount as expected_amount,
    paid_amount as actual_amount,
    bill_date as business_date,
    due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('bill_to_bank') }}
where status = 'overdue' and days_overdue > {{ grace_days('bill_overdue') }}

union all

select
    'bill_short_paid' as exception_type,
    entity_id,
    'bill' as document_type,
    bill_id as document_id,
    bill_number as document_number,
    vendor_name as party_name,
    currency,
    open_amount as amount,
    total_amount as expected_amount,
    paid_amount as actual_amount,
    bill_date as business_date,
    due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('bill_to_bank') }}
where
    status = 'partly_paid'
    -- The second half of a payment may be on its way.
    and (days_overdue > {{ grace_days('bill_overdue') }} or {{ is_past_grace('last_paid_date', 'bill_short_paid') }})

union all

select
    'bill_over_paid' as exception_type,
    entity_id,
    'bill' as document_type,
    bill_id as document_id,
    bill_number as document_number,
    vendor_name as party_name,
    currency,
    overpaid_amount as amount,
    total_amount as expected_amount,
    paid_amount + overpaid_amount as actual_amount,
    bill_date as business_date,
    due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('bill_to_bank') }}
where status = 'overpaid'

union all

select
    'bill_duplicate' as exception_type,
    entity_id,
    'bill' as document_type,
    bill_id as document_id,
    bill_number as document_number,
    vendor_name as party_name,
    currency,
    total_amount as amount,
    total_amount as expected_amount,
    total_amount as actual_amount,
    bill_date as business_date,
    due_date,
    first_bill_id as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from entered
where first_bill_id <> bill_id
