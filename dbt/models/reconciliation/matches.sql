-- What the matching engine decided, one row per match group.
select
    match_id,
    reconciliation,
    entity_id,
    match_date,
    match_rule_id,
    status,
    shape,
    cast(confidence as decimal(5, 4)) as confidence,
    cast(runner_up_confidence as decimal(5, 4)) as runner_up_confidence,
    cast(left_count as bigint) as left_count,
    cast(right_count as bigint) as right_count,
    {{ money('left_amount') }} as left_amount,
    {{ money('right_amount') }} as right_amount,
    {{ money('difference_amount') }} as difference_amount,
    {{ money('written_off_amount') }} as written_off_amount,
    {{ money('left_open_amount') }} as left_open_amount,
    {{ money('right_open_amount') }} as right_open_amount,
    nullif(difference_reason, '') as difference_reason,
    currency,
    explanation,
    rule_set_hash
from {{ ref('int_match_results') }}
where record_type = 'match'
