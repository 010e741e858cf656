{#- numerator / denominator, both DECIMAL(18,8), rounded half up to DECIMAL(18,8), without a float.
    DuckDB divides decimals as doubles: a rate that is off in the eighth digit is off by a cent on a
    million, and differs between machines. So it divides whole numbers of 128 bits. Positive inputs. -#}
{% macro exact_ratio(numerator, denominator) -%}
    {{ adapter.dispatch('exact_ratio', 'tieout')(numerator, denominator) }}
{%- endmacro %}

{% macro default__exact_ratio(numerator, denominator) -%}
    cast(
        cast(
            (
                cast(2 as hugeint) * cast(cast({{ numerator }} as decimal(38, 8)) * 100000000 as hugeint) * cast(100000000 as hugeint)
                + cast(cast({{ denominator }} as decimal(38, 8)) * 100000000 as hugeint)
            ) // (cast(2 as hugeint) * cast(cast({{ denominator }} as decimal(38, 8)) * 100000000 as hugeint))
        as decimal(28, 0)) * cast(0.00000001 as decimal(9, 8))
    as decimal(18, 8))
{%- endmacro %}

{% macro spark__exact_ratio(numerator, denominator) -%}
    cast(round(cast({{ numerator }} as decimal(38, 18)) / {{ denominator }}, 8) as decimal(18, 8))
{%- endmacro %}
