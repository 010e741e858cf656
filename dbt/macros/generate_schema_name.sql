{#- Schemas are named exactly as configured. dbt's default would put the target's schema in front
    (main_canonical), and every name of the public contract would be wrong. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
