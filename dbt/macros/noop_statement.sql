{#- Overrides dbt's own, for seeds: dbt writes the statement that it ran to
    <target>/run/<project>/<path of the file>, and when the seeds folder is an absolute path that is
    the seed file itself: the CSV of master data would be overwritten by SQL. So seeds write nothing. -#}
{% macro noop_statement(name=None, message=None, code=None, rows_affected=None, res=None) -%}
    {%- set sql = caller() -%}
    {%- if name == 'main' and model.resource_type != 'seed' -%}
        {{ write(sql) }}
    {%- endif -%}
    {%- if name is not none -%}
        {{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}
    {%- endif -%}
{%- endmacro %}
