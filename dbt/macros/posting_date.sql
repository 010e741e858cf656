{#- The closed-period rule, once. `calendar` is int_posting_calendar joined on the event's entity and
    day; `recorded_date` is the day on which the company knew of the event. Closing a month must not
    re-date what was posted in it in time, so only what came after closed_date moves. -#}
{% macro is_late_posting(calendar, recorded_date) -%}
    ({{ calendar }}.is_closed and coalesce({{ recorded_date }} > {{ calendar }}.closed_date, true))
{%- endmacro %}

{% macro posting_date(calendar, event_date, recorded_date) -%}
    case
        when {{ calendar }}.calendar_date is null then null
        when {{ is_late_posting(calendar, recorded_date) }} then {{ calendar }}.next_open_date
        else {{ event_date }}
    end
{%- endmacro %}

{% macro posting_period(calendar, recorded_date) -%}
    case
        when {{ is_late_posting(calendar, recorded_date) }} then {{ calendar }}.next_open_period
        else {{ calendar }}.period
    end
{%- endmacro %}
