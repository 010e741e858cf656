{{ config(materialized='keyed', meta={
    'key': 'payment_id',
}) }}
with

charges as (
    select
        charges.source_name || ':' || charges.charge_id as payment_id,
        'charge' as payment_type,
        charges.payment_method_type as payment_method,
        charges.customer_id as source_party_id,
        'customer' as party_type,
        charges.billing_name as party_name,
        charges.order_reference as order_number,
        {{ source_key('charges.source_name', 'charges.invoice_id') }} as invoice_id,
        {{ no_text() }} as invoice_number,
        coalesce(charges.description, charges.order_reference) as reference,
        charges.currency,
        charges.amount,
        charges.captured_amount,
        {{ no_money() }} as stated_fee_amount,
        lower(charges.status) as source_status,
        'stripe' as source_kind,
        'charge' as source_status_object,
        coalesce(charges.is_captured, true) as is_captured,
        charges.created_at as paid_at,
        charges.business_date,
        charges.business_date as stated_date,
        {{ source_key('charges.source_name', 'charges.balance_transaction_id') }} as balance_transaction_id,
        {{ provenance('charges', 'charges', 'charges.charge_id') }}
    from {{ ref('stg_stripe__charges') }} as charges
    where charges.record_state = 'current'
),

csv_payments as (
    select
        payments.source_name || ':' || payments.payment_id as payment_id,
        case
            when lower(payments.payment_type) in ('charge', 'receipt', 'outgoing') then lower(payments.payment_type)
            when payments.amount < 0 then 'outgoing'
            else 'receipt'
        end as payment_type,
        payments.method as payment_method,
        payments.party_id as source_party_id,
        case when lower(payments.payment_type) = 'outgoing' then 'vendor' else 'customer' end as party_type,
        payments.party_name,
        payments.order_number,
        {{ no_text() }} as invoice_id,
        payments.invoice_number,
        payments.reference,
        payments.currency,
        {{ money('payments.amount') }} as amount,
        {{ money('payments.amount') }} as captured_amount,
        {{ money('payments.fee_amount') }} as stated_fee_amount,
        lower(coalesce(payments.status, 'succeeded')) as source_status,
        'csv' as source_kind,
        'payment' as source_status_object,
        true as is_captured,
        {{ date_to_timestamp('payments.known_date') }} as paid_at,
        payments.known_date as business_date,
        payments.business_date as stated_date,
        {{ source_key('payments.source_name', 'payments.balance_transaction_id') }} as balance_transaction_id,
        {{ provenance('payments', 'payments', 'payments.payment_id') }}
    from {{ ref('stg_csv__payments') }} as payments
    where payments.record_state = 'current' and coalesce(lower(payments.payment_type), '') <> 'refund'
),

-- Keys for the joins below. They are columns, because a join on a condition of one side alone makes
-- the engine compare every payment with every name.
all_payments as (
    select
        *,
        case when party_type = 'customer' then source_party_id end as source_customer_id,
        case when source_party_id is null then {{ name_key('party_name') }} end as party_name_key,
        {{ reference_key('order_number') }} as order_key,
        {{ reference_key('invoice_number') }} as invoice_key
    from (
        select * from charges
        union all
        select * from csv_payments
    ) as payments_of_all_sources
)

select
    all_payments.payment_id,
    all_payments.payment_type,
    all_payments.payment_method,
    -- The order knows its customer better than the provider, who sees only a card.
    coalesce(
        orders.customer_id,
        customers.customer_id,
        identifiers.party_id,
        names.party_id,
        {{ source_key('all_payments.source_name', 'all_payments.source_party_id') }}
    ) as party_id,
    all_payments.party_name,
    orders.order_id,
    all_payments.order_number,
    coalesce(all_payments.invoice_id, invoices.invoice_id) as invoice_id,
    all_payments.reference,
    all_payments.currency,
    all_payments.amount,
    all_payments.captured_amount,
    {{ money('coalesce(all_payments.stated_fee_amount, movements.fee_amount, 0)') }} as fee_amount,
    case
        when not all_payments.is_captured and mappings.status = 'succeeded' then 'pending'
        else coalesce(mappings.status, 'unmapped')
    end as status,
    all_payments.source_status,
    all_payments.business_date as payment_date,
    all_payments.paid_at,
    all_payments.business_date,
    all_payments.stated_date,
    all_payments.balance_transaction_id,
    movements.payout_id,
    {{ provenance_columns('all_payments') }}
from all_payments
left join {{ ref('int_order_references') }} as references_to_orders
    on all_payments.entity_id = references_to_orders.entity_id
    and all_payments.order_key = references_to_orders.reference_key
left join {{ ref('int_orders') }} as orders
    on references_to_orders.order_id = orders.order_id
left join {{ ref('int_invoice_references') }} as invoices
    on all_payments.entity_id = invoices.entity_id
    and all_payments.invoice_key = invoices.reference_key
left join {{ ref('int_source_customers') }} as customers
    on all_payments.source_name = customers.source_name
    and all_payments.source_customer_id = customers.source_party_id
left join {{ ref('int_party_identifiers') }} as identifiers
    on all_payments.party_type = identifiers.party_type
    and all_payments.source_name = identifiers.source_name
    and all_payments.source_party_id = identifiers.source_party_id
left join {{ ref('int_party_names') }} as names
    on all_payments.party_type = names.party_type
    and all_payments.source_name = names.source_name
    and all_payments.party_name_key = names.name_key
left join {{ ref('status_mappings') }} as mappings
    on all_payments.source_kind = mappings.source_kind
    and all_payments.source_status_object = mappings.object
    and all_payments.source_status = mappings.source_status
-- The fee is the provider's, in the currency of its balance: in another currency than the charge it
-- would be added to the wrong money.
left join {{ ref('balance_transactions') }} as movements
    on all_payments.balance_transaction_id = movements.balance_transaction_id
    and all_payments.currency = movements.currency
