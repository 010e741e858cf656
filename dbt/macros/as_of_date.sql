{#- The day of the run. Ages, due items and items in transit are measured on it, never on the clock:
    the same inputs and day must give the same exceptions next year. -#}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}

{#- Is it a day that business can be on? A typing error such as 9999-12-31 must not become eight thousand years
    of calendar. Rows outside are kept, have no rate and stand in the exceptions. Twenty years back, and
    forward as far as people plan: dagster_project/run_identity.py skips the same days for the default
    as-of date. -#}
{% macro is_plausible_date(date) -%}
    {{ date }} between {{ as_of_date() }} - interval 20 year and {{ as_of_date() }} + interval 400 day
{%- endmacro %}
