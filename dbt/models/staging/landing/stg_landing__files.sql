with

delivered as (
    {%- for kind in source_kinds() %}
    select
        '{{ kind }}' as source_kind,
        source_name,
        entity_id,
        source_file,
        load_id,
        content_sha256,
        size_bytes,
        format,
        recognised_by,
        status,
        record_count,
        _dlt_load_id
    from {{ source('raw_' ~ kind, 'files') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

numbered as (
    select
        *,
        row_number() over (partition by load_id, source_file order by _dlt_load_id) as delivery_number
    from delivered
)

select
    source_kind,
    source_name,
    entity_id,
    source_file,
    load_id,
    content_sha256,
    size_bytes,
    format,
    recognised_by,
    status,
    record_count,
    row_number() over (partition by source_kind, source_name, source_file order by _dlt_load_id desc) = 1 as is_latest
from numbered
where delivery_number = 1
