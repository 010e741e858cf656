-- Invoice numbers per entity, for payments that name one. A number that two invoices share is left out.
select
    entity_id,
    {{ reference_key('invoice_number') }} as reference_key,
    min(invoice_id) as invoice_id
from {{ ref('int_invoices') }}
group by 1, 2
having min(invoice_id) = max(invoice_id)
