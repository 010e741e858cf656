{#- The day of the run. Ages, due items and items in transit are measured on it, never on the clock:
    the same inputs and day must give the same exceptions next year. -#}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}
