-- Store orders, their charges, invoices and refunds. Where one cause explains two differences, only the
-- cause is told: an order edited after its invoice also differs from its charge.
with payments_of_orders as (
    select
        order_id,
        unlinked_payment_id,
        order_number,
        entity_id,
        customer_name,
        status,
        currency,
        ordered_amount,
        charged_amount,
        difference_amount,
        charge_count,
        has_charge,
        business_date
    from {{ ref('order_to_payment') }}
),

invoices_of_orders as (
    select
        order_id,
        unlinked_invoice_id,
        order_number,
        first_invoice_number,
        entity_id,
        customer_name,
        status,
        currency,
        ordered_amount,
        invoiced_amount,
        credited_amount,
        difference_amount,
        business_date
    from {{ ref('order_to_invoice') }}
),

refunds as (
    select
        order_id,
        entity_id,
        currency,
        status,
        store_refund_id,
        store_amount,
        store_refund_date,
        provider_refund_id,
        payment_id,
        provider_amount,
        provider_refund_date
    from {{ ref('int_store_refunds') }}
)

select
    'order_not_charged' as exception_type,
    entity_id,
    'order' as document_type,
    order_id as document_id,
    order_number as document_number,
    customer_name as party_name,
    currency,
    ordered_amount as amount,
    ordered_amount as expected_amount,
    charged_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from payments_of_orders
where status = 'not_charged'

union all

select
    'payment_differs' as exception_type,
    payments_of_orders.entity_id as entity_id,
    'order' as document_type,
    payments_of_orders.order_id as document_id,
    payments_of_orders.order_number as document_number,
    payments_of_orders.customer_name as party_name,
    payments_of_orders.currency as currency,
    abs(payments_of_orders.difference_amount) as amount,
    payments_of_orders.ordered_amount as expected_amount,
    payments_of_orders.charged_amount as actual_amount,
    payments_of_orders.business_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from payments_of_orders
left join invoices_of_orders on payments_of_orders.order_id = invoices_of_orders.order_id
where payments_of_orders.status = 'payment_differs'
    and not coalesce(
        invoices_of_orders.status = 'differs'
        and invoices_of_orders.invoiced_amount = payments_of_orders.charged_amount,
        false
    )

union all

select
    'order_charged_twice' as exception_type,
    entity_id,
    'order' as document_type,
    order_id as document_id,
    order_number as document_number,
    customer_name as party_name,
    currency,
    difference_amount as amount,
    ordered_amount as expected_amount,
    charged_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(charge_count as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from payments_of_orders
where status = 'charged_twice'

union all

select
    'charge_without_order' as exception_type,
    entity_id,
    'payment' as document_type,
    unlinked_payment_id as document_id,
    unlinked_payment_id as document_number,
    customer_name as party_name,
    currency,
    charged_amount as amount,
    cast(0 as decimal(18, 4)) as expected_amount,
    charged_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from payments_of_orders
where status = 'charge_without_order'

union all

select
    'order_not_invoiced' as exception_type,
    entity_id,
    'order' as document_type,
    order_id as document_id,
    order_number as document_number,
    customer_name as party_name,
    currency,
    ordered_amount as amount,
    ordered_amount as expected_amount,
    invoiced_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from invoices_of_orders
where status = 'not_invoiced'

union all

select
    'order_invoice_difference' as exception_type,
    entity_id,
    'order' as document_type,
    order_id as document_id,
    order_number as document_number,
    customer_name as party_name,
    currency,
    abs(difference_amount) as amount,
    ordered_amount as expected_amount,
    invoiced_amount - credited_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    first_invoice_number as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from invoices_of_orders
where status = 'differs'

union all

select
    'invoice_without_order' as exception_type,
    entity_id,
    'invoice' as document_type,
    unlinked_invoice_id as document_id,
    first_invoice_number as document_number,
    customer_name as party_name,
    currency,
    invoiced_amount as amount,
    cast(0 as decimal(18, 4)) as expected_amount,
    invoiced_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    order_number as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from invoices_of_orders
where status = 'invoice_without_order'

union all

select
    'refund_not_paid_out' as exception_type,
    refunds.entity_id as entity_id,
    'refund' as document_type,
    refunds.store_refund_id as document_id,
    refunds.store_refund_id as document_number,
    payments_of_orders.customer_name as party_name,
    refunds.currency as currency,
    refunds.store_amount as amount,
    refunds.store_amount as expected_amount,
    cast(0 as decimal(18, 4)) as actual_amount,
    refunds.store_refund_date as business_date,
    cast(null as date) as due_date,
    payments_of_orders.order_number as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from refunds
inner join payments_of_orders on refunds.order_id = payments_of_orders.order_id
where refunds.status = 'not_paid_out'
    and payments_of_orders.has_charge
    and {{ is_past_grace('refunds.store_refund_date', 'refund_not_paid_out') }}

union all

select
    'refund_not_in_store' as exception_type,
    refunds.entity_id as entity_id,
    'refund' as document_type,
    refunds.provider_refund_id as document_id,
    refunds.provider_refund_id as document_number,
    payments_of_orders.customer_name as party_name,
    refunds.currency as currency,
    refunds.provider_amount as amount,
    cast(0 as decimal(18, 4)) as expected_amount,
    refunds.provider_amount as actual_amount,
    refunds.provider_refund_date as business_date,
    cast(null as date) as due_date,
    payments_of_orders.order_number as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from refunds
inner join payments_of_orders on refunds.order_id = payments_of_orders.order_id
where refunds.status = 'not_in_store'
    and {{ is_past_grace('refunds.provider_refund_date', 'refund_not_in_store') }}

union all

-- Money went back for a charge that neither an order nor an invoice explains: nobody promised it.
select
    'refund_not_in_store' as exception_type,
    refunds.entity_id as entity_id,
    'refund' as document_type,
    refunds.provider_refund_id as document_id,
    refunds.provider_refund_id as document_number,
    charges.party_name as party_name,
    refunds.currency as currency,
    refunds.provider_amount as amount,
    cast(0 as decimal(18, 4)) as expected_amount,
    refunds.provider_amount as actual_amount,
    refunds.provider_refund_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from refunds
left join {{ ref('int_order_charges') }} as charges on refunds.payment_id = charges.payment_id
where refunds.status = 'no_order'
    and charges.invoice_id is null
    and {{ is_past_grace('refunds.provider_refund_date', 'refund_not_in_store') }}

union all

select
    'match_to_review' as exception_type,
    charges.entity_id,
    'payment' as document_type,
    charges.payment_id as document_id,
    charges.payment_id as document_number,
    charges.party_name,
    charges.currency,
    charges.amount,
    charges.amount as expected_amount,
    charges.amount as actual_amount,
    charges.payment_date as business_date,
    cast(null as date) as due_date,
    'order ' || charges.suggested_order_id as other_number,
    'the charge names no order, only amount and time fit' as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('int_order_charges') }} as charges
where charges.order_id is null and charges.is_in_review and not charges.is_after_as_of_date
