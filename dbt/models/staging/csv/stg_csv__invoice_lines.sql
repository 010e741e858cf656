{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || invoice_id",
    'follows': {
        'raw_csv.invoice_lines': "source_name || '|' || invoice_id",
        'stg_csv__invoices': "source_name || '|' || invoice_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_csv', 'invoice_lines') }}
),

delivered as (
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
),

invoices as (
    select
        source_name,
        invoice_id,
        net_amount,
        tax_amount,
        total_amount
    from {{ ref('stg_csv__invoices') }}
    where record_state = 'current'
),

dropped as (
    {{ dropped_lines('delivered', 'invoice_id', 'coalesce(latest.net_amount, 0)', 'invoices') }}
),

renamed as (
    select
        delivered.*,
        dropped.line_number is not null as is_dropped
    from delivered
    left join dropped
        on
            delivered.source_name = dropped.source_name
            and delivered.invoice_id = dropped.invoice_id
            and delivered.line_number = dropped.line_number
)

{{ record_state('renamed', ['invoice_id', 'line_number'], never_current='numbered.is_dropped') }}
