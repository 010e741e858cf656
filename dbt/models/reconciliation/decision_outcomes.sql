-- What came of each decision of a person that holds on the day of the run.
select
    decisions.decision_id,
    decisions.action,
    results.outcome,
    results.message,
    decisions.entity_id,
    decisions.reconciliation,
    results.decided_match_id as match_id,
    decisions.exception_id,
    coalesce(decisions.document_type, results.item_type) as document_type,
    coalesce(decisions.document_id, results.item_id) as document_id,
    decisions.currency,
    {{ money('coalesce(results.decided_amount, 0)') }} as amount,
    decisions.difference_reason,
    decisions.owner,
    decisions.decided_by,
    decisions.decided_at,
    decisions.known_date,
    decisions.effective_date,
    decisions.reason
from {{ ref('int_decisions') }} as decisions
inner join {{ ref('int_match_results') }} as results
    on
        decisions.sequence = results.decision_sequence
        and results.record_type = 'decision'
