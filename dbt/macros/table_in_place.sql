{#- The materialization `table` of DuckDB, in place: the old table is dropped and the new one made in one
    transaction. The adapter's own builds beside the old table, renames both and drops one, because on other
    engines a reader would miss the table meanwhile; here readers have the published file, and a transaction
    that fails leaves the old table. Renaming and dropping took longer than most of the queries. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set old_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_python = model['language'] == 'python' -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if is_python and old_relation is not none %}
        {% do adapter.drop_relation(old_relation) %}
    {%- endif %}
    {% call statement('main', language=model['language']) -%}
        {%- if not is_python and old_relation is not none %}
        drop {{ old_relation.type }} if exists {{ old_relation }};
        {%- endif %}
        {{- create_table_as(False, target_relation, compiled_code, model['language']) }}
    {%- endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
