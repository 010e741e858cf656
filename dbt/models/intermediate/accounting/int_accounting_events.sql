{{ config(materialized='keyed', meta={
    'key': 'event_id',
    'follows': {
        'int_events_sales': 'event_id',
        'int_events_psp': 'event_id',
        'int_events_purchasing': 'event_id',
        'int_events_bank': 'event_id',
        'int_events_decisions': 'event_id',
    },
}) }}
-- Everything that happened and has to be posted: one row per event and amount component.
{%- for events in ['int_events_sales', 'int_events_psp', 'int_events_purchasing', 'int_events_bank', 'int_events_decisions'] %}
select
    {%- for name, type in accounting_event_columns() %}
    {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref(events) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
