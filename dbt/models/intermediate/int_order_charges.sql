-- Charges of the payment provider and the order each pays: the order that the provider's record names,
-- or the one that the matching engine found by amount, date and customer.
with matched as (
    select
        allocations.right_id as payment_id,
        min(allocations.left_id) as order_id
    from {{ ref('match_allocations') }} as allocations
    inner join {{ ref('matches') }} as matches on allocations.match_id = matches.match_id
    where
        matches.reconciliation = 'order_to_payment'
        and matches.status in ('auto', 'confirmed')
        and allocations.right_type = 'payment'
    group by allocations.right_id
),

reviewed as (
    select
        allocations.right_id as payment_id,
        min(allocations.left_id) as order_id
    from {{ ref('match_allocations') }} as allocations
    inner join {{ ref('matches') }} as matches on allocations.match_id = matches.match_id
    where
        matches.reconciliation = 'order_to_payment'
        and matches.status = 'suggested'
        and allocations.right_type = 'payment'
    group by allocations.right_id
)

select
    payments.payment_id,
    payments.entity_id,
    payments.source_name,
    invoices.invoice_id,
    orders.order_id,
    payments.order_number,
    payments.party_name,
    payments.currency,
    coalesce(payments.captured_amount, payments.amount) as amount,
    payments.fee_amount,
    payments.payment_date,
    payments.balance_transaction_id,
    payments.payout_id,
    reviewed.order_id as suggested_order_id,
    reviewed.payment_id is not null as is_in_review,
    payments.payment_date > {{ as_of_date() }} as is_after_as_of_date
from {{ ref('payments') }} as payments
left join matched on payments.payment_id = matched.payment_id
-- A charge in another currency than its order pays nothing of it: 100 yen would look like 100 dollars.
left join {{ ref('orders') }} as orders
    on coalesce(payments.order_id, matched.order_id) = orders.order_id
    and payments.currency = orders.currency
-- Providers name invoices that never come here; a charge that only such an invoice holds would be in no
-- reconciliation at all.
left join {{ ref('invoices') }} as invoices
    on payments.invoice_id = invoices.invoice_id
    and payments.currency = invoices.currency
left join reviewed on payments.payment_id = reviewed.payment_id
where payments.payment_type = 'charge' and payments.status = 'succeeded'
