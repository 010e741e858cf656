with

source as (
    select * from {{ source('raw_einvoice', 'documents') }}
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
        source.issue_date as business_date,
        source.document_key,
        source.syntax,
        source.container,
        source.profile,
        source.ruleset,
        source.document_number,
        source.document_type_code,
        source.issue_date,
        source.due_date,
        source.currency,
        source.purchase_order,
        source.sales_order,
        source.buyer_reference,
        source.buyer_accounting_reference,
        source.preceding_invoice,
        source.payment_terms,
        source.discount_percent,
        source.discount_days,
        source.seller_name,
        source.seller_id,
        source.seller_registration,
        source.seller_vat_id,
        source.seller_endpoint,
        source.buyer_name,
        source.buyer_id,
        source.buyer_registration,
        source.buyer_vat_id,
        source.buyer_endpoint,
        source.remittance_text,
        source.payee_account,
        source.net_amount,
        source.tax_amount,
        source.gross_amount,
        source.prepaid_amount,
        source.rounding_amount,
        source.payable_amount,
        source.total_amount,
        source.fatal_count,
        source.warning_count
    from source
)

{{ record_state('renamed', ['document_key']) }}
