with

delivered as (
    {%- for kind in source_kinds() %}
    select
        '{{ kind }}' as source_kind,
        source_name,
        entity_id,
        load_id,
        source_file,
        source_position,
        record_hash,
        stream,
        currency,
        business_date,
        amount,
        reason_code,
        field,
        value,
        expected,
        message,
        payload,
        _dlt_load_id
    from {{ source('raw_' ~ kind, 'rejects') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- One record is one reject, however many of its fields are wrong and however often it was loaded.
numbered as (
    select
        *,
        row_number() over (
            partition by load_id, stream, source_position
            order by _dlt_load_id, field, reason_code
        ) as delivery_number
    from delivered
)

select
    source_kind,
    source_name,
    entity_id,
    load_id,
    source_file,
    source_position,
    record_hash,
    stream,
    coalesce(currency, 'XXX') as currency,
    business_date,
    cast(coalesce(amount, 0) as decimal(18, 4)) as amount,
    reason_code,
    field,
    value,
    expected,
    message,
    payload
from numbered
where delivery_number = 1
