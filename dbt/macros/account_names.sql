{#- Accounts under one name (stg_bank__account_names), however their files write them. -#}

{% macro without_leading_zeros(number) -%}
    regexp_replace({{ number }}, '^0+', '')
{%- endmacro %}


{#- The id of a bank line begins with its account: the same line under the account's name. -#}
{% macro named_transaction_id(lines, names) -%}
    case
        when {{ names }}.account_name is null then {{ lines }}.transaction_id
        else {{ names }}.account_name || substr({{ lines }}.transaction_id, length({{ lines }}.account_number) + 1)
    end
{%- endmacro %}
