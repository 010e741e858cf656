{#- The date on which an event counts: its local date where the entity keeps its books. An order of
    00:30 in Berlin is 22:30 UTC of the day before; on the UTC date it would miss its statement day. -#}
{% macro business_date(timestamp, time_zone) -%}
    {{ adapter.dispatch('business_date', 'tieout')(timestamp, time_zone) }}
{%- endmacro %}

{% macro default__business_date(timestamp, time_zone) -%}
    cast(({{ timestamp }} at time zone coalesce({{ time_zone }}, 'UTC')) as date)
{%- endmacro %}

{% macro spark__business_date(timestamp, time_zone) -%}
    cast(from_utc_timestamp({{ timestamp }}, coalesce({{ time_zone }}, 'UTC')) as date)
{%- endmacro %}


{#- Midnight of a date in UTC: the time of an event of which only the day is known. -#}
{% macro date_to_timestamp(date) -%}
    {{ adapter.dispatch('date_to_timestamp', 'tieout')(date) }}
{%- endmacro %}

{% macro default__date_to_timestamp(date) -%}
    cast(({{ date }}) as timestamp) at time zone 'UTC'
{%- endmacro %}

{% macro spark__date_to_timestamp(date) -%}
    to_timestamp({{ date }})
{%- endmacro %}


{#- Every day from first to last, one row each, column calendar_date. -#}
{% macro calendar(first_date, last_date) -%}
    {{ adapter.dispatch('calendar', 'tieout')(first_date, last_date) }}
{%- endmacro %}

{% macro default__calendar(first_date, last_date) -%}
    select cast(unnest(generate_series({{ first_date }}, {{ last_date }}, interval 1 day)) as date) as calendar_date
{%- endmacro %}

{% macro spark__calendar(first_date, last_date) -%}
    select explode(sequence({{ first_date }}, {{ last_date }}, interval 1 day)) as calendar_date
{%- endmacro %}


{% macro timestamp_type() -%}
    {{ adapter.dispatch('timestamp_type', 'tieout')() }}
{%- endmacro %}

{% macro default__timestamp_type() -%} timestamp with time zone {%- endmacro %}
{% macro spark__timestamp_type() -%} timestamp {%- endmacro %}
