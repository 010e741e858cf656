{{ config(materialized='keyed', meta={
    'key': 'event_id',
}) }}
-- What people decided and is posted by itself: write-offs of remainders. A match is no event of its own:
-- it changes what its bank line is posted as. Posted on the day of the books in which it was decided, at the
-- rate of the document, so that nothing is left on its account.
{%- set parts = [('component', "''"), ('difference_component', "''")] %}
{%- for component, key in parts %}
select
    {{ accounting_event({
        'event_id': "'write_off:' || decision_id",
        'event_type': "'write_off'",
        'component': component,
        'component_key': "''",
        'entity_id': 'entity_id',
        'event_date': 'effective_date',
        'recorded_date': 'known_date',
        'document_type': "'decision'",
        'document_id': 'decision_id',
        'document_number': 'decision_id',
        'related_document_type': 'item_type',
        'related_document_id': 'item_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': 'control_amount',
        'rate_date': 'document_date',
        'cleared_amount': 'cleared_amount',
        'customer_id': 'customer_id',
        'vendor_id': 'vendor_id',
        'employee_id': 'employee_id',
        'description': "'Written off by ' || decided_by || ': ' || reason",
    }) }}
from {{ ref('int_write_offs') }}
{{ 'union all' if not loop.last }}
{%- endfor %}
