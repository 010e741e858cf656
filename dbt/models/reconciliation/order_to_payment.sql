-- Store orders against the charges that pay them, and charges that name no order.
with charges_by_order as (
    select
        order_id,
        count(*) as charge_count,
        sum(amount) as charged_amount,
        min(payment_date) as first_charge_date
    from {{ ref('int_order_charges') }}
    where order_id is not null and not is_after_as_of_date
    group by order_id
),

refunds_by_order as (
    select
        order_id,
        sum(coalesce(store_amount, 0)) as store_refunded_amount,
        sum(coalesce(provider_amount, 0)) as provider_refunded_amount
    from {{ ref('int_store_refunds') }}
    where order_id is not null
    group by order_id
),

suggested_orders as (
    select distinct suggested_order_id as order_id
    from {{ ref('int_order_charges') }}
    where order_id is null and suggested_order_id is not null
),

loose_charges as (
    select
        payment_id,
        entity_id,
        source_name,
        currency,
        amount,
        payment_date,
        party_name,
        is_in_review
    from {{ ref('int_order_charges') }}
    where order_id is null and invoice_id is null
),

joined as (
    select
        coalesce(orders.order_id, loose_charges.payment_id) as order_to_payment_id,
        coalesce(orders.entity_id, loose_charges.entity_id) as entity_id,
        coalesce(orders.source_name, loose_charges.source_name) as source_name,
        orders.order_id,
        orders.order_number,
        loose_charges.payment_id as unlinked_payment_id,
        coalesce(orders.customer_name, loose_charges.party_name) as customer_name,
        orders.status as order_status,
        coalesce(orders.currency, loose_charges.currency) as currency,
        coalesce(orders.total_amount, 0) as ordered_amount,
        coalesce(charges_by_order.charged_amount, loose_charges.amount, 0) as charged_amount,
        coalesce(refunds_by_order.store_refunded_amount, 0) as store_refunded_amount,
        coalesce(refunds_by_order.provider_refunded_amount, 0) as provider_refunded_amount,
        coalesce(charges_by_order.charge_count, case when loose_charges.payment_id is not null then 1 end, 0) as charge_count,
        orders.order_id is not null as has_order,
        coalesce(charges_by_order.order_id, loose_charges.payment_id) is not null as has_charge,
        policies.payment_source_name is not null as is_payment_expected,
        coalesce(orders.is_test, false) as is_test,
        coalesce(
            loose_charges.is_in_review,
            suggested_orders.order_id is not null and charges_by_order.order_id is null
        ) as is_in_review,
        orders.order_date,
        coalesce(charges_by_order.first_charge_date, loose_charges.payment_date) as first_charge_date,
        coalesce(orders.order_date, loose_charges.payment_date) as business_date
    from {{ ref('orders') }} as orders
    left join {{ ref('source_policies') }} as policies on orders.source_name = policies.source_name
    left join charges_by_order on orders.order_id = charges_by_order.order_id
    left join refunds_by_order on orders.order_id = refunds_by_order.order_id
    left join suggested_orders on orders.order_id = suggested_orders.order_id
    full outer join loose_charges on orders.order_id = loose_charges.payment_id
),

classified as (
    select
        order_to_payment_id,
        entity_id,
        source_name,
        order_id,
        order_number,
        unlinked_payment_id,
        customer_name,
        order_status,
        currency,
        ordered_amount,
        charged_amount,
        store_refunded_amount,
        provider_refunded_amount,
        charge_count,
        has_order,
        has_charge,
        is_payment_expected,
        is_test,
        is_in_review,
        order_date,
        first_charge_date,
        business_date,
        charged_amount - ordered_amount as difference_amount,
        provider_refunded_amount - store_refunded_amount as refund_difference_amount,
        case
            when business_date > {{ as_of_date() }} then 'after_as_of_date'
            when is_in_review then 'in_review'
            when not has_order and not {{ is_past_grace('business_date', 'charge_without_order') }} then 'waiting_for_order'
            when not has_order then 'charge_without_order'
            when is_test then 'test_order'
            when charged_amount = ordered_amount and not has_charge then 'nothing_to_pay'
            when charged_amount = ordered_amount then 'paid'
            when not has_charge and order_status = 'cancelled' then 'cancelled'
            when not has_charge and order_status in ('open', 'pending') then 'unpaid'
            when not has_charge and not is_payment_expected then 'paid_elsewhere'
            when not has_charge and not {{ is_past_grace('business_date', 'order_not_charged') }} then 'waiting_for_charge'
            when not has_charge then 'not_charged'
            when charged_amount - provider_refunded_amount = ordered_amount - store_refunded_amount then 'paid'
            when charged_amount - provider_refunded_amount = 0 and order_status = 'cancelled' then 'paid'
            when charge_count > 1 and charged_amount = ordered_amount * charge_count then 'charged_twice'
            else 'payment_differs'
        end as status
    from joined
)

select
    order_to_payment_id,
    entity_id,
    source_name,
    order_id,
    order_number,
    unlinked_payment_id,
    customer_name,
    order_status,
    status,
    case
        when status in ('paid', 'nothing_to_pay', 'test_order', 'cancelled', 'paid_elsewhere') then 'matched'
        when status in ('not_charged', 'charge_without_order', 'charged_twice', 'payment_differs', 'in_review') then 'open'
        else 'waiting'
    end as status_group,
    currency,
    cast(ordered_amount as decimal(18, 4)) as ordered_amount,
    cast(charged_amount as decimal(18, 4)) as charged_amount,
    cast(difference_amount as decimal(18, 4)) as difference_amount,
    cast(store_refunded_amount as decimal(18, 4)) as store_refunded_amount,
    cast(provider_refunded_amount as decimal(18, 4)) as provider_refunded_amount,
    cast(refund_difference_amount as decimal(18, 4)) as refund_difference_amount,
    charge_count,
    has_order,
    has_charge,
    is_payment_expected,
    order_date,
    first_charge_date,
    business_date
from classified
