-- One row per match and item in it, whichever side: how much of the item the match settles, and whether
-- the match counts (auto, confirmed) or waits for a person (suggested).
with members as (
    select
        match_id,
        'left' as side,
        left_type as item_type,
        left_id as item_id,
        sum(allocated_amount) as allocated_amount
    from {{ ref('match_allocations') }}
    group by match_id, left_type, left_id
    union all
    select
        match_id,
        'right' as side,
        right_type as item_type,
        right_id as item_id,
        sum(allocated_amount) as allocated_amount
    from {{ ref('match_allocations') }}
    group by match_id, right_type, right_id
)

select
    members.match_id,
    matches.reconciliation,
    matches.match_rule_id,
    matches.status,
    matches.status in ('auto', 'confirmed') as is_applied,
    matches.status = 'suggested' as is_suggested,
    members.side,
    members.item_type,
    members.item_id,
    members.allocated_amount,
    matches.left_count,
    matches.right_count,
    matches.left_amount,
    matches.right_amount,
    matches.difference_amount,
    matches.difference_reason,
    matches.confidence,
    matches.match_date
from members
inner join {{ ref('matches') }} as matches on members.match_id = matches.match_id
where matches.status <> 'rejected'
