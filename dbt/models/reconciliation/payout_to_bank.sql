-- Payouts against the bank line that each arrived as.
with received as (
    -- The match that counts, or else the one that waits for a person.
    select
        members.item_id as payout_id,
        members.match_id,
        members.is_applied,
        members.allocated_amount,
        members.difference_reason,
        members.left_count,
        row_number() over (
            partition by members.item_id
            order by case when members.is_applied then 0 else 1 end, members.confidence desc, members.match_id
        ) as position
    from {{ ref('int_match_members') }} as members
    where members.item_type = 'payout'
),

bank_lines as (
    select
        members.match_id,
        count(*) as bank_line_count,
        min(lines.bank_transaction_id) as bank_transaction_id,
        sum(lines.amount) as received_amount,
        max(lines.booking_date) as received_date
    from {{ ref('int_match_members') }} as members
    inner join {{ ref('int_bank_lines') }} as lines on members.item_id = lines.bank_transaction_id
    where members.reconciliation = 'payout_to_bank' and members.item_type = 'bank_transaction'
    group by members.match_id
),

joined as (
    select
        payouts.payout_id,
        payouts.entity_id,
        payouts.source_name,
        payouts.bank_account_id,
        bank_lines.bank_transaction_id,
        received.match_id,
        payouts.status as payout_status,
        payouts.currency,
        payouts.amount as expected_amount,
        -- Of a bank line that pays several payouts, each has its share.
        coalesce(
            case when received.left_count > 1 then received.allocated_amount else bank_lines.received_amount end, 0
        ) as received_amount,
        received.difference_reason,
        coalesce(not received.is_applied, false) as is_in_review,
        coalesce(received.is_applied, false) as has_bank_line,
        coalesce(bank_lines.bank_line_count, 0) as bank_line_count,
        payouts.arrival_date,
        bank_lines.received_date,
        payouts.business_date
    from {{ ref('payouts') }} as payouts
    left join received on payouts.payout_id = received.payout_id and received.position = 1
    left join bank_lines on received.match_id = bank_lines.match_id
),

classified as (
    select
        payout_id,
        entity_id,
        source_name,
        bank_account_id,
        bank_transaction_id,
        match_id,
        payout_status,
        currency,
        expected_amount,
        received_amount,
        difference_reason,
        is_in_review,
        has_bank_line,
        bank_line_count,
        arrival_date,
        received_date,
        business_date,
        case
            when payout_status in ('failed', 'canceled', 'cancelled') and not has_bank_line then 'failed'
            when business_date > {{ as_of_date() }} then 'after_as_of_date'
            when has_bank_line and received_amount = expected_amount then 'received'
            when has_bank_line then 'received_differs'
            when expected_amount = 0 then 'nothing_to_pay'
            when is_in_review then 'in_review'
            when not {{ is_past_grace('coalesce(arrival_date, business_date)', 'payout_not_received') }} then 'in_transit'
            else 'not_received'
        end as status
    from joined
)

select
    payout_id,
    entity_id,
    source_name,
    bank_account_id,
    bank_transaction_id,
    match_id,
    payout_status,
    status,
    case
        when status in ('received', 'nothing_to_pay', 'failed') then 'matched'
        when status in ('in_transit', 'after_as_of_date') then 'waiting'
        else 'open'
    end as status_group,
    currency,
    cast(expected_amount as decimal(18, 4)) as expected_amount,
    cast(received_amount as decimal(18, 4)) as received_amount,
    cast(case when status = 'failed' then 0 else received_amount - expected_amount end as decimal(18, 4)) as difference_amount,
    difference_reason,
    bank_line_count,
    has_bank_line,
    arrival_date,
    received_date,
    cast({{ dbt.datediff('arrival_date', 'received_date', 'day') }} as bigint) as arrival_lag_days,
    business_date
from classified
