{#- The shape of an accounting event component, in one place: int_accounting_events and every model that
    feeds it have these columns in this order.

    amount            signed; the side of the posting rule takes it when positive, the other when negative
    rate_date         day whose rate values the amount: the event's, or that of the document it clears
    cleared_amount    what was cleared of that document before: base values of part payments then add up
                      to the base value of the document, and no cent is left on a paid invoice -#}
{% macro accounting_event_columns() -%}
    {{ return([
        ('event_id', 'varchar'),
        ('event_type', 'varchar'),
        ('component', 'varchar'),
        ('component_key', 'varchar'),
        ('entity_id', 'varchar'),
        ('event_date', 'date'),
        ('recorded_date', 'date'),
        ('document_type', 'varchar'),
        ('document_id', 'varchar'),
        ('document_number', 'varchar'),
        ('related_document_type', 'varchar'),
        ('related_document_id', 'varchar'),
        ('source_name', 'varchar'),
        ('currency', 'varchar'),
        ('amount', 'decimal(18, 4)'),
        ('rate_date', 'date'),
        ('cleared_amount', 'decimal(18, 4)'),
        ('account_code', 'varchar'),
        ('bank_account_id', 'varchar'),
        ('cost_center', 'varchar'),
        ('customer_id', 'varchar'),
        ('vendor_id', 'varchar'),
        ('employee_id', 'varchar'),
        ('tax_code', 'varchar'),
        ('description', 'varchar'),
    ]) }}
{%- endmacro %}

{#- A select list of that shape; `values` maps a column to its expression, the others are null. -#}
{% macro accounting_event(values) -%}
    {%- set columns = accounting_event_columns() -%}
    {%- for name in values if name not in columns | map('first') -%}
        {{ exceptions.raise_compiler_error("accounting_event: '" ~ name ~ "' is not a column of an accounting event") }}
    {%- endfor -%}
    {%- for name, type in columns %}
    cast({{ values.get(name, "'" ~ '' ~ "'" if name == 'component_key' else ('0' if name == 'cleared_amount' else 'null')) }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
