-- Through which channel the money of an invoice comes. An invoice of a store order is paid by the
-- order's charge: looking for a bank transfer for it would find someone else's money.
with charges as (
    select
        invoice_id,
        count(*) as charge_count
    from {{ ref('payments') }}
    where payment_type = 'charge' and invoice_id is not null and status = 'succeeded'
    group by invoice_id
)

select
    invoices.invoice_id,
    case
        when invoices.status in ('void', 'draft') then 'none'
        when charges.charge_count > 0 then 'charge'
        when orders.order_id is not null and source_policies.payment_source_name is not null then 'order'
        else 'bank'
    end as settlement_channel,
    orders.order_id
from {{ ref('invoices') }} as invoices
left join charges on invoices.invoice_id = charges.invoice_id
left join {{ ref('orders') }} as orders on invoices.order_id = orders.order_id
left join {{ ref('source_policies') }} as source_policies on orders.source_name = source_policies.source_name
