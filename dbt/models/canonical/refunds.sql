{{ config(materialized='keyed', meta={
    'key': 'refund_id',
}) }}
with

shop_refunds as (
    select
        refunds.refund_id,
        {{ no_text() }} as payment_id,
        refunds.order_id,
        'shop' as refund_source,
        refunds.currency,
        refunds.amount,
        refunds.tax_amount,
        refunds.transaction_amount,
        refunds.refund_date,
        refunds.refund_date as stated_date,
        refunds.refunded_at,
        refunds.note as reason,
        refunds.status,
        {{ no_text() }} as source_status,
        {{ no_text() }} as balance_transaction_id,
        false as is_sign_flipped,
        refunds.entity_id,
        refunds.source_name,
        'order_refunds' as source_object,
        refunds.native_id as source_id,
        refunds.source_updated_at,
        refunds.source_file,
        refunds.source_position,
        refunds.load_id,
        refunds.record_hash
    from {{ ref('int_shop_refunds') }} as refunds
),

psp_refunds as (
    select
        refunds.source_name || ':' || refunds.refund_id as refund_id,
        {{ source_key('refunds.source_name', 'refunds.charge_id') }} as payment_id,
        payments.order_id,
        'psp' as refund_source,
        refunds.currency,
        refunds.amount,
        {{ money('0') }} as tax_amount,
        refunds.amount as transaction_amount,
        refunds.business_date as refund_date,
        refunds.business_date as stated_date,
        refunds.created_at as refunded_at,
        refunds.reason,
        coalesce(mappings.status, 'unmapped') as status,
        lower(refunds.status) as source_status,
        {{ source_key('refunds.source_name', 'refunds.balance_transaction_id') }} as balance_transaction_id,
        false as is_sign_flipped,
        {{ provenance('refunds', 'refunds', 'refunds.refund_id') }}
    from {{ ref('stg_stripe__refunds') }} as refunds
    left join {{ ref('payments') }} as payments
        on {{ source_key('refunds.source_name', 'refunds.charge_id') }} = payments.payment_id
    left join {{ ref('status_mappings') }} as mappings
        on mappings.source_kind = 'stripe'
        and mappings.object = 'refund'
        and lower(refunds.status) = mappings.source_status
    where refunds.record_state = 'current'
),

csv_refunds as (
    select
        refunds.source_name || ':' || refunds.payment_id as refund_id,
        {{ no_text() }} as payment_id,
        orders.order_id,
        'csv' as refund_source,
        refunds.currency,
        {{ money('abs(refunds.amount)') }} as amount,
        {{ money('0') }} as tax_amount,
        {{ money('abs(refunds.amount)') }} as transaction_amount,
        refunds.known_date as refund_date,
        refunds.business_date as stated_date,
        {{ date_to_timestamp('refunds.known_date') }} as refunded_at,
        refunds.reference as reason,
        coalesce(mappings.status, 'unmapped') as status,
        lower(coalesce(refunds.status, 'succeeded')) as source_status,
        {{ source_key('refunds.source_name', 'refunds.balance_transaction_id') }} as balance_transaction_id,
        refunds.amount < 0 as is_sign_flipped,
        {{ provenance('refunds', 'payments', 'refunds.payment_id') }}
    from {{ ref('stg_csv__payments') }} as refunds
    left join {{ ref('int_order_references') }} as orders
        on refunds.entity_id = orders.entity_id
        and {{ reference_key('refunds.order_number') }} = orders.reference_key
    left join {{ ref('status_mappings') }} as mappings
        on mappings.source_kind = 'csv'
        and mappings.object = 'payment'
        and lower(coalesce(refunds.status, 'succeeded')) = mappings.source_status
    where refunds.record_state = 'current' and lower(refunds.payment_type) = 'refund'
),

all_refunds as (
    select * from shop_refunds
    union all
    select * from psp_refunds
    union all
    select * from csv_refunds
)

select
    refunds.refund_id,
    refunds.payment_id,
    refunds.order_id,
    refunds.refund_source,
    refunds.currency,
    refunds.amount,
    {{ money('refunds.amount - refunds.tax_amount') }} as net_amount,
    refunds.tax_amount,
    refunds.transaction_amount,
    refunds.refund_date,
    refunds.refunded_at,
    refunds.reason,
    refunds.status,
    refunds.source_status,
    refunds.refund_date as business_date,
    refunds.stated_date,
    refunds.balance_transaction_id,
    refunds.is_sign_flipped,
    {{ provenance_columns('refunds') }}
from all_refunds as refunds
