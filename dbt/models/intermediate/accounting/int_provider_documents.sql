{{ config(materialized='keyed', meta={
    'key': 'document_id',
    'follows': {
        'payments': 'payment_id',
        'refunds': 'refund_id',
        'payouts': 'payout_id',
        'balance_transactions': 'document_id',
    },
}) }}
-- Charges, refunds and payouts of payment providers that are posted, each with what the provider's balance
-- says of it. A balance transaction may come in another month than its document (a debit that clears
-- days later), in another currency (converted into that of the balance), or not yet at all.
with

documents as (
    select
        'charge' as balance_type,
        payment_id as document_id,
        entity_id,
        source_name,
        currency,
        -- Of an authorisation that was captured in part, only the captured part is money.
        coalesce(captured_amount, amount) as amount,
        case when balance_transaction_id is null then coalesce(fee_amount, 0) else 0 end as own_fee_amount,
        payment_date as posted_date
    from {{ ref('payments') }}
    where payment_type = 'charge' and status = 'succeeded'
    union all
    select 'refund', refund_id, entity_id, source_name, currency, -amount, 0, refund_date
    from {{ ref('refunds') }}
    where refund_source <> 'shop' and status not in ('failed', 'cancelled')
    union all
    select 'payout', payout_id, entity_id, source_name, currency, -amount, 0, business_date
    from {{ ref('payouts') }}
    where status in ('paid', 'in_transit', 'pending')
),

settled as (
    select
        balance_type,
        document_id,
        min(currency) as currency,
        max(currency) as last_currency,
        sum(gross_amount) as amount
    from {{ ref('balance_transactions') }}
    where balance_type in ('charge', 'refund', 'payout') and document_id is not null
    group by balance_type, document_id
)

select
    documents.balance_type,
    documents.document_id,
    documents.entity_id,
    documents.source_name,
    documents.currency,
    {{ money('documents.amount') }} as amount,
    {{ money('documents.own_fee_amount') }} as own_fee_amount,
    documents.posted_date,
    settled.document_id is not null as has_balance_transaction,
    case when settled.currency = settled.last_currency and settled.currency <> documents.currency then settled.currency end as settled_currency,
    case when settled.currency = settled.last_currency and settled.currency <> documents.currency then {{ money('settled.amount') }} end as settled_amount
from documents
left join settled
    on documents.balance_type = settled.balance_type
    and documents.document_id = settled.document_id
