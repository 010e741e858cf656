{#- Money stays DECIMAL from end to end. A division or a power would give a double on DuckDB, so these
    macros only multiply, and pick the constant by the exponent of the currency (seed currencies). -#}

{#- Minor units of a vendor's API -> amount. Unknown exponent -> null, and the caller keeps the row. -#}
{% macro minor_to_amount(minor, exponent) -%}
    cast(
        case {{ exponent }}
            when 0 then cast({{ minor }} as decimal(18, 0)) * cast(1 as decimal(5, 4))
            when 1 then cast({{ minor }} as decimal(18, 0)) * cast(0.1 as decimal(5, 4))
            when 2 then cast({{ minor }} as decimal(18, 0)) * cast(0.01 as decimal(5, 4))
            when 3 then cast({{ minor }} as decimal(18, 0)) * cast(0.001 as decimal(5, 4))
            when 4 then cast({{ minor }} as decimal(18, 0)) * cast(0.0001 as decimal(5, 4))
        end
    as decimal(18, 4))
{%- endmacro %}


{#- The one rounding rule: half away from zero, to the currency's own decimals (JPY 0, EUR 2, KWD 3).
    Unknown exponent -> four decimals, as stored. -#}
{% macro round_to_exponent(amount, exponent) -%}
    cast(
        case {{ exponent }}
            when 0 then round({{ amount }}, 0)
            when 1 then round({{ amount }}, 1)
            when 2 then round({{ amount }}, 2)
            when 3 then round({{ amount }}, 3)
            else round({{ amount }}, 4)
        end
    as decimal(18, 4))
{%- endmacro %}


{#- The same for a currency code, where the exponent is not at hand. -#}
{% macro round_money(amount, currency) -%}
    {{ round_to_exponent(amount, currency_exponent(currency)) }}
{%- endmacro %}


{#- Decimals of a currency code. The inner names are odd on purpose: `currency` of the caller must not
    be taken for the column of the seed, which would be true for every row. -#}
{% macro currency_exponent(currency) -%}
    (
        select max(exponent_of_currency)
        from (
            select currency as code_of_currency, exponent as exponent_of_currency from {{ ref('currencies') }}
        ) as known_currencies
        where code_of_currency = {{ currency }}
    )
{%- endmacro %}


{#- One minor unit of the currency as an amount: the size of an honest rounding difference. -#}
{% macro minor_unit(exponent) -%}
    {{ minor_to_amount('1', 'coalesce(' ~ exponent ~ ', 2)') }}
{%- endmacro %}


{% macro money(expression) -%}
    cast({{ expression }} as decimal(18, 4))
{%- endmacro %}


{#- Typed nothing, for columns that a source does not have. -#}
{% macro no_text() -%} cast(null as varchar) {%- endmacro %}
{% macro no_money() -%} cast(null as decimal(18, 4)) {%- endmacro %}
{% macro no_date() -%} cast(null as date) {%- endmacro %}
{% macro no_timestamp() -%} cast(null as {{ timestamp_type() }}) {%- endmacro %}
