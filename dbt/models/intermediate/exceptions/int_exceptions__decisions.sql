-- Decisions of people that are not applied: what they were about has changed since, an earlier decision has
-- the money, or they would change a closed period. None is dropped in silence and none is forced.
select
    case outcome
        when 'conflict' then 'decision_conflict'
        when 'closed_period' then 'decision_in_closed_period'
        else 'decision_contradicted'
    end as exception_type,
    entity_id,
    'decision' as document_type,
    decision_id as document_id,
    decision_id as document_number,
    decided_by as party_name,
    currency,
    amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    effective_date as business_date,
    cast(null as date) as due_date,
    replace(action, '_', ' ') || coalesce(' of ' || replace(document_type, '_', ' ') || ' ' || document_id, '') as other_number,
    message as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('decision_outcomes') }}
where outcome in ('contradicted', 'conflict', 'closed_period')
