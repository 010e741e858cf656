with

delivered as (
    {%- for kind in source_kinds() %}
    select
        '{{ kind }}' as source_kind,
        source_name,
        entity_id,
        load_id,
        source_file,
        stream,
        field,
        example,
        occurrences,
        _dlt_load_id
    from {{ source('raw_' ~ kind, 'schema_drift') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

numbered as (
    select
        *,
        row_number() over (partition by load_id, stream, field order by _dlt_load_id) as delivery_number
    from delivered
)

select
    source_kind,
    source_name,
    entity_id,
    load_id,
    source_file,
    stream,
    field,
    example,
    occurrences
from numbered
where delivery_number = 1
