with

source as (
    select * from {{ source('raw_csv', 'payments') }}
),

renamed as (
    select
        source.source_name,
        source.entity_id,
        source.load_id,
        source.source_file,
        source.source_position,
        source.record_hash,
        source._dlt_load_id,
        source.updated_at as source_updated_at,
        source.payment_date as business_date,
        source.payment_id,
        source.payment_date,
        source.updated_at,
        source.payment_type,
        source.party_id,
        source.party_name,
        coalesce(source.currency, 'XXX') as currency,
        source.amount,
        source.fee_amount,
        source.reference,
        source.invoice_number,
        source.order_number,
        source.method,
        source.balance_transaction_id,
        source.payout_id,
        source.status
    from source
),

stated as (
    {{ record_state('renamed', ['payment_id']) }}
),

-- The order that a payment without a day names. A column of its own, because a join on a condition of one side alone
-- makes the engine compare every payment with every order.
keyed as (
    select
        stated.*,
        case when stated.business_date is null then {{ reference_key('stated.order_number') }} end as order_key
    from stated
)

-- Some shops export payments without a day: theirs is that of the order that they name. Until it has come, such
-- a payment is in no period; it waits, and counts as rejected meanwhile.
select
    case
        when keyed.record_state = 'current' and keyed.business_date is null and orders.order_date is null then 'waiting'
        else keyed.record_state
    end as record_state,
    keyed.version_number,
    keyed.copy_number,
    keyed.delivery_number,
    keyed.source_name,
    keyed.entity_id,
    keyed.load_id,
    keyed.source_file,
    keyed.source_position,
    keyed.record_hash,
    keyed._dlt_load_id,
    keyed.source_updated_at,
    keyed.business_date,
    coalesce(keyed.business_date, orders.order_date) as known_date,
    keyed.payment_id,
    keyed.payment_date,
    keyed.updated_at,
    keyed.payment_type,
    keyed.party_id,
    keyed.party_name,
    keyed.currency,
    keyed.amount,
    keyed.fee_amount,
    keyed.reference,
    keyed.invoice_number,
    keyed.order_number,
    keyed.method,
    keyed.balance_transaction_id,
    keyed.payout_id,
    keyed.status
from keyed
left join {{ ref('int_order_references') }} as names
    on keyed.entity_id = names.entity_id
    and keyed.order_key = names.reference_key
left join {{ ref('int_orders') }} as orders
    on names.order_id = orders.order_id
