{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || invoice_id",
    'follows': {
        'raw_csv.invoices': "source_name || '|' || invoice_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_csv', 'invoices') }}
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
        source.updated_at as source_updated_at,
        source.invoice_date as business_date,
        source.invoice_id,
        source.invoice_number,
        source.document_type,
        source.invoice_date,
        source.due_date,
        source.updated_at,
        source.customer_id,
        source.customer_name,
        coalesce(source.currency, 'XXX') as currency,
        source.net_amount,
        source.tax_amount,
        source.total_amount,
        source.order_number,
        source.original_invoice_number,
        source.discount_percent,
        source.discount_days,
        source.status,
        source.tax_code,
        source.reference
    from source
)

{{ record_state('renamed', ['invoice_id']) }}
