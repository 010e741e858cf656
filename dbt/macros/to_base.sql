{#- Translation into an entity's base currency: one place, used as a pair.

        select {{ to_base('invoices.total_amount', 'fx') }} as base_total_amount
        from invoices
        {{ to_base_rate('fx', 'invoices.entity_id', 'invoices.currency', 'invoices.business_date') }}

    Base amount = amount x rate of the day, rounded to the base currency's decimals. A currency or day
    without a rate gives null, never zero: a missing rate must be seen, not summed. -#}
{% macro to_base(amount, rate_alias) -%}
    {{ round_to_exponent(amount_times(amount, rate_alias ~ '.rate'), rate_alias ~ '.base_exponent') }}
{%- endmacro %}

{% macro to_base_rate(rate_alias, entity_id, currency, date) -%}
    left join {{ ref('int_entity_fx_rates') }} as {{ rate_alias }}
        on {{ rate_alias }}.entity_id = {{ entity_id }}
        and {{ rate_alias }}.currency = {{ currency }}
        and {{ rate_alias }}.rate_date = {{ date }}
{%- endmacro %}

{#- An amount times a rate, exact. DuckDB keeps the product of two DECIMAL(18, ...) in 18 digits: with a
    rate of eight decimals, one document over a million would stop the whole run. 32 digits and not 38,
    because rounding needs room to the left (round_to_exponent would lose the decimals). -#}
{% macro amount_times(amount, factor) -%}
    cast(cast({{ amount }} as decimal(24, 4)) * {{ factor }} as decimal(32, 12))
{%- endmacro %}
