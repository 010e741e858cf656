{#- Where a canonical row came from: the columns that every canonical table ends with. An auditor walks
    them from a published figure to the line of the file that caused it. -#}
{% macro provenance(alias, source_object, source_id, source_updated_at=none) -%}
    {{ alias }}.entity_id,
    {{ alias }}.source_name,
    '{{ source_object }}' as source_object,
    cast({{ source_id }} as varchar) as source_id,
    {{ source_updated_at or (alias ~ '.source_updated_at') }} as source_updated_at,
    {{ alias }}.source_file,
    {{ alias }}.source_position,
    {{ alias }}.load_id,
    {{ alias }}.record_hash
{%- endmacro %}


{#- The same columns of rows that already have them. -#}
{% macro provenance_columns(alias) -%}
    {{ alias }}.entity_id,
    {{ alias }}.source_name,
    {{ alias }}.source_object,
    {{ alias }}.source_id,
    {{ alias }}.source_updated_at,
    {{ alias }}.source_file,
    {{ alias }}.source_position,
    {{ alias }}.load_id,
    {{ alias }}.record_hash
{%- endmacro %}


{#- Master data comes from a seed: its file is the source, its key the position to look at. -#}
{% macro seed_provenance(alias, seed, key, columns, entity_id='entity_id') -%}
    {{ alias }}.{{ entity_id }} as entity_id,
    'master_data' as source_name,
    '{{ seed }}' as source_object,
    cast({{ alias }}.{{ key }} as varchar) as source_id,
    {{ no_timestamp() }} as source_updated_at,
    'seeds/{{ seed }}.csv' as source_file,
    cast(row_number() over (order by {{ alias }}.{{ key }}) as bigint) as source_position,
    'seed' as load_id,
    {{ dbt.hash("concat_ws('|', " ~ prefixed(alias, columns) ~ ")") }} as record_hash
{%- endmacro %}


{#- The canonical id of a record of a source; null stays null. -#}
{% macro source_key(source_name, native_id) -%}
    {{ source_name }} || ':' || cast({{ native_id }} as varchar)
{%- endmacro %}


{#- Provenance of a part that has none of its own: it came with its order. -#}
{% macro no_provenance() -%}
    {{ no_timestamp() }} as source_updated_at,
    {{ no_text() }} as source_file,
    cast(null as bigint) as source_position,
    {{ no_text() }} as load_id,
    {{ no_text() }} as record_hash
{%- endmacro %}
