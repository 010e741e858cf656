{{ config(materialized='keyed', meta={
    'key': 'event_id',
}) }}
-- Money at the payment provider: what customers paid in, what was given back, what the provider kept
-- and what it paid out. Each is posted from its own document; that the provider's balance transactions
-- come to the same is proven in subledger_to_ledger, not assumed here.
with charges as (
    select
        payments.payment_id,
        payments.source_id,
        payments.entity_id,
        payments.source_name,
        payments.payment_date,
        payments.party_id,
        payments.order_id,
        payments.invoice_id,
        payments.currency,
        posted.amount,
        posted.settled_currency,
        posted.settled_amount,
        payments.fee_amount,
        payments.balance_transaction_id
    from {{ ref('payments') }} as payments
    inner join {{ ref('int_provider_documents') }} as posted on payments.payment_id = posted.document_id
),

provider_refunds as (
    select
        refunds.refund_id,
        refunds.source_id,
        refunds.entity_id,
        refunds.source_name,
        refunds.refund_date,
        refunds.payment_id,
        refunds.currency,
        -posted.amount as amount,
        posted.settled_currency,
        -posted.settled_amount as settled_amount,
        charges.party_id
    from {{ ref('refunds') }} as refunds
    inner join {{ ref('int_provider_documents') }} as posted on refunds.refund_id = posted.document_id
    left join charges on refunds.payment_id = charges.payment_id
),

-- What moves the balance for a document that is not posted (a payout that failed and came back, a refund
-- whose record is missing) waits in suspense, as an adjustment does: left out, it would be missing on the
-- provider's account from the day it went until the day it came back.
balance_transactions as (
    select
        movements.balance_transaction_id,
        movements.source_id,
        movements.balance_type,
        movements.document_type,
        movements.document_id,
        movements.entity_id,
        movements.source_name,
        movements.business_date,
        movements.currency,
        movements.gross_amount,
        movements.fee_amount,
        movements.balance_type in ('charge', 'refund', 'payout') and posted.document_id is null as is_unexplained
    from {{ ref('balance_transactions') }} as movements
    left join {{ ref('int_provider_documents') }} as posted
        on movements.balance_type = posted.balance_type
        and movements.document_id = posted.document_id
),

-- A fee is either withheld from another transaction or a transaction of its own. Charges that come
-- without balance transactions (an export of payments) carry theirs.
fees as (
    select
        balance_transaction_id as fee_id,
        source_id,
        document_type,
        document_id,
        entity_id,
        source_name,
        business_date,
        currency,
        fee_amount - case when balance_type = 'fee' then gross_amount else 0 end as amount
    from balance_transactions
    where balance_type not in ('dispute', 'dispute_reversal')

    union all

    select
        payment_id,
        source_id,
        'payment',
        payment_id,
        entity_id,
        source_name,
        payment_date,
        currency,
        fee_amount
    from charges
    where balance_transaction_id is null and fee_amount is not null
),

-- Disputes move money on their own dates: when it is withdrawn and, when won, when it comes back. Their
-- fee is part of the same withdrawal.
disputes as (
    select
        balance_transaction_id,
        source_id,
        balance_type,
        document_type,
        document_id,
        entity_id,
        source_name,
        business_date,
        currency,
        case when balance_type in ('dispute', 'dispute_reversal') then -gross_amount else gross_amount end as amount,
        case when balance_type in ('dispute', 'dispute_reversal') then fee_amount else 0 end as fee_amount,
        -- Where a provider gives the movement the id of its charge, both would be one event.
        is_unexplained
    from balance_transactions
    where balance_type in ('dispute', 'dispute_reversal', 'adjustment', 'transfer') or is_unexplained
),

paid_out as (
    select
        payout_id,
        source_id,
        entity_id,
        source_name,
        business_date,
        currency,
        amount,
        bank_account_id
    from {{ ref('payouts') }}
    where payout_id in (select document_id from {{ ref('int_provider_documents') }} where balance_type = 'payout')
)

{#- Converted on the way into the balance: each side in its own currency, the rest is the exchange rate. -#}
{% set legs = [
    ('amount', 'amount', 'currency', 'settled_currency is null'),
    ('settled', 'settled_amount', 'settled_currency', 'settled_currency is not null'),
    ('cleared', 'amount', 'currency', 'settled_currency is not null'),
] %}
{% for component, amount, currency, condition in legs %}
select
    {{ accounting_event({
        'event_id': "'charge:' || payment_id",
        'event_type': "'charge'",
        'component': "'" ~ component ~ "'",
        'entity_id': 'entity_id',
        'event_date': 'payment_date',
        'recorded_date': 'payment_date',
        'document_type': "'payment'",
        'document_id': 'payment_id',
        'document_number': 'source_id',
        'related_document_type': "case when invoice_id is not null then 'invoice' when order_id is not null then 'order' end",
        'related_document_id': 'coalesce(invoice_id, order_id)',
        'source_name': 'source_name',
        'currency': currency,
        'amount': amount,
        'rate_date': 'payment_date',
        'customer_id': 'party_id',
        'description': "'Charge ' || source_id",
    }) }}
from charges
where {{ amount }} <> 0 and {{ condition }}

union all
{% endfor %}
{% for component, amount, currency, condition in legs %}
select
    {{ accounting_event({
        'event_id': "'provider_refund:' || refund_id",
        'event_type': "'provider_refund'",
        'component': "'" ~ component ~ "'",
        'entity_id': 'entity_id',
        'event_date': 'refund_date',
        'recorded_date': 'refund_date',
        'document_type': "'refund'",
        'document_id': 'refund_id',
        'document_number': 'source_id',
        'related_document_type': "'payment'",
        'related_document_id': 'payment_id',
        'source_name': 'source_name',
        'currency': currency,
        'amount': amount,
        'rate_date': 'refund_date',
        'customer_id': 'party_id',
        'description': "'Refund ' || source_id",
    }) }}
from provider_refunds
where {{ amount }} <> 0 and {{ condition }}

union all
{% endfor %}
select
    {{ accounting_event({
        'event_id': "'provider_fee:' || fee_id",
        'event_type': "'provider_fee'",
        'component': "'amount'",
        'entity_id': 'entity_id',
        'event_date': 'business_date',
        'recorded_date': 'business_date',
        'document_type': "coalesce(document_type, 'balance_transaction')",
        'document_id': 'coalesce(document_id, fee_id)',
        'document_number': 'source_id',
        'related_document_type': "'balance_transaction'",
        'related_document_id': 'fee_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': 'amount',
        'rate_date': 'business_date',
        'description': "'Payment fee ' || source_id",
    }) }}
from fees
where amount <> 0

union all

{% for component, amount in [('amount', 'amount'), ('fee', 'fee_amount')] %}
select
    {{ accounting_event({
        'event_id': "case when is_unexplained then 'unexplained_' else '' end || balance_type || ':' || balance_transaction_id",
        'event_type': "case when balance_type in ('dispute', 'dispute_reversal') then 'dispute' else 'provider_adjustment' end",
        'component': "'" ~ component ~ "'",
        'entity_id': 'entity_id',
        'event_date': 'business_date',
        'recorded_date': 'business_date',
        'document_type': "coalesce(document_type, 'balance_transaction')",
        'document_id': 'coalesce(document_id, balance_transaction_id)',
        'document_number': 'source_id',
        'related_document_type': "'balance_transaction'",
        'related_document_id': 'balance_transaction_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': amount,
        'rate_date': 'business_date',
        'description': "'Payment provider ' || balance_type || ' ' || source_id",
    }) }}
from disputes
where {{ amount }} <> 0

union all
{% endfor %}


select
    {{ accounting_event({
        'event_id': "'payout:' || payout_id",
        'event_type': "'payout'",
        'component': "'amount'",
        'entity_id': 'entity_id',
        'event_date': 'business_date',
        'recorded_date': 'business_date',
        'document_type': "'payout'",
        'document_id': 'payout_id',
        'document_number': 'source_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': 'amount',
        'rate_date': 'business_date',
        'bank_account_id': 'bank_account_id',
        'description': "'Payout ' || source_id",
    }) }}
from paid_out
where amount <> 0
