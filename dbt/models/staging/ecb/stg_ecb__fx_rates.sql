with

source as (
    select * from {{ source('raw_ecb', 'fx_rates') }}
),

renamed as (
    select
        source.source_name,
        source.entity_id,
        source.load_id,
        source.source_file,
        source.source_position,
        source.record_hash,
        source._dlt_load_id,
        {{ no_timestamp() }} as source_updated_at,
        source.rate_date as business_date,
        source.rate_date,
        source.base_currency,
        source.currency,
        source.rate
    from source
)

{{ record_state('renamed', ['rate_date', 'currency']) }}
