{#- One movement of a subledger, debit positive: the select list of int_subledger_movements. `event_id` is
    the accounting event that posts the same movement, by which an unposted event explains its part. -#}
{% macro subledger_movement(control_type, event_id, amount, event_date, recorded_date=none, bank_account_id='null') -%}
    select
        '{{ control_type }}' as control_type,
        {{ event_id }} as event_id,
        entity_id,
        source_name,
        cast({{ bank_account_id }} as varchar) as bank_account_id,
        currency,
        {{ event_date }} as event_date,
        {{ recorded_date or event_date }} as recorded_date,
        {{ amount }} as amount
{%- endmacro %}
