{#- Splits an amount over the rows of a group in proportion to a weight, to the minor unit: shares are
    rounded down, and the units that are left go to the largest remainders. The shares of a group always
    add up to its amount; rounding each share by itself would lose or invent a cent per document.

    Gives a select of the columns of group_by, those of order_by, and `share`.
    relation     name of a CTE or ref, one row per receiver of a share
    group_by     columns of the group (the document)
    order_by     columns that decide between equal remainders; unique in the group, so that the result
                 does not depend on the order of rows or on threads
    weight       column, zero or more; when all weights of a group are zero, all rows weigh the same
    amount       column with the group's amount (the same on each row, either sign)
    exponent     column with the currency's decimals; an amount that has more is split to four decimals -#}
{% macro allocate_largest_remainder(relation, group_by, order_by, weight, amount, exponent) -%}
    {%- set groups = group_by | join(', ') -%}
    {%- set keys = (group_by + order_by) | join(', ') -%}
    {%- set weight_of_group = 'sum(allocation_weight) over (partition by ' ~ groups ~ ')' -%}
    select
        {{ keys }},
        cast(
            allocation_sign * allocation_unit * cast(
                allocation_floor + case when allocation_rank <= allocation_left then 1 else 0 end
            as decimal(18, 0))
        as decimal(18, 4)) as share
    from (
        select
            floored.*,
            row_number() over (
                partition by {{ groups }}
                order by allocation_remainder desc, {{ order_by | join(', ') }}
            ) as allocation_rank,
            allocation_units - sum(allocation_floor) over (partition by {{ groups }}) as allocation_left
        from (
            select
                weighed.*,
                {{ whole_quotient('allocation_units * allocation_weight', weight_of_group) }} as allocation_floor,
                {{ whole_remainder('allocation_units * allocation_weight', weight_of_group) }} as allocation_remainder
            from (
                select
                    united.*,
                    {{ whole_units('abs(' ~ amount ~ ')', 'allocation_unit') }} as allocation_units,
                    {{ whole_units('case when max(' ~ weight ~ ') over (partition by ' ~ groups ~ ') > 0 then ' ~ weight ~ ' else 1 end', '0.0001') }} as allocation_weight
                from (
                    select
                        {{ keys }},
                        {{ weight }},
                        {{ amount }},
                        cast(case when {{ amount }} < 0 then -1 else 1 end as decimal(1, 0)) as allocation_sign,
                        case
                            when {{ amount }} = {{ round_to_exponent(amount, exponent) }} then {{ minor_unit(exponent) }}
                            else cast(0.0001 as decimal(18, 4))
                        end as allocation_unit
                    from {{ relation }}
                ) as united
            ) as weighed
        ) as floored
    ) as ranked
{%- endmacro %}


{#- How often a unit (1, 0.1, ... 0.0001) fits into an amount, as a whole number of 128 bits: units x
    weight of a large document does not fit into 64. -#}
{% macro whole_units(amount, unit) -%}
    {{ whole_number(
        '(' ~ amount ~ ') * case ' ~ unit
        ~ ' when 1 then 1 when 0.1 then 10 when 0.01 then 100 when 0.001 then 1000 else 10000 end'
    ) }}
{%- endmacro %}

{% macro whole_number(expression) -%}
    {{ adapter.dispatch('whole_number', 'tieout')(expression) }}
{%- endmacro %}
{% macro default__whole_number(expression) -%} cast({{ expression }} as hugeint) {%- endmacro %}
{% macro spark__whole_number(expression) -%} cast({{ expression }} as decimal(19, 0)) {%- endmacro %}

{% macro whole_quotient(numerator, denominator) -%}
    {{ adapter.dispatch('whole_quotient', 'tieout')(numerator, denominator) }}
{%- endmacro %}
{% macro default__whole_quotient(numerator, denominator) -%}
    (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}
{% macro spark__whole_quotient(numerator, denominator) -%}
    (({{ numerator }}) div ({{ denominator }}))
{%- endmacro %}

{% macro whole_remainder(numerator, denominator) -%}
    (({{ numerator }}) % ({{ denominator }}))
{%- endmacro %}
