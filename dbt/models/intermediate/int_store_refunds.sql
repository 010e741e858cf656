-- Refunds that a store promised, each with the provider's refund that paid it. Paired by order and
-- amount, the first with the first; what is left is compared per order, because a store may split one
-- refund of the provider into two or the other way round.
with store_refunds as (
    select
        refunds.refund_id,
        refunds.entity_id,
        refunds.source_name,
        refunds.order_id,
        refunds.currency,
        refunds.amount,
        refunds.refund_date,
        row_number() over (
            partition by refunds.order_id, refunds.amount order by refunds.refunded_at, refunds.refund_id
        ) as occurrence
    from {{ ref('refunds') }} as refunds
    where refunds.refund_source = 'shop' and refunds.amount <> 0 and refunds.refund_date <= {{ as_of_date() }}
),

provider_refunds as (
    select
        refunds.refund_id,
        refunds.entity_id,
        refunds.source_name,
        coalesce(charges.order_id, refunds.order_id) as order_id,
        refunds.payment_id,
        refunds.currency,
        refunds.amount,
        refunds.refund_date,
        row_number() over (
            partition by coalesce(charges.order_id, refunds.order_id, refunds.refund_id), refunds.amount
            order by refunds.refunded_at, refunds.refund_id
        ) as occurrence
    from {{ ref('refunds') }} as refunds
    left join {{ ref('int_order_charges') }} as charges on refunds.payment_id = charges.payment_id
    where
        refunds.refund_source <> 'shop'
        and coalesce(refunds.status, 'succeeded') in ('succeeded', 'pending')
        and refunds.amount <> 0
        and refunds.refund_date <= {{ as_of_date() }}
),

paired as (
    select
        coalesce(store_refunds.order_id, provider_refunds.order_id) as order_id,
        coalesce(store_refunds.entity_id, provider_refunds.entity_id) as entity_id,
        coalesce(store_refunds.currency, provider_refunds.currency) as currency,
        store_refunds.refund_id as store_refund_id,
        store_refunds.amount as store_amount,
        store_refunds.refund_date as store_refund_date,
        provider_refunds.refund_id as provider_refund_id,
        provider_refunds.payment_id,
        provider_refunds.amount as provider_amount,
        provider_refunds.refund_date as provider_refund_date
    from store_refunds
    full outer join provider_refunds
        on
            store_refunds.order_id = provider_refunds.order_id
            and store_refunds.currency = provider_refunds.currency
            and store_refunds.amount = provider_refunds.amount
            and store_refunds.occurrence = provider_refunds.occurrence
),

order_totals as (
    select
        order_id,
        sum(coalesce(store_amount, 0)) as store_amount,
        sum(coalesce(provider_amount, 0)) as provider_amount
    from paired
    where order_id is not null
    group by order_id
)

select
    paired.order_id,
    paired.entity_id,
    paired.currency,
    paired.store_refund_id,
    paired.provider_refund_id,
    paired.payment_id,
    paired.store_amount,
    paired.provider_amount,
    paired.store_refund_date,
    paired.provider_refund_date,
    case
        when paired.order_id is null then 'no_order'
        when paired.store_refund_id is not null and paired.provider_refund_id is not null then 'paid_out'
        when order_totals.store_amount = order_totals.provider_amount then 'paid_out'
        when paired.store_refund_id is not null then 'not_paid_out'
        else 'not_in_store'
    end as status
from paired
left join order_totals on paired.order_id = order_totals.order_id
