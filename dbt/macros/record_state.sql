{#- The one rule for late, repeated and copied records. Gives a select of `relation` with two columns
    in front: `record_state` and the version order that decided it.

    replay      the same record of the same delivery again (a load that crashed between two commits and
                was repeated). Not a record: counted nowhere.
    current     the latest version of its key; the only state that reaches the canonical tables.
    duplicate   content that a kept row already has: a file delivered twice, an unchanged order on a page.
    superseded  an older version with content of its own.

    declared = canonical + rejected + superseded + duplicate holds because every row that is not a
    replay is in exactly one of the last three states.

    relation       name of a CTE or ref, with source_name, load_id, source_file, source_position,
                   record_hash, source_updated_at and _dlt_load_id
    key_columns    the native key, without source_name
    never_current  condition of rows that are superseded from the start: a pending bank entry by the booking
                   that will come, a line of a statement or document that was replaced as a whole

    Later wins: source_updated_at, then the file's name, then the load (a file that was replaced under
    its own name), then the position in the file. -#}
{% macro record_state(relation, key_columns, never_current='false') -%}
    {%- set key = ['source_name'] + key_columns -%}
    select
        case
            when numbered.delivery_number > 1 then 'replay'
            when numbered.version_number = 1 then {% if never_current == 'false' %}'current'{% else %}case when {{ never_current }} then 'superseded' else 'current' end{% endif %}
            when numbered.copy_number > 1 then 'duplicate'
            else 'superseded'
        end as record_state,
        numbered.*
    from (
        -- Most records came once. Ordering only the others is what makes a million orders cheap.
        select
            cast(1 as bigint) as version_number,
            cast(1 as bigint) as copy_number,
            cast(1 as bigint) as delivery_number,
            {{ relation }}.*
        from {{ relation }}
        left join ({{ contested_keys(relation, key) }}) as contested on {{ same_key(relation, 'contested', key) }}
        where contested.is_contested is null
        union all
        select
            row_number() over (
                partition by {{ prefixed('delivered', key) }}, delivered.delivery_number > 1
                order by {{ latest_first() }}
            ) as version_number,
            row_number() over (
                partition by {{ prefixed('delivered', key) }}, delivered.delivery_number > 1, delivered.record_hash
                order by {{ latest_first() }}
            ) as copy_number,
            delivered.*
        from (
            select
                row_number() over (
                    partition by {{ relation }}.load_id, {{ relation }}.source_position
                    order by {{ relation }}._dlt_load_id
                ) as delivery_number,
                {{ relation }}.*
            from {{ relation }}
            inner join ({{ contested_keys(relation, key) }}) as contested on {{ same_key(relation, 'contested', key) }}
        ) as delivered
    ) as numbered
{%- endmacro %}


{#- The order of versions, latest first. -#}
{% macro latest_first() -%}
    source_updated_at desc nulls last, {{ natural_order('source_file') }} desc, source_file desc, _dlt_load_id desc, source_position desc, load_id desc
{%- endmacro %}


{#- The children of current records: rows of `relation` whose parent version is current in `parent`,
    without replays. A child belongs to one version of its parent: lines of an older version of an
    order must not be added to those of the newer. -#}
{% macro children_of_current(relation, parent, child_columns) -%}
    {%- set key = ['load_id', 'source_position'] + child_columns -%}
    select children.*
    from (
        select
            cast(1 as bigint) as delivery_number,
            {{ relation }}.*
        from {{ relation }}
        left join ({{ contested_keys(relation, key) }}) as contested on {{ same_key(relation, 'contested', key) }}
        where contested.is_contested is null
        union all
        select
            row_number() over (
                partition by {{ prefixed(relation, key) }} order by {{ relation }}._dlt_load_id
            ) as delivery_number,
            {{ relation }}.*
        from {{ relation }}
        inner join ({{ contested_keys(relation, key) }}) as contested on {{ same_key(relation, 'contested', key) }}
    ) as children
    inner join {{ parent }} as parents
        on children.load_id = parents.load_id
        and children.source_position = parents.source_position
        and parents.record_state = 'current'
    where children.delivery_number = 1
{%- endmacro %}


{#- A name as people order it: page_10 after page_9. In plain text order the ninth page of a hundred would
    be the latest version of whatever it holds. -#}
{% macro natural_order(name) -%}
    {{ adapter.dispatch('natural_order', 'tieout')(name) }}
{%- endmacro %}

{% macro duckdb__natural_order(name) -%}
    array_to_string(list_transform(
        regexp_extract_all({{ name }}, '[0-9]+|[^0-9]+'),
        lambda part: case when regexp_matches(part, '^[0-9]') then lpad(part, greatest(20, cast(length(part) as integer)), '0') else part end
    ), '')
{%- endmacro %}


{#- Keys with more than one row. Null is a key like any other, or records without a number would be lost. -#}
{% macro contested_keys(relation, key_columns) -%}
    select {{ key_columns | join(', ') }}, true as is_contested
    from {{ relation }}
    group by {{ key_columns | join(', ') }}
    having count(*) > 1
{%- endmacro %}

{% macro same_key(left_relation, right_relation, key_columns) -%}
    {%- for column in key_columns -%}
        {{ left_relation }}.{{ column }} is not distinct from {{ right_relation }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro prefixed(relation, columns) -%}
    {%- for column in columns -%}
        {{ relation }}.{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
