with

source as (
    select * from {{ source('raw_csv', 'invoice_lines') }}
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
        source.invoice_date as business_date,
        source.invoice_id,
        source.line_number,
        source.description,
        source.quantity,
        source.unit_price,
        source.net_amount,
        source.tax_amount,
        source.tax_code,
        source.account_code,
        source.cost_center,
        coalesce(source.currency, 'XXX') as currency,
        source.invoice_date
    from source
)

{{ record_state('renamed', ['invoice_id', 'line_number']) }}
