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
        currency,
        business_date,
        declared_count,
        declared_amount,
        declared_by,
        _dlt_load_id
    from {{ source('raw_' ~ kind, 'control_totals') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A crashed load that was repeated declares the same cells again; added up, twice the money would be
-- declared and every other record would look lost.
numbered as (
    select
        *,
        row_number() over (
            partition by load_id, stream, currency, business_date, declared_by
            order by _dlt_load_id
        ) as delivery_number
    from delivered
)

select
    source_kind,
    source_name,
    entity_id,
    load_id,
    source_file,
    stream,
    currency,
    business_date,
    declared_count,
    cast(declared_amount as decimal(18, 4)) as declared_amount,
    declared_by
from numbered
where delivery_number = 1
