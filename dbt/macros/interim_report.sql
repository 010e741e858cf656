{#- Reports of the running day (camt.052, MT942) and notifications (camt.054): they announce lines that the
    statement of the day will hold. -#}
{% macro is_interim_report(format) -%}
    ({{ format }} like 'camt.052%' or {{ format }} like 'camt.054%' or {{ format }} like 'mt942%')
{%- endmacro %}
