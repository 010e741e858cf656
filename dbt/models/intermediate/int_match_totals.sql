-- One row per item: everything the matches say about it, over all reconciliations.
select
    item_type,
    item_id,
    sum(case when is_applied then allocated_amount else 0 end) as matched_amount,
    count(case when is_applied then 1 end) as match_count,
    count(case when is_suggested then 1 end) as suggested_count,
    max(case when is_applied then match_id end) as match_id,
    max(case when is_suggested then match_id end) as suggested_match_id,
    max(case when is_applied then reconciliation end) as reconciliation,
    max(case when is_applied then difference_reason end) as difference_reason,
    max(case when is_applied then match_date end) as last_match_date
from {{ ref('int_match_members') }}
group by item_type, item_id
