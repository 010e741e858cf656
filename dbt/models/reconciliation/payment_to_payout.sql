-- Payouts against the balance transactions that they pay out. One more row per provider account and
-- currency holds the balance that no payout has taken yet, so that all balance transactions are here.
with transactions as (
    select
        coalesce(payout_id, source_name || ':pending:' || currency) as payout_key,
        payout_id is null as is_pending,
        entity_id,
        source_name,
        currency,
        balance_type,
        gross_amount,
        fee_amount,
        net_amount,
        business_date
    from {{ ref('balance_transactions') }}
    -- The payout's own transaction takes the money out of the balance: it is the other side.
    where balance_type <> 'payout'
),

totals as (
    select
        payout_key,
        is_pending,
        min(entity_id) as entity_id,
        min(source_name) as source_name,
        currency,
        count(*) as transaction_count,
        sum(case when balance_type = 'charge' then gross_amount else 0 end) as gross_amount,
        -sum(case when balance_type = 'refund' then gross_amount else 0 end) as refunded_amount,
        -sum(case when balance_type in ('dispute', 'dispute_reversal') then gross_amount else 0 end) as disputed_amount,
        sum(case when balance_type not in ('charge', 'refund', 'dispute', 'dispute_reversal') then gross_amount else 0 end) as adjustment_amount,
        sum(fee_amount) as fee_amount,
        sum(net_amount) as net_amount,
        min(business_date) as first_transaction_date,
        max(business_date) as last_transaction_date
    from transactions
    group by payout_key, is_pending, currency
),

joined as (
    select
        coalesce(payouts.payout_id, totals.payout_key) as payout_id,
        coalesce(payouts.entity_id, totals.entity_id) as entity_id,
        coalesce(payouts.source_name, totals.source_name) as source_name,
        payouts.status as payout_status,
        coalesce(payouts.currency, totals.currency) as currency,
        coalesce(totals.gross_amount, 0) as gross_amount,
        coalesce(totals.fee_amount, 0) as fee_amount,
        coalesce(totals.refunded_amount, 0) as refunded_amount,
        coalesce(totals.disputed_amount, 0) as disputed_amount,
        coalesce(totals.adjustment_amount, 0) as adjustment_amount,
        coalesce(totals.net_amount, 0) as net_amount,
        coalesce(payouts.amount, 0) as payout_amount,
        coalesce(totals.transaction_count, 0) as transaction_count,
        payouts.payout_id is not null as has_payout,
        totals.payout_key is not null as has_transactions,
        coalesce(totals.is_pending, false) as is_pending,
        payouts.arrival_date,
        totals.first_transaction_date,
        totals.last_transaction_date,
        coalesce(payouts.business_date, totals.last_transaction_date) as business_date
    from {{ ref('payouts') }} as payouts
    full outer join totals on payouts.payout_id = totals.payout_key and payouts.currency = totals.currency
),

classified as (
    select
        payout_id,
        entity_id,
        source_name,
        payout_status,
        currency,
        gross_amount,
        fee_amount,
        refunded_amount,
        disputed_amount,
        adjustment_amount,
        net_amount,
        payout_amount,
        transaction_count,
        has_payout,
        has_transactions,
        is_pending,
        arrival_date,
        first_transaction_date,
        last_transaction_date,
        business_date,
        case
            when is_pending then 'not_paid_out_yet'
            when business_date > {{ as_of_date() }} then 'after_as_of_date'
            when not has_payout then 'payout_unknown'
            when payout_status in ('failed', 'canceled', 'cancelled') then 'failed'
            when net_amount = payout_amount then 'agrees'
            when not has_transactions then 'no_transactions'
            else 'differs'
        end as status
    from joined
)

select
    payout_id,
    entity_id,
    source_name,
    payout_status,
    status,
    case
        when status = 'agrees' then 'matched'
        when status in ('differs', 'no_transactions', 'payout_unknown') then 'open'
        else 'waiting'
    end as status_group,
    currency,
    cast(gross_amount as decimal(18, 4)) as gross_amount,
    cast(fee_amount as decimal(18, 4)) as fee_amount,
    cast(refunded_amount as decimal(18, 4)) as refunded_amount,
    cast(disputed_amount as decimal(18, 4)) as disputed_amount,
    cast(adjustment_amount as decimal(18, 4)) as adjustment_amount,
    cast(net_amount as decimal(18, 4)) as net_amount,
    cast(payout_amount as decimal(18, 4)) as payout_amount,
    cast(case when is_pending or status = 'failed' then 0 else net_amount - payout_amount end as decimal(18, 4)) as difference_amount,
    transaction_count,
    has_payout,
    has_transactions,
    arrival_date,
    first_transaction_date,
    last_transaction_date,
    business_date
from classified
