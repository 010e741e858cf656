{#- An amount with the sign that the source wrote, for control totals: canonical credit notes are negative
    whatever the source does, and what it declared was not. -#}
{% macro as_written(amount) -%}
    {{ amount }} * case when is_sign_flipped then -1 else 1 end
{%- endmacro %}
