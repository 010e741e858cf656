-- The decisions that hold on the day of the run, in the order of the log. A decision counts from the day of
-- the books in which it was taken, so a run as of an earlier day finds the state of that day.
-- known_date is when the company knew of it: what a period that was closed before then refuses.
select
    decision_id,
    sequence,
    action,
    decided_by,
    decided_at,
    greatest({{ business_date('decided_at', "'UTC'") }}, effective_date) as known_date,
    effective_date,
    reason,
    entity_id,
    source_name,
    reconciliation,
    match_id,
    match_rule_id,
    exception_id,
    document_type,
    document_id,
    undoes,
    currency,
    amount,
    difference_reason,
    owner,
    changes_postings,
    items,
    links,
    removed
from {{ ref('decisions') }}
where effective_date <= {{ as_of_date() }}
