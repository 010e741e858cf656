{#- One row per element of a list of structs: `from matches {{ each_of('allocations', 'allocation') }}`. -#}
{% macro each_of(list_column, alias) -%}
    {{ return(adapter.dispatch('each_of', 'tieout')(list_column, alias)) }}
{%- endmacro %}

{% macro duckdb__each_of(list_column, alias) -%}
    cross join unnest({{ list_column }}) as elements_of_{{ alias }}({{ alias }})
{%- endmacro %}

{% macro spark__each_of(list_column, alias) -%}
    lateral view explode({{ list_column }}) elements_of_{{ alias }} as {{ alias }}
{%- endmacro %}
