with

source as (
    select * from {{ source('raw_csv', 'bills') }}
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
        source.bill_date as business_date,
        source.bill_id,
        source.bill_number,
        source.document_type,
        source.bill_date,
        source.due_date,
        source.updated_at,
        source.vendor_id,
        source.vendor_name,
        source.vendor_account,
        coalesce(source.currency, 'XXX') as currency,
        source.net_amount,
        source.tax_amount,
        source.total_amount,
        source.purchase_order,
        source.discount_percent,
        source.discount_days,
        source.status,
        source.tax_code
    from source
)

{{ record_state('renamed', ['bill_id']) }}
