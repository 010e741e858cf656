{#- How much of the machine DuckDB may take (operations.yml, pipelines/limits.py), set before the first model;
    the settings are of the whole database, and so of every model. -#}
{% macro limits() -%}
    {{ return(adapter.dispatch('limits', 'tieout')()) }}
{%- endmacro %}

{% macro duckdb__limits() -%}
    {%- set wanted = {
        'memory_limit': env_var('TIEOUT_MEMORY_LIMIT', ''),
        'max_temp_directory_size': env_var('TIEOUT_TEMPORARY_DISK', ''),
        'threads': env_var('TIEOUT_DUCKDB_THREADS', ''),
    } -%}
    {%- for setting, value in wanted.items() if value %}
    set global {{ setting }} = '{{ value | replace("'", "''") }}';
    {%- endfor -%}
{%- endmacro %}

{% macro default__limits() -%}{%- endmacro %}
