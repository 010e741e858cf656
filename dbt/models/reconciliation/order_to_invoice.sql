-- Orders against the invoices that bill them. Only stores whose policy says so need an invoice for each
-- order; invoices that name no order (direct sales) stand in the table with their own status, so that
-- every invoice is in it once.
with linked_invoices as (
    select
        invoices.invoice_id,
        invoices.invoice_number,
        orders.order_id,
        invoices.entity_id,
        invoices.source_name,
        invoices.customer_name,
        invoices.order_number,
        invoices.currency,
        invoices.total_amount,
        invoices.document_type,
        invoices.invoice_date,
        invoices.status in ('void', 'draft') as is_void
    from {{ ref('invoices') }} as invoices
    -- In another currency it bills another sum: 100 dollars would look like the 100 euros of the order.
    left join {{ ref('orders') }} as orders
        on invoices.order_id = orders.order_id
        and invoices.currency = orders.currency
),

invoices_by_order as (
    select
        order_id,
        count(*) as invoice_count,
        min(invoice_number) as first_invoice_number,
        min(invoice_date) as first_invoice_date,
        sum(case when document_type = 'invoice' then total_amount else 0 end) as invoiced_amount,
        -sum(case when document_type = 'credit_note' then total_amount else 0 end) as credited_amount,
        max(case when document_type = 'credit_note' then invoice_date end) as last_credit_date
    from linked_invoices
    where order_id is not null and not is_void and invoice_date <= {{ as_of_date() }}
    group by order_id
),

refunds_by_order as (
    select
        order_id,
        sum(amount) as refunded_amount
    from {{ ref('refunds') }}
    where refund_source = 'shop' and order_id is not null and refund_date <= {{ as_of_date() }}
    group by order_id
),

-- What the provider paid back: an order of a store that lists no refunds is refunded all the same.
paid_back_by_order as (
    select
        order_id,
        currency,
        sum(provider_amount) as paid_back_amount
    from {{ ref('int_store_refunds') }}
    where order_id is not null and provider_amount is not null
    group by order_id, currency
),

loose_invoices as (
    select
        invoice_id,
        invoice_number,
        entity_id,
        source_name,
        customer_name,
        order_number,
        currency,
        case when document_type = 'invoice' and not is_void then total_amount else 0 end as invoiced_amount,
        case when document_type = 'credit_note' and not is_void then -total_amount else 0 end as credited_amount,
        invoice_date,
        is_void
    from linked_invoices
    where order_id is null or is_void
),

joined as (
    select
        coalesce(orders.order_id, loose_invoices.invoice_id) as order_to_invoice_id,
        coalesce(orders.entity_id, loose_invoices.entity_id) as entity_id,
        coalesce(orders.source_name, loose_invoices.source_name) as source_name,
        orders.order_id,
        coalesce(orders.order_number, loose_invoices.order_number) as order_number,
        loose_invoices.invoice_id as unlinked_invoice_id,
        coalesce(invoices_by_order.first_invoice_number, loose_invoices.invoice_number) as first_invoice_number,
        coalesce(orders.customer_name, loose_invoices.customer_name) as customer_name,
        orders.status as order_status,
        coalesce(orders.currency, loose_invoices.currency) as currency,
        coalesce(orders.total_amount, 0) as ordered_amount,
        coalesce(invoices_by_order.invoiced_amount, loose_invoices.invoiced_amount, 0) as invoiced_amount,
        coalesce(invoices_by_order.credited_amount, loose_invoices.credited_amount, 0) as credited_amount,
        coalesce(refunds_by_order.refunded_amount, 0) as refunded_amount,
        greatest(coalesce(refunds_by_order.refunded_amount, 0), coalesce(paid_back_by_order.paid_back_amount, 0)) as returned_amount,
        invoices_by_order.last_credit_date,
        coalesce(invoices_by_order.invoice_count, case when loose_invoices.invoice_id is not null then 1 end, 0) as invoice_count,
        orders.order_id is not null as has_order,
        coalesce(invoices_by_order.order_id, loose_invoices.invoice_id) is not null as has_invoice,
        coalesce(policies.invoice_required, false) as is_invoice_required,
        coalesce(orders.is_test, false) as is_test,
        coalesce(loose_invoices.is_void, false) as is_void,
        orders.order_date,
        coalesce(invoices_by_order.first_invoice_date, loose_invoices.invoice_date) as first_invoice_date,
        coalesce(orders.order_date, loose_invoices.invoice_date) as business_date
    from {{ ref('orders') }} as orders
    left join {{ ref('source_policies') }} as policies on orders.source_name = policies.source_name
    left join invoices_by_order on orders.order_id = invoices_by_order.order_id
    left join refunds_by_order on orders.order_id = refunds_by_order.order_id
    left join paid_back_by_order
        on orders.order_id = paid_back_by_order.order_id
        and orders.currency = paid_back_by_order.currency
    full outer join loose_invoices on orders.order_id = loose_invoices.invoice_id
),

classified as (
    select
        order_to_invoice_id,
        entity_id,
        source_name,
        order_id,
        order_number,
        unlinked_invoice_id,
        first_invoice_number,
        customer_name,
        order_status,
        currency,
        ordered_amount,
        invoiced_amount,
        credited_amount,
        refunded_amount,
        invoice_count,
        has_order,
        has_invoice,
        is_invoice_required,
        is_test,
        is_void,
        order_date,
        first_invoice_date,
        business_date,
        -- A credit beyond what was given back is a difference: it takes the sale out of the books, and the
        -- money stays with us or leaves on another way. Refunds need no credit note of their own.
        case
            when invoiced_amount - credited_amount = ordered_amount - refunded_amount then 0
            when order_status = 'cancelled' and invoiced_amount = credited_amount then 0
            when credited_amount = 0 and invoiced_amount = ordered_amount - refunded_amount then 0
            else ordered_amount - invoiced_amount + greatest(0, credited_amount - returned_amount)
        end as difference_amount,
        invoiced_amount = ordered_amount
        and credited_amount > returned_amount
        and not {{ is_past_grace('last_credit_date', 'refund_not_paid_out') }} as is_refund_expected
    from joined
),

final as (
    select
        order_to_invoice_id,
        entity_id,
        source_name,
        order_id,
        order_number,
        unlinked_invoice_id,
        first_invoice_number,
        customer_name,
        order_status,
        currency,
        ordered_amount,
        invoiced_amount,
        credited_amount,
        refunded_amount,
        invoice_count,
        has_order,
        has_invoice,
        is_invoice_required,
        is_test,
        is_void,
        order_date,
        first_invoice_date,
        business_date,
        difference_amount,
        case
            when business_date > {{ as_of_date() }} then 'after_as_of_date'
            when is_void then 'void_invoice'
            when not has_order and order_number is null then 'direct_invoice'
            when not has_order then 'invoice_without_order'
            when is_test then 'test_order'
            when not has_invoice and not is_invoice_required then 'invoice_not_required'
            when not has_invoice and order_status = 'cancelled' then 'cancelled'
            when not has_invoice and ordered_amount = 0 then 'invoice_not_required'
            when not has_invoice and not {{ is_past_grace('business_date', 'order_not_invoiced') }} then 'waiting_for_invoice'
            when not has_invoice then 'not_invoiced'
            when difference_amount <> 0 and is_refund_expected then 'waiting_for_refund'
            when difference_amount <> 0 then 'differs'
            when invoiced_amount = ordered_amount then 'invoiced'
            else 'invoiced_net_of_refunds'
        end as status
    from classified
)

select
    order_to_invoice_id,
    entity_id,
    source_name,
    order_id,
    order_number,
    unlinked_invoice_id,
    first_invoice_number,
    customer_name,
    order_status,
    status,
    case
        when status in ('not_invoiced', 'differs', 'invoice_without_order') then 'open'
        when status in ('waiting_for_invoice', 'waiting_for_refund', 'after_as_of_date') then 'waiting'
        else 'matched'
    end as status_group,
    currency,
    cast(ordered_amount as decimal(18, 4)) as ordered_amount,
    cast(invoiced_amount as decimal(18, 4)) as invoiced_amount,
    cast(credited_amount as decimal(18, 4)) as credited_amount,
    cast(refunded_amount as decimal(18, 4)) as refunded_amount,
    cast(case when status = 'differs' then difference_amount when status = 'not_invoiced' then ordered_amount else 0 end as decimal(18, 4)) as difference_amount,
    invoice_count,
    has_order,
    has_invoice,
    is_invoice_required,
    order_date,
    first_invoice_date,
    business_date
from final
