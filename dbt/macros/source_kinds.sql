{#- Every kind of source has a schema raw_<kind> with files, control_totals, rejects and schema_drift. -#}
{% macro source_kinds() -%}
    {{ return(['shopify', 'stripe', 'bank', 'csv', 'ecb', 'einvoice', 'payment_files', 'decisions']) }}
{%- endmacro %}
