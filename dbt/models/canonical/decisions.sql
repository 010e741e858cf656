{{ config(materialized='keyed', meta={
    'key': 'decision_id',
}) }}
-- What people decided about matches, exceptions and remainders, in the order of the log.
select
    {{ source_key('lines.source_name', 'lines.sequence') }} as decision_id,
    lines.sequence,
    lines.previous_hash,
    lines.hash,
    lines.action,
    lines.decided_by,
    lines.os_user,
    lines.decided_at,
    lines.reason,
    lines.effective_date,
    lines.run_id,
    lines.reconciliation,
    lines.match_id,
    lines.match_rule_id,
    lines.exception_id,
    lines.document_type,
    lines.document_id,
    lines.undoes,
    lines.currency,
    lines.amount,
    lines.difference_reason,
    lines.owner,
    lines.changes_postings,
    lines.items,
    lines.links,
    lines.removed,
    lines.business_date,
    {{ provenance('lines', 'decisions', 'lines.sequence') }}
from {{ ref('stg_decisions__decisions') }} as lines
where lines.record_state = 'current'
