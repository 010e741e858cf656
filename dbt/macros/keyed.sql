{#- The materialization `keyed`: a table that is kept up to date key by key.

        {{ config(materialized='keyed', meta={
            'key': 'order_id',
            'follows': {'int_orders': 'order_id', 'int_shop_refunds': 'order_id'},
        }) }}

    key      SQL over the model's own columns. Rows of one key are replaced together.
    follows  parent (a keyed model, or a raw table as `raw_shopify.orders`): SQL over the parent's columns
             that gives the key of the rows here that a row there can have a part in. What it promises: the
             rows of a key here are made of the parent's rows of that key and no others. A test holds every
             model to it (tests/dbt/test_keyed_models.py). Such a parent has an alias in the model's SQL.

    looks_up (optional)  parent: [SQL over its columns, SQL over the model's own]: a parent that is joined from
             the left. Where it changed, the rows that have its value are made anew, and it is read whole. Of an
             inner join, whose rows are not here before it holds, [SQL over its columns, SQL over the columns of a
             followed parent, name of that].

    A parent that is not named is taken whole: when any row of it changed, everything here is made anew, and
    so it is when the text of the query changed (another as-of date). Either way only keys whose rows differ
    are exchanged, and only these are passed on. Forgetting a parent costs time; a wrong key would cost rows.

    What the table was made of is its comment ("keyed {...}", which publishing leaves behind), written in the same transaction as its rows; a run that was
    killed leaves both as they were. The rows that differed, as they were and as they are, are
    `changes.<model>`. Raw rows: those of later loads, when the hash over all rows that the gate after load
    has read is the earlier one plus theirs; else something was taken out or changed, and all is made anew. -#}
{% materialization keyed, adapter='duckdb', supported_languages=['sql'] %}
    {%- set old_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_kept = old_relation is not none and old_relation.type == 'table' and not should_full_refresh() -%}
    {%- set before = keyed_states([this | string])[this | string] if is_kept else {} -%}
    {%- set now = keyed_inputs() -%}
    {%- set is_same_model = var('built_by', '') != '' and before.get('text') == now.text -%}
    {%- set moved = keyed_moved(before, now) if is_same_model else none -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if is_same_model and moved is not none and moved | length == 0 -%}
        {#- Every parent is as it was. A new fingerprint of the run needs no new table. -#}
        {% call statement('main') -%} select 1 as nothing_changed {%- endcall %}
    {%- elif is_same_model -%}
        {% call statement('main') -%} {{ keyed_difference(moved) }} {%- endcall %}
        {%- set changed = run_query('select count(*) from ' ~ keyed_changes(this.name)).columns[0].values()[0] -%}
        {%- if changed -%}
            {%- do now.update({'from': before.to, 'to': invocation_id}) -%}
        {%- else -%}
            {%- do now.update({'from': before.get('from'), 'to': before.to}) -%}
        {%- endif -%}
        {% do run_query(keyed_exchange(changed, now)) %}
    {%- else -%}
        {%- do now.update({'from': none, 'to': invocation_id}) -%}
        {% call statement('main') -%}
            {%- if old_relation is not none %}
            drop {{ old_relation.type }} if exists {{ old_relation }};
            {%- endif %}
            drop table if exists {{ keyed_changes(this.name) }};
            {{ create_table_as(False, target_relation, compiled_code) }};
            {{ keyed_comment(now) }}
        {%- endcall %}
    {%- endif %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- One value per key, null included: rows without a key stand together. -#}
{% macro keyed_value(expression) -%} coalesce(cast({{ expression }} as varchar), '') {%- endmacro %}

{% macro keyed_changes(name) -%} changes."{{ name }}" {%- endmacro %}

{#- `name` or `schema.name` of a parent, as models write it in `follows`. -#}
{% macro keyed_name(parent) -%}
    {{- return(parent.source_name ~ '.' ~ parent.name if parent.resource_type == 'source' else parent.name) -}}
{%- endmacro %}

{% macro keyed_parents() -%}
    {%- set found = [] -%}
    {%- for unique_id in model.depends_on.nodes -%}
        {%- do found.append(graph.sources[unique_id] if unique_id.startswith('source.') else graph.nodes[unique_id]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro keyed_parent(name) -%}
    {%- for parent in keyed_parents() if keyed_name(parent) == name -%} {{ parent.relation_name }} {%- endfor -%}
{%- endmacro %}


{#- What the tables of these names were made of; nothing for a table that does not say. -#}
{% macro keyed_states(relation_names) -%}
    {%- set found = {} -%}
    {%- for name in relation_names -%} {%- do found.update({name: {}}) -%} {%- endfor -%}
    {%- set rows = run_query(
        "select format('\"{}\".\"{}\".\"{}\"', database_name, schema_name, table_name), comment from duckdb_tables() "
        ~ "where starts_with(comment, 'keyed ') and format('\"{}\".\"{}\".\"{}\"', database_name, schema_name, table_name) in ('"
        ~ relation_names | join("', '") ~ "')"
    ).rows if relation_names else [] -%}
    {%- for row in rows -%} {%- do found.update({row[0]: fromjson(row[1][6:], {})}) -%} {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- What the model would be made of now: its text, its query, and each parent's state. -#}
{% macro keyed_inputs() -%}
    {%- set follows = model.config.meta.get('follows', {}) -%}
    {%- set parents = keyed_parents() -%}
    {%- set text = [var('built_by', ''), model.raw_code, model.config.meta, model.columns.keys() | list] -%}
    {%- set states = keyed_states(parents | map(attribute='relation_name') | list) -%}
    {%- set now = {'text': local_md5(tojson(text)), 'query': local_md5(compiled_code), 'parents': {}} -%}
    {%- set whole = [] -%}
    {%- for parent in parents -%}
        {%- set state = states[parent.relation_name] -%}
        {%- if keyed_name(parent) in follows and parent.resource_type == 'source' -%}
            {%- do whole.append(
                "select '" ~ parent.unique_id ~ "', (select json_extract_string(parts, '$.\"content of "
                ~ parent.schema ~ "." ~ parent.identifier ~ "\"') from runs.completed_steps where step = 'checks__after_load'), "
                ~ "max(_dlt_load_id) from " ~ parent.relation_name
            ) -%}
        {%- elif state.to -%}
            {%- do now.parents.update({parent.unique_id: {'from': state.get('from'), 'to': state.to}}) -%}
        {%- else -%}
            {%- do whole.append(
                "select '" ~ parent.unique_id ~ "', concat(count(*), ' ', sum(hash(rows_of_it)::hugeint)), null from "
                ~ parent.relation_name ~ " as rows_of_it"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for row in (run_query(whole | join(' union all ')).rows if whole and var('built_by', '') else []) -%}
        {%- do now.parents.update({row[0]: {'to': row[1], 'last': row[2]}}) -%}
    {%- endfor -%}
    {{ return(now) }}
{%- endmacro %}


{#- Names of the followed parents that have moved since `before`; none when everything has to be made anew. -#}
{% macro keyed_moved(before, now) -%}
    {%- set follows = model.config.meta.get('follows', {}) -%}
    {%- set moved = [] -%}
    {%- if before.query != now.query -%} {{ return(none) }} {%- endif -%}
    {%- for parent in keyed_parents() -%}
        {%- set is_now = now.parents.get(parent.unique_id, {}) -%}
        {%- set was = before.parents.get(parent.unique_id, {}) -%}
        {%- if not is_now.to or not was.to -%} {{ return(none) }} {%- endif -%}
        {%- if is_now.to != was.to -%}
            {%- set name = keyed_name(parent) -%}
            {%- if name not in follows and name not in model.config.meta.get('looks_up', {}) -%} {{ return(none) }} {%- endif -%}
            {%- if parent.resource_type == 'source' -%}
                {%- if not keyed_is_appended(parent, was, is_now) -%} {{ return(none) }} {%- endif -%}
                {%- do moved.append({'name': name, 'rows': "(select * from " ~ parent.relation_name ~ " where _dlt_load_id > '" ~ was.last ~ "')"}) -%}
            {%- elif is_now.get('from') == was.to -%}
                {%- do moved.append({'name': name, 'rows': keyed_changes(parent.name)}) -%}
            {%- else -%}
                {{ return(none) }}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(moved) }}
{%- endmacro %}


{#- Whether a raw table is what it was and rows of later loads: count and sum of hashes of all rows, as the gate
    has read them, are those of then plus those of the later rows. -#}
{% macro keyed_is_appended(parent, was, is_now) -%}
    {%- if not was.last -%} {{ return(false) }} {%- endif -%}
    {%- set total = "regexp_extract_all('" ~ is_now.to ~ "', '[0-9]+')" -%}
    {%- set earlier = "regexp_extract_all('" ~ was.to ~ "', '[0-9]+')" -%}
    {%- set row = run_query(
        "select coalesce(count(*) = " ~ total ~ "[1]::hugeint - " ~ earlier ~ "[1]::hugeint and sum(hash(content)::hugeint) = "
        ~ total ~ "[2]::hugeint - " ~ earlier ~ "[2]::hugeint, false) from " ~ parent.relation_name
        ~ " as content where _dlt_load_id > '" ~ was.last ~ "'"
    ).rows[0] -%}
    {{ return(row[0]) }}
{%- endmacro %}


{#- The model's query over the rows of its followed parents whose key is in `keys` (SQL of a one-column query). -#}
{% macro keyed_query(query, keys) -%}
    {%- set restricted = namespace(query=query) -%}
    {%- for parent in keyed_parents() -%}
        {%- set expression = model.config.meta.get('follows', {}).get(keyed_name(parent)) -%}
        {%- if expression -%}
            {%- set some = "(select * from " ~ parent.relation_name ~ " where " ~ keyed_value(expression) ~ " in (" ~ keys ~ "))" -%}
            {%- set restricted.query = restricted.query | replace(parent.relation_name, some) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(restricted.query) }}
{%- endmacro %}


{#- Make the rows of the keys that moved (all, when it is not known which) and keep in `changes` those that
    differ from the table's, of both sides. -#}
{% macro keyed_difference(moved) -%}
    {%- set key = keyed_value(model.config.meta.key) -%}
    {%- set follows = model.config.meta.get('follows', {}) -%}
    {%- set some = '' if moved is none else ' where ' ~ key ~ ' in (select key from changed_keys)' -%}
    {%- if moved is not none %}
    create or replace temp table changed_keys as
        {%- for parent in moved %}
        {%- if parent.name in follows %}
        select {{ keyed_value(follows[parent.name]) }} as key from {{ parent.rows }}
        {%- else %}
        {%- set looked_up = model.config.meta.looks_up[parent.name] %}
        {%- set is_via = looked_up | length > 2 %}
        select {{ keyed_value(follows[looked_up[2]]) if is_via else key }} as key
        from {{ keyed_parent(looked_up[2]) if is_via else this }}
        where {{ keyed_value(looked_up[1]) }} in (select {{ keyed_value(looked_up[0]) }} from {{ parent.rows }})
        {%- endif %}
        {%- if not loop.last %}
        union
        {%- endif %}
        {%- endfor %};
    {%- endif %}
    create or replace temp table built as select * from {{ this }} limit 0;
    insert into built by name
        select * from ({{ compiled_code if moved is none else keyed_query(compiled_code, 'select key from changed_keys') }}
        ) as rebuilt{{ some }};
    create or replace table {{ keyed_changes(this.name) }} as
        with differing as (
            select row_hash
            from (
                select hash(built) as row_hash, 1 as side from built
                union all
                select hash(kept), -1 from {{ this }} as kept{{ some }}
            )
            group by row_hash
            having sum(side) <> 0
        )
        select * from built where hash(built) in (select row_hash from differing)
        union all
        select * from {{ this }} as kept{{ some or ' where true' }} and hash(kept) in (select row_hash from differing);
{%- endmacro %}


{% macro keyed_exchange(changed, state) -%}
    {%- set is_changed = keyed_value(model.config.meta.key) ~ ' in (select ' ~ keyed_value(model.config.meta.key) ~ ' from ' ~ keyed_changes(this.name) ~ ')' -%}
    {%- if changed %}
    delete from {{ this }} where {{ is_changed }};
    insert into {{ this }} by name select * from built where {{ is_changed }};
    {%- endif %}
    drop table built;
    {{ keyed_comment(state) }}
{%- endmacro %}

{% macro keyed_comment(state) -%}
    comment on table {{ this }} is 'keyed {{ tojson(state) | replace("'", "''") }}'
{%- endmacro %}


{#- On Spark, whose tables have no transactions over several statements, such a model is a table. -#}
{% materialization keyed, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}
