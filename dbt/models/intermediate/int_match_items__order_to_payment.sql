-- Store orders against the charges of their payment provider. Orders that the store itself calls
-- unpaid wait for nothing; tests move no money.
select
    'order_to_payment' as reconciliation,
    'left' as side,
    'order' as item_type,
    orders.order_id as item_id,
    orders.entity_id as entity_id,
    policies.payment_source_name as account_id,
    orders.currency as currency,
    orders.total_amount as amount,
    orders.order_date as item_date,
    cast(null as date) as due_date,
    orders.customer_id as party_id,
    orders.customer_name as party_name,
    cast(null as varchar) as party_account,
    concat_ws(' ', orders.source_id, orders.order_number) as reference_text,
    {{ reference_key_list(['orders.order_id', 'orders.source_id', 'orders.order_number']) }} as reference_keys,
    cast(null as varchar) as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    cast(null as decimal(18, 4)) as original_amount,
    cast(null as varchar) as original_currency
from {{ ref('orders') }} as orders
inner join {{ ref('source_policies') }} as policies on orders.source_name = policies.source_name
where
    policies.payment_source_name is not null
    and orders.total_amount <> 0
    and not coalesce(orders.is_test, false)
    and orders.order_date <= {{ as_of_date() }}

union all

select
    'order_to_payment' as reconciliation,
    'right' as side,
    'payment' as item_type,
    payments.payment_id as item_id,
    payments.entity_id as entity_id,
    payments.source_name as account_id,
    payments.currency as currency,
    coalesce(payments.captured_amount, payments.amount) as amount,
    payments.payment_date as item_date,
    cast(null as date) as due_date,
    payments.party_id as party_id,
    payments.party_name as party_name,
    cast(null as varchar) as party_account,
    concat_ws(' ', payments.order_number, payments.reference) as reference_text,
    {{ reference_key_list(['payments.order_id', 'payments.order_number', 'payments.reference']) }} as reference_keys,
    cast(null as varchar) as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    cast(null as decimal(18, 4)) as original_amount,
    cast(null as varchar) as original_currency
from {{ ref('payments') }} as payments
-- An invoice that never came cannot hold the charge (as in int_order_charges).
left join {{ ref('invoices') }} as invoices
    on payments.invoice_id = invoices.invoice_id
    and payments.currency = invoices.currency
where
    payments.payment_type = 'charge'
    and payments.status = 'succeeded'
    and invoices.invoice_id is null
    and payments.amount <> 0
    and payments.payment_date <= {{ as_of_date() }}
