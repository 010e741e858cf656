-- Where the books of the ERP and ours differ, and events that no posting rule took.
select
    'unposted_event' as exception_type,
    entity_id,
    document_type,
    document_id,
    document_number,
    cast(null as varchar) as party_name,
    currency,
    abs(amount) as amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    event_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('int_unposted_events') }}
