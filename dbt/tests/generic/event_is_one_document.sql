{#- All components of an event tell of one document, entity and day. Two documents under one event id
    would be posted as one entry, and one of them could never be traced. -#}
{% test event_is_one_document(model) %}
select event_id
from {{ model }}
group by event_id
having
    count(distinct document_id) <> 1
    or count(distinct entity_id) <> 1
    or count(distinct event_date) <> 1
{% endtest %}
