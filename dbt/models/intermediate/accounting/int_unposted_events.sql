{{ config(materialized='keyed', meta={
    'key': 'event_id',
    'follows': {
        'int_posting_events': 'event_id',
    },
}) }}
-- Events that no journal entry holds, with the reason: each becomes an exception and none is forgotten.
select
    event_id,
    event_type,
    entity_id,
    event_date,
    document_type,
    document_id,
    document_number,
    source_name,
    currency,
    largest_amount as amount,
    reason,
    case
        when reason = 'no_posting_rule' then 'no rule for ' || event_type || ', component ' || coalesce(reason_component, '?')
        when reason = 'no_account' then 'the account of component ' || coalesce(reason_component, '?') || ' is not known or not in the chart'
        when reason = 'no_fx_rate' then 'no exchange rate for component ' || coalesce(reason_component, '?')
        when reason = 'no_open_period' then 'periods.csv has no open period for ' || cast(event_date as varchar)
        else 'debits less credits are ' || cast(residual_amount as varchar)
    end as detail
from {{ ref('int_posting_events') }}
where reason is not null
