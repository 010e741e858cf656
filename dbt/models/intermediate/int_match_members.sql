-- One row per match and item in it, whichever side: how much of the item the match settles with money,
-- writes off or leaves open, and whether the match counts (auto, confirmed) or waits for a person
-- (suggested). Signed like the item. Matches of one side only (items that cancel out) are here too.
with members as (
    select
        results.match_id,
        member
    from {{ ref('int_match_results') }} as results
    {{ each_of('results.members', 'member') }}
    where results.record_type = 'match'
)

select
    members.match_id,
    matches.reconciliation,
    matches.match_rule_id,
    matches.status,
    matches.status in ('auto', 'confirmed') as is_applied,
    matches.status = 'suggested' as is_suggested,
    member.side as side,
    member.item_type as item_type,
    member.item_id as item_id,
    {{ money('member.amount') }} as item_amount,
    {{ money('member.allocated_amount') }} as allocated_amount,
    {{ money('member.written_off_amount') }} as written_off_amount,
    {{ money('member.open_amount') }} as open_amount,
    matches.left_count,
    matches.right_count,
    matches.difference_amount,
    matches.difference_reason,
    matches.confidence,
    matches.match_date
from members
inner join {{ ref('matches') }} as matches on members.match_id = matches.match_id
where matches.status <> 'rejected'
