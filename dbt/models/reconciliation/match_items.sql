-- What can be matched: one row per item, reconciliation and side, and how much of it is settled.
-- amount = allocated + written off + open, signed from the cash view (money in is positive).
with applied as (
    select
        reconciliation,
        item_type,
        item_id,
        max(match_id) as match_id,
        max(status) as status,
        sum(allocated_amount) as allocated_amount,
        sum(written_off_amount) as written_off_amount
    from {{ ref('int_match_members') }}
    where is_applied
    group by reconciliation, item_type, item_id
),

suggested as (
    select
        reconciliation,
        item_type,
        item_id,
        max(match_id) as match_id
    from {{ ref('int_match_members') }}
    where is_suggested
    group by reconciliation, item_type, item_id
),

decided as (
    select
        item_type,
        item_id,
        sum(cash_amount) as written_off_amount
    from {{ ref('int_write_offs') }}
    group by item_type, item_id
),

-- A bank line stands in several reconciliations; money that one of them uses is open in none.
elsewhere as (
    select
        item_type,
        item_id,
        sum(allocated_amount + written_off_amount) as settled_amount
    from applied
    group by item_type, item_id
)

select
    items.reconciliation,
    items.side,
    items.item_type,
    items.item_id,
    items.entity_id,
    items.party_name,
    items.item_date,
    items.reference_text,
    coalesce(applied.match_id, suggested.match_id) as match_id,
    coalesce(applied.status, case when suggested.match_id is not null then 'suggested' end, 'open') as status,
    items.currency,
    {{ money('items.amount') }} as amount,
    {{ money('coalesce(applied.allocated_amount, 0)') }} as allocated_amount,
    {{ money('coalesce(applied.written_off_amount, 0) + coalesce(decided.written_off_amount, 0)') }} as written_off_amount,
    {{ money('items.amount - coalesce(elsewhere.settled_amount, 0) - coalesce(decided.written_off_amount, 0)') }} as open_amount
from {{ ref('int_match_items') }} as items
left join applied
    on
        items.reconciliation = applied.reconciliation
        and items.item_type = applied.item_type
        and items.item_id = applied.item_id
left join suggested
    on
        items.reconciliation = suggested.reconciliation
        and items.item_type = suggested.item_type
        and items.item_id = suggested.item_id
left join decided
    on
        items.item_type = decided.item_type
        and items.item_id = decided.item_id
left join elsewhere
    on
        items.item_type = elsewhere.item_type
        and items.item_id = elsewhere.item_id
