-- What the matching engine decided, and what people did, one row per match group.
with last_decisions as (
    select
        decided_match_id as match_id,
        max(decision_sequence) as sequence
    from {{ ref('int_match_results') }}
    where record_type = 'decision' and decided_match_id is not null
    group by decided_match_id
),

rejections as (
    select
        match_id,
        max(sequence) as sequence
    from {{ ref('int_decisions') }}
    where action = 'reject'
    group by match_id
)

select
    results.match_id,
    results.reconciliation,
    results.entity_id,
    results.match_date,
    results.match_rule_id,
    results.status,
    results.shape,
    cast(results.confidence as decimal(5, 4)) as confidence,
    cast(results.runner_up_confidence as decimal(5, 4)) as runner_up_confidence,
    cast(results.left_count as bigint) as left_count,
    cast(results.right_count as bigint) as right_count,
    {{ money('results.left_amount') }} as left_amount,
    {{ money('results.right_amount') }} as right_amount,
    {{ money('results.difference_amount') }} as difference_amount,
    {{ money('results.written_off_amount') }} as written_off_amount,
    {{ money('results.left_open_amount') }} as left_open_amount,
    {{ money('results.right_open_amount') }} as right_open_amount,
    nullif(results.difference_reason, '') as difference_reason,
    results.currency,
    results.explanation,
    results.rule_set_hash,
    decisions.decision_id,
    decisions.decided_by,
    decisions.decided_at,
    decisions.reason as decision_reason
from {{ ref('int_match_results') }} as results
left join last_decisions on results.match_id = last_decisions.match_id and results.status = 'confirmed'
left join rejections on results.match_id = rejections.match_id and results.status = 'rejected'
left join {{ ref('int_decisions') }} as decisions
    on coalesce(last_decisions.sequence, rejections.sequence) = decisions.sequence
where results.record_type = 'match'
