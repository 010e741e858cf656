{#- An amount as a person reads it: the currency's own decimals, then the code ('1200 JPY', '12.50 EUR'). -#}
{% macro amount_text(amount, currency, exponent) -%}
    case {{ exponent }}
        when 0 then cast(cast({{ amount }} as decimal(18, 0)) as varchar)
        when 3 then cast(cast({{ amount }} as decimal(18, 3)) as varchar)
        when 4 then cast(cast({{ amount }} as decimal(18, 4)) as varchar)
        else cast(cast({{ amount }} as decimal(18, 2)) as varchar)
    end || ' ' || coalesce({{ currency }}, '')
{%- endmacro %}

{#- Fill one place of an explanation; what is not known is said so, for a null would blank the sentence. -#}
{% macro fill(template, place, value) -%}
    replace({{ template }}, '{' || '{{ place }}' || '}', coalesce({{ value }}, 'unknown'))
{%- endmacro %}
