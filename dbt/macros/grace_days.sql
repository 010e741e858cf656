{#- Days of normal delay before an exception of this type counts: from the seed, so that finance changes
    it without touching a model. None for a type that is not in the seed: compared with nothing, no item
    would ever be late. -#}
{% macro grace_days(exception_type) -%}
    coalesce((select types.grace_days from {{ ref('exception_types') }} as types where types.exception_type = '{{ exception_type }}'), 0)
{%- endmacro %}

{#- Is a date more than the type's grace days before as_of_date? A missing date is never overdue. -#}
{% macro is_past_grace(date_column, exception_type) -%}
    coalesce(
        {{ dbt.datediff(date_column, as_of_date(), 'day') }} > {{ grace_days(exception_type) }},
        false
    )
{%- endmacro %}
