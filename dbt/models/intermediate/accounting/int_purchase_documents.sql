-- One row per vendor bill or vendor credit note (negative) that we owe, with the day it became known.
select
    case when bills.document_type = 'credit_note' then 'vendor_credit_note' else 'bill' end as document_type,
    bills.bill_id as document_id,
    bills.source_id as document_number,
    bills.bill_number,
    bills.entity_id,
    bills.source_name,
    bills.bill_date as document_date,
    {{ business_date('coalesce(first_seen.first_seen_at, bills.source_updated_at)', 'legal_entities.time_zone') }} as recorded_date,
    bills.vendor_id,
    bills.currency,
    bills.net_amount,
    bills.tax_amount,
    bills.total_amount
from {{ ref('bills') }} as bills
left join {{ ref('legal_entities') }} as legal_entities on bills.entity_id = legal_entities.legal_entity_id
left join {{ ref('int_document_first_seen') }} as first_seen
    on first_seen.document_type = 'bill' and bills.bill_id = first_seen.document_id
where bills.status not in ('void', 'draft')
