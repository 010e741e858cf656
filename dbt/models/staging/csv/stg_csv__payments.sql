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
)

-- Some shops export payments without a day: theirs is that of the order that they name. Until it has come, such
-- a payment is in no period; it waits, and counts as rejected meanwhile.
select
    case
        when stated.record_state = 'current' and stated.business_date is null and orders.order_date is null then 'waiting'
        else stated.record_state
    end as record_state,
    stated.version_number,
    stated.copy_number,
    stated.delivery_number,
    stated.source_name,
    stated.entity_id,
    stated.load_id,
    stated.source_file,
    stated.source_position,
    stated.record_hash,
    stated._dlt_load_id,
    stated.source_updated_at,
    stated.business_date,
    coalesce(stated.business_date, orders.order_date) as known_date,
    stated.payment_id,
    stated.payment_date,
    stated.updated_at,
    stated.payment_type,
    stated.party_id,
    stated.party_name,
    stated.currency,
    stated.amount,
    stated.fee_amount,
    stated.reference,
    stated.invoice_number,
    stated.order_number,
    stated.method,
    stated.balance_transaction_id,
    stated.payout_id,
    stated.status
from stated
left join {{ ref('int_order_references') }} as names
    on stated.entity_id = names.entity_id
    and {{ reference_key('stated.order_number') }} = names.reference_key
    and stated.business_date is null
left join {{ ref('int_orders') }} as orders
    on names.order_id = orders.order_id
