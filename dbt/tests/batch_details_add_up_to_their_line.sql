{{ config(severity='warn') }}
-- The payments inside a batch booking are the booking: what they lack is a bill that looks unpaid though
-- the money has left.
with

details as (
    select bank_transaction_id, currency, sum(amount) as amount
    from {{ ref('bank_transaction_details') }}
    group by bank_transaction_id, currency
)

select
    lines.bank_transaction_id,
    lines.amount,
    details.amount as detail_amount
from details
inner join {{ ref('bank_transactions') }} as lines on details.bank_transaction_id = lines.bank_transaction_id
where details.currency = lines.currency
    and details.amount is distinct from lines.amount
