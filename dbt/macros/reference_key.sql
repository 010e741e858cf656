{#- A document number in one spelling, for joins between systems on numbers that they state in a field of
    its own: `#1001`, `# 1001` and `1001` are one. Upper case, letters and digits only; empty is null.
    Numbers inside free text are another matter (match_keys). -#}
{% macro reference_key(number) -%}
    {{ adapter.dispatch('reference_key', 'tieout')(number) }}
{%- endmacro %}

{% macro default__reference_key(number) -%}
    nullif(regexp_replace(upper(cast({{ number }} as varchar)), '[^A-Z0-9]', '', 'g'), '')
{%- endmacro %}

{% macro spark__reference_key(number) -%}
    nullif(regexp_replace(upper(cast({{ number }} as string)), '[^A-Z0-9]', ''), '')
{%- endmacro %}
